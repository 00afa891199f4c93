"""The connections of one event loop, and how an exchange comes by one of them."""

import asyncio
import os
import sys
from time import monotonic, time

from tencentserverless._protocol.effects import Fault
from tencentserverless._signals import pass_on
from tencentserverless._transport.asyncio.connect import connect
from tencentserverless._transport.asyncio.connection import Connection
from tencentserverless._transport.asyncio.places import Places
from tencentserverless._transport.faults import FAMILIES, quietly
from tencentserverless._transport.idle import Idle

__tracebackhide__ = True  # from pytest: it shows the caller's frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import AsyncGenerator, Dict, Optional

    from tencentserverless._protocol.effects import Origin
    from tencentserverless._transport.route import Route

_IS_WINDOWS = sys.platform == "win32"


class Pool:
    """The connections of one event loop. Each is idle, or held by one exchange, or closed.

    Only the thread of the event loop uses it, but for `has_ended`.
    """

    def __init__(self, loop: "asyncio.AbstractEventLoop", route: "Route", max_connections: int) -> None:
        self.loop = loop
        self.route = route
        self.places = Places(loop, max_connections)
        self.idle = Idle()
        self.exchanges = 0  # in progress
        self.is_closed = False
        self._process = os.getpid()
        self._ahead: "Dict[Origin, asyncio.Future[None]]" = {}  # done when the connection is made
        self._ending: "Optional[AsyncGenerator[None, None]]" = None

    @property
    def is_inherited(self) -> bool:
        """Whether it belongs to the parent process."""
        return os.getpid() != self._process

    async def begin(self) -> None:
        """Arrange that the pool is closed at the end of the event loop.

        `asyncio.run` shuts down the loop's asynchronous generators at its end. So one is started that closes the pool.
        """
        ending = self._until_the_end()
        try:
            await ending.asend(None)
            self._ending = ending
        except FAMILIES as error:  # an event loop without such an end
            pass_on(error)

    async def _until_the_end(self) -> "AsyncGenerator[None, None]":
        try:
            yield
        finally:
            self.close_now()
            await asyncio.sleep(0)  # the loop closes the sockets in its next round

    async def close(self) -> None:
        if self._ending is None:
            self.close_now()
        else:
            await self._ending.aclose()

    def close_now(self) -> None:
        """Close the idle connections now, and each connection in use when its exchange ends."""
        self.is_closed = True
        self.close_idle()

    def close_idle(self) -> None:
        for connection in iter(self.idle.take_any, None):
            connection.close()

    async def open_ahead(self, origin: "Origin") -> None:
        """Make an idle connection to `origin`, if there is none and none is being made."""
        if origin in self._ahead:
            return
        made = self.loop.create_future()
        try:
            self._ahead[origin] = made
            await self._run_ahead(origin)
        finally:
            self._ahead.pop(origin, None)
            quietly(made.set_result, None)  # nobody can be woken in an event loop that is closed

    async def _run_ahead(self, origin: "Origin") -> None:
        held = Held(self)
        try:
            await held.open_ahead(origin)
        except (Fault,) + FAMILIES as error:  # the next exchange meets it too, and says so
            pass_on(error)
        finally:
            held.end()

    async def wait_for_ahead(self, origin: "Origin", deadline: "Optional[float]") -> bool:
        """Wait until `open_ahead` is done. False if it makes nothing for `origin`, or another exchange waits for it."""
        made = self._ahead.pop(origin, None)
        if made is None:
            return False
        await asyncio.wait([made], timeout=None if deadline is None else max(0.0, deadline - monotonic()))
        return True


