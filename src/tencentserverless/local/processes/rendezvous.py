"""Rendezvous for workers that cannot inherit sockets (Windows): they connect back, with a one-time token.

Any program of this machine can connect to a port on loopback. One that does not know the token is sent away, and one
that says nothing keeps nobody waiting.
"""

import asyncio
import hmac
import secrets
import socket
from contextlib import ExitStack, suppress
from typing import NamedTuple

from tencentserverless.local.eventloop.background import BackgroundTasks
from tencentserverless.local.model.options import ADDRESS

_MOST_BYTES = 100  # of what a worker says


class Guest(NamedTuple):
    """The worker's connection, which does not block, and the id that its process has for itself."""

    channel: socket.socket
    pid: int


class Rendezvous:
    """Listens for one worker from when it is made on, on the event loop, until `close`. Raises OSError."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._token = secrets.token_hex(16).encode()
        self._greetings = BackgroundTasks()
        self.guest: asyncio.Future[Guest] = self._loop.create_future()
        self._listening = socket.create_server((ADDRESS, 0))
        self._listening.setblocking(False)
        self._loop.add_reader(self._listening, self._accept)

    @property
    def invitation(self) -> bytes:
        """What the worker is told, by a way that nobody else can read."""
        return b"%d %b\n" % (self._listening.getsockname()[1], self._token)

    def close(self) -> None:
        """Send away who has not said the token. May be called again."""
        if self._listening.fileno() >= 0:
            self._loop.remove_reader(self._listening)
            self._listening.close()
        self._greetings.cancel()

    def part(self) -> None:
        """Close the connection of who has come."""
        if self.guest.done():
            self.guest.result().channel.close()

    def _accept(self) -> None:
        with suppress(OSError):  # who left again before we looked
            connection, _ = self._listening.accept()
            self._greetings.start(self._greet(connection))

    async def _greet(self, connection: socket.socket) -> None:
        with ExitStack() as leaving, suppress(OSError, ValueError):
            leaving.callback(connection.close)
            connection.setblocking(False)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            token, _, pid = (await self._line(connection)).partition(b" ")
            if hmac.compare_digest(token, self._token) and not self.guest.done():
                self.guest.set_result(Guest(connection, int(pid)))
                leaving.pop_all()

    async def _line(self, connection: socket.socket) -> bytes:
        """What comes up to the end of the line; less where it ends before, or is too much."""
        line = b""
        while not line.endswith(b"\n") and len(line) < _MOST_BYTES:
            part = await self._loop.sock_recv(connection, _MOST_BYTES)
            if not part:
                break
            line += part
        return line
