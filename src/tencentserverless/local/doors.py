"""Doors: listening ports of the instances, one each. What comes through a door was sent by its instance.

So the invocation that made a request is known whatever the client is, its language and its credentials. Beside the
plain port a door has one for TLS, to which SCF's host names lead inside the worker; it opens when the worker first
loads `ssl` and asks for the authority.
"""

import asyncio
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass, field

from tencentserverless.local.authority import Authority

ADDRESS = "127.0.0.1"
AUTHORITY_PATH = "/authority"
NOBODY = ""  # who comes through a door of this holder is named by credentials alone
_BACKLOG = 128

Serve = Callable[[], asyncio.BaseProtocol]


@dataclass(slots=True)
class Door:
    """The ports of one instance. tls_port: 0 where the SCF host names are left alone."""

    holder: str
    port: int
    tls_port: int
    listening: list[asyncio.Server] = field(default_factory=list)
    bound: socket.socket | None = None

    @property
    def url(self) -> str:
        return f"http://{ADDRESS}:{self.port}"

    def close(self) -> None:
        for server in self.listening:
            server.close()
        if self.bound is not None:
            self.bound.close()


class Doors:
    """serve: makes the protocol of a connection. tls: whether doors have a port for TLS too."""

    def __init__(self, serve: Serve, tls: bool) -> None:
        self._serve = serve
        self._tls = tls
        self._doors: dict[str, Door] = {}
        self._by_port: dict[int, Door] = {}

    async def open(self, holder: str) -> Door:
        """A new door for the instance of this id. Raises OSError."""
        plain = listener(ADDRESS, 0)
        door = Door(holder, plain.getsockname()[1], 0)
        if self._tls:
            door.bound = listener(ADDRESS, 0)
            door.tls_port = door.bound.getsockname()[1]
        door.listening.append(await asyncio.get_running_loop().create_server(self._serve, sock=plain, backlog=_BACKLOG))
        self._doors[holder] = door
        self._by_port.update(dict.fromkeys(filter(None, (door.port, door.tls_port)), door))
        return door

    async def open_tls(self, door: Door, authority: Authority) -> None:
        """Open the door's other port. Raises `AuthorityError`."""
        context = await authority.context()
        bound, door.bound = door.bound, None
        if bound is not None:
            server = await asyncio.get_running_loop().create_server(
                self._serve, sock=bound, ssl=context, backlog=_BACKLOG
            )
            door.listening.append(server)

    def at(self, port: int) -> Door | None:
        """The door that a connection to this port came through; None for the endpoint's own port."""
        return self._by_port.get(port)

    def close(self, holder: str) -> None:
        door = self._doors.pop(holder, None)
        if door is not None:
            door.close()
            for port in (door.port, door.tls_port):
                self._by_port.pop(port, None)

    def close_all(self) -> None:
        for holder in list(self._doors):
            self.close(holder)


def listener(address: str, port: int) -> socket.socket:
    """A bound socket. Raises OSError where the port is taken."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    # The protocol is named: else asyncio leaves Nagle's algorithm on, and a second answer waits 40 ms for the client.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        # Where the system picks, it must not pick a port that is bound and does not listen yet; Windows has another
        # meaning for this: that a port may be taken twice.
        if port and sys.platform != "win32":
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((address, port))
    except OSError:
        bound.close()
        raise
    return bound
