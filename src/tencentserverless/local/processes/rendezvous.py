"""Rendezvous for workers that cannot inherit sockets (Windows): they connect back with a one-time token.

Any program on this machine can connect to a port on loopback. A connection without the right token is closed. A
connection that sends nothing does not delay the others.
"""

import asyncio
import hmac
import secrets
import socket
from contextlib import ExitStack, suppress
from typing import NamedTuple

from tencentserverless.local.eventloop.background import BackgroundTasks
from tencentserverless.local.model.options import ADDRESS

_MOST_BYTES = 100  # of the line that a worker sends


class Guest(NamedTuple):
    """The worker that has connected.

    channel: a non-blocking socket. pid: the process id that it has sent. That can differ from the id of the process
    that was started: in a virtual environment on Windows, `python.exe` is a launcher that starts the interpreter.
    """

    channel: socket.socket
    pid: int


class Rendezvous:
    """A port on which one worker is waited for, on the event loop, until `close`. Raises OSError.

    `guest` is done when the worker has connected and sent the token.
    """

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
        """The line for the worker's stdin, which other processes cannot read: the port and the token."""
        return b"%d %b\n" % (self._listening.getsockname()[1], self._token)

    def close(self) -> None:
        """Stop listening, and close the connections that have not sent the token. May be called again."""
        if self._listening.fileno() >= 0:
            self._loop.remove_reader(self._listening)
            self._listening.close()
        self._greetings.cancel()

    def disconnect(self) -> None:
        """Close the worker's connection, if it has connected."""
        if self.guest.done():
            self.guest.result().channel.close()

    def _accept(self) -> None:
        with suppress(OSError):  # the connection may have ended already
            connection, _ = self._listening.accept()
            self._greetings.start(self._greet(connection))

    async def _greet(self, connection: socket.socket) -> None:
        """Wait for the token on a new connection. Closes the connection unless it is the worker's."""
        with ExitStack() as on_exit, suppress(OSError, ValueError):
            on_exit.callback(connection.close)
            connection.setblocking(False)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            token, _, pid = (await self._line(connection)).partition(b" ")
            if hmac.compare_digest(token, self._token) and not self.guest.done():
                self.guest.set_result(Guest(connection, int(pid)))
                on_exit.pop_all()  # keeps the connection open

    async def _line(self, connection: socket.socket) -> bytes:
        """The first line. It is incomplete if the connection ends before, or if the line is too long."""
        line = b""
        while not line.endswith(b"\n") and len(line) < _MOST_BYTES:
            part = await self._loop.sock_recv(connection, _MOST_BYTES)
            if not part:
                break
            line += part
        return line
