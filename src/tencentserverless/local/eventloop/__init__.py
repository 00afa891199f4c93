"""What asyncio lacks. Imports nothing else of the local endpoint."""
