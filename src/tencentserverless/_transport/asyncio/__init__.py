"""The transport of the asyncio client: connections on an event loop."""
