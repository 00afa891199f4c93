"""Accepts connections on a port.

`asyncio.Server` calls nothing of ours before a TLS handshake has ended. Here a connection counts from `accept` on.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from tencentserverless.local.eventloop.background import BackgroundTasks

BACKLOG = 512
ACCEPTED_AT_ONCE = 64  # then other work has its turn
PAUSE_SECONDS = 0.1
HANDSHAKE_SECONDS = 5.0

_log = logging.getLogger(__name__)


class Site(Protocol):
    """What connections belong to. opening: how many are not open yet, because their TLS handshake has not ended."""

    def connected(self) -> asyncio.BaseProtocol:
        """Return the protocol for a new connection."""

    def admits(self, port: int, opening: int) -> bool:
        """Whether the port may have one more connection. If not, it is closed."""

    def has_room(self, opening: int) -> bool:
        """Whether one more connection is possible. If not, it waits."""

    def make_room(self) -> None:
        """Close a connection that is idle, if there is one."""


class Listener:
    """Accepts connections on one socket until `close`.

    site: the server to which the connections belong.
    """

    def __init__(self, bound: socket.socket, site: Callable[[], Site], context: ssl.SSLContext | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        self._bound = bound
        self._port = int(bound.getsockname()[1])
        self._site = site
        self._context = context
        self._opening = BackgroundTasks()
        self._has_complained = False
        bound.setblocking(False)
        bound.listen(BACKLOG)
        self._listen()

    def close(self) -> None:
        """Stop listening, and close the connections that are not open yet."""
        self._loop.remove_reader(self._bound)
        self._bound.close()
        self._opening.cancel()

    def _listen(self) -> None:
        if self._bound.fileno() >= 0:
            self._loop.add_reader(self._bound, self._accept_all)

    def _accept_all(self) -> None:
        try:
            for _ in range(ACCEPTED_AT_ONCE):
                if not self._site().has_room(len(self._opening)):
                    self._pause()
                    return
                connection, _ = self._bound.accept()
                self._open(connection)
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            pass
        except OSError as error:  # no descriptor is left
            if not self._has_complained:
                self._has_complained = True
                with suppress(Exception):  # a handler of the user raises
                    _log.warning("the local endpoint cannot accept another connection now: %s", error)
            self._site().make_room()
            self._pause()

    def _pause(self) -> None:
        """Let new connections wait: each would wake us again at once."""
        self._loop.remove_reader(self._bound)
        self._loop.call_later(PAUSE_SECONDS, self._listen)

    def _open(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        if self._site().admits(self._port, len(self._opening)):
            self._opening.start(self._shake_hands(connection))
        else:
            connection.close()

    async def _shake_hands(self, connection: socket.socket) -> None:
        patience = None if self._context is None else HANDSHAKE_SECONDS
        try:
            await self._loop.connect_accepted_socket(
                self._site().connected, connection, ssl=self._context, ssl_handshake_timeout=patience
            )
        except OSError:  # the client has left, does not speak TLS, or is too slow
            connection.close()
