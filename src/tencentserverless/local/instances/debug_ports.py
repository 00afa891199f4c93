"""Ports for debuggers that stay the same. Each leads to the newest instance of its function.

In each instance debugpy listens on another port, and saved code starts a new instance. But the configuration of an
editor names one port.
"""

import asyncio
import socket
from collections.abc import Callable

from tencentserverless.local.eventloop.background import BackgroundTasks
from tencentserverless.local.model.function import Function, Key
from tencentserverless.local.model.options import ADDRESS

_READ_BYTES = 64 * 1024


class DebugPorts:
    """The ports of functions, for debuggers.

    first: the port of the function that starts first. The others get the ports after it.
    """

    def __init__(self, first: int, notify: Callable[[str], object]) -> None:
        self._next = first
        self._notify = notify
        self._ports: dict[Key, int] = {}
        self._targets: dict[Key, int] = {}
        self._bound: list[socket.socket] = []
        self._servers: list[asyncio.Server] = []
        self._tasks = BackgroundTasks()

    def lead(self, function: Function, target: int) -> int:
        """Let the port of this function lead to `target`, and return the port. If it is in use, return `target`."""
        key = function.key
        self._targets[key] = target
        if key not in self._ports:
            self._ports[key], self._next = self._next, self._next + 1
            try:
                bound = socket.create_server((ADDRESS, self._ports[key]))
            except OSError as error:
                self._notify(f"{function.name}: debug port {self._ports[key]}: {error.strerror}")
                self._ports[key] = 0
            else:
                self._bound.append(bound)
                self._tasks.start(self._listen(key, bound))
        return self._ports[key] or target

    async def stop(self) -> None:
        for server in self._servers:
            server.close()
        await self._tasks.stop()
        for bound in self._bound:  # whose servers have not begun
            bound.close()

    async def _listen(self, key: Key, bound: socket.socket) -> None:
        def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self._tasks.start(self._forward(key, reader, writer))

        self._servers.append(await asyncio.start_server(connected, sock=bound))

    async def _forward(self, key: Key, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            target_reader, target_writer = await asyncio.open_connection(ADDRESS, self._targets[key])
        except OSError:  # the instance has ended
            writer.close()
            return
        await asyncio.gather(_copy(reader, target_writer), _copy(target_reader, writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(_READ_BYTES):
            writer.write(data)
            await writer.drain()
    except OSError:  # one side has gone
        pass
    finally:
        writer.close()
