"""Additions to asyncio. They import no other part of the local endpoint."""
