"""The socket options of every connection."""

import socket

from tencentserverless._transport.faults import quietly

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Seconds until the first probe, seconds between probes, number of probes. macOS has another name for the first one.
_KEEP_ALIVE = ((("TCP_KEEPIDLE", "TCP_KEEPALIVE"), 30), (("TCP_KEEPINTVL",), 10), (("TCP_KEEPCNT",), 3))


def set_options(sock: "Any") -> None:
    """Send without delay, and let the kernel notice within a minute that the other side is gone.

    A system or a socket that does not have one of the options works without it.
    """
    quietly(sock.setsockopt, socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    quietly(sock.setsockopt, socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for names, value in _KEEP_ALIVE:
        option = next((getattr(socket, name) for name in names if hasattr(socket, name)), None)
        if option is not None:
            quietly(sock.setsockopt, socket.IPPROTO_TCP, option, value)
