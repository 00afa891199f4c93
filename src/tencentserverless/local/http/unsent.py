"""The bytes of replies that a client has not received yet."""

import asyncio
import socket
import sys
from typing import Any

if sys.platform != "win32":
    import fcntl
    import termios

_SO_NWRITE = 0x1024  # macOS; the module `socket` has no name for it
_ROOM_FOR_AN_INT = bytes(4)


def unsent_bytes(transport: asyncio.Transport) -> int:
    """The bytes that the event loop still holds, and those that the kernel holds, if the system tells their number."""
    return transport.get_write_buffer_size() + _in_kernel(transport.get_extra_info("socket"))


def _in_kernel(connection: Any) -> int:
    try:
        if connection is None or sys.platform == "win32":
            return 0
        if sys.platform == "darwin":
            return int(connection.getsockopt(socket.SOL_SOCKET, _SO_NWRITE))
        waiting = fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, _ROOM_FOR_AN_INT)  # SIOCOUTQ in tcp(7)
        return int.from_bytes(waiting, sys.byteorder)
    except (OSError, ValueError):  # it is closed
        return 0
