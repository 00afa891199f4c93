"""The HTTP side of the endpoint: connections, requests, ports, TLS."""
