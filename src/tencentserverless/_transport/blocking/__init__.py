"""The transport of the blocking client: sockets that any number of threads share."""