class Held:
    """The connection that an exchange holds, None at first. The exchange ends with `close`, whatever happens.

    It can be broken off between any two steps. The event loop refers to every connection that is open, so none becomes
    garbage: a connection is held until it is idle or closed.
    """

    __slots__ = ("connection", "_pool")

    def __init__(self, pool: Pool) -> None:
        self.connection: "Optional[Connection]" = None
        self._pool = pool
        pool.exchanges += 1

    async def open(self, origin: "Origin", deadline: "Optional[float]", fresh: bool) -> None:
        """Take an idle connection, or make one. Waits if there is no place for another. Raises Fault."""
        self.drop()
        if _IS_WINDOWS and len(self._pool.idle):
            await asyncio.sleep(0)  # its event loop reads ahead: let it report what it has read
        while fresh or not await self._take_idle(origin):
            if not fresh and await self._pool.wait_for_ahead(origin, deadline):
                continue
            if self._take_place(origin):
                await self._connect(deadline)
                break
            await self._wait(deadline)
        self.connection.deadline = deadline  # type: ignore[union-attr]
        self.connection.is_idle = False  # type: ignore[union-attr]

    async def open_ahead(self, origin: "Origin") -> None:
        """Make an idle connection, if there is none and there is a place for one. Raises Fault."""
        if not await self._take_idle(origin) and self._take_place(origin):
            await self._connect(None)
        if self.connection is not None:
            self.lay_by()

    async def write(self, data: bytes) -> None:
        """Hand `data` to the kernel. A Fault means that the kernel did not take the last byte."""
        if self._pool.exchanges > 1:
            await asyncio.sleep(0)  # let others prepare theirs: requests sent together wake the other side up once
        connection = self.connection
        connection.write(data)  # type: ignore[union-attr]
        if connection.is_paused:  # type: ignore[union-attr]
            await connection.drain()  # type: ignore[union-attr]

    def keep(self) -> None:
        """Keep the connection for the next exchange."""
        quietly(self.connection.keep_session, self._pool.route)  # type: ignore[union-attr]
        self.lay_by()

    def lay_by(self) -> None:
        """Make the connection idle; close it if the pool is closed."""
        pool, connection = self._pool, self.connection
        if pool.is_closed:
            return self.drop()
        connection.is_idle = True  # type: ignore[union-attr]
        too_old = pool.idle.put(connection.origin, connection, monotonic(), time())  # type: ignore[union-attr]
        self.connection = None
        if too_old is not None:
            too_old.close()
        pool.places.wake_one()
        return None

    def drop(self) -> None:
        """Close the connection, which `keep` may have made idle before it was broken off."""
        if self.connection is not None:
            self.connection.close()
            self._pool.idle.discard(self.connection)
            self.connection = None

    def end(self) -> None:
        self._pool.exchanges -= 1
        self.drop()

    async def _take_idle(self, origin: "Origin") -> bool:
        idle = self._pool.idle
        while True:
            is_young = idle.take(self, origin, monotonic(), time())
            if self.connection is None:
                return False
            if is_young and (self.connection.is_quiet() or await self.connection.settle()):
                return True
            self.drop()

    def _take_place(self, origin: "Origin") -> bool:
        """Make a connection, not connected yet, if there is a place for it. An idle one of any origin gives way."""
        pool = self._pool
        for old in pool.idle.take_old(monotonic()):
            old.close()
        other = None if pool.places.has_room else pool.idle.take_any()
        if other is not None:
            other.close()
        if not pool.places.has_room:
            return False
        self.connection = Connection(pool.loop, origin, pool.places)
        pool.places.take(self.connection)
        return True

    async def _connect(self, deadline: "Optional[float]") -> None:
        try:
            await connect(self._pool.loop, self.connection, self._pool.route, deadline)  # type: ignore[arg-type]
        except BaseException:
            self.drop()
            raise

    async def _wait(self, deadline: "Optional[float]") -> None:
        """Wait until a connection may be free. Raises Fault at the deadline."""
        left = None if deadline is None else deadline - monotonic()
        if (left is not None and left <= 0) or not await self._pool.places.wait(left):
            reason = f"all {self._pool.places.most} connections are in use (max_connections)"
            raise Fault("wait", reason, deadline=True)
