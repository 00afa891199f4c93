"""Ends a connection in the way of a peer that fails."""

import asyncio
import socket
import struct
import sys

# Linger for no time: the kernel drops what is unsent, and sends a reset. Windows has two numbers of 16 bits.
_AT_ONCE = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


def reset(transport: asyncio.Transport) -> None:
    """Reset a connection, unless it is closed."""
    connection = transport.get_extra_info("socket")
    if not transport.is_closing() and connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    transport.abort()
