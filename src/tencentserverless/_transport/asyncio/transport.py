"""Performs the effects of an exchange on an asyncio event loop."""

import asyncio
import os
import sys
from collections import deque
from random import random
from time import monotonic, time

from tencentserverless._protocol.effects import KEEP, READ, Fault, Moment, Open, Sleep, Write
from tencentserverless._protocol.exchange import begin
from tencentserverless._transport.asyncio.connect import connect
from tencentserverless._transport.idle import Idle
from tencentserverless.exception import ServerlessError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, AsyncGenerator, Awaitable, Callable, Deque, Dict, Optional

    from tencentserverless._protocol.effects import Effect, Identity, Origin
    from tencentserverless._protocol.invoke import Invocation, InvokeResult
    from tencentserverless._transport.asyncio.connection import Connection
    from tencentserverless._transport.route import Route

    Identify = Callable[[Optional[float]], Awaitable[Identity]]

_IS_WINDOWS = sys.platform == "win32"


class Transport:
    """The connections of a client, at most `max_connections`. More invocations wait for one within their deadline.

    It can be used in one event loop after another; each has connections of its own.
    """

    def __init__(self, route: "Route", max_connections: int) -> None:
        self.route = route
        self.max_connections = max_connections
        self._pool: "Optional[_Pool]" = None

    async def perform(self, invocation: "Invocation", identify: "Identify") -> "InvokeResult":
        """Run one exchange to its end. `identify` returns the credentials; it is called for each attempt."""
        now = monotonic()  # before the credentials, because the deadline covers the time that they take
        deadline = None if invocation.timeout is None else now + invocation.timeout
        pool = await self._pool_of_this_loop()
        identity = await identify(deadline)
        steps = begin(invocation, Moment(now, time(), identity), monotonic)
        connection: "Optional[Connection]" = None
        pool.exchanges += 1
        try:
            effect: "Effect" = next(steps)
            while True:
                answer: "Any" = None
                try:
                    if effect is READ:
                        answer = await connection.read()  # type: ignore[union-attr]
                    elif type(effect) is Write:
                        await pool.send(connection, effect.data)  # type: ignore[arg-type]
                    elif type(effect) is Open:
                        pool.drop(connection)
                        connection = None
                        connection = await pool.take(effect.origin, effect.deadline, effect.fresh)
                    elif type(effect) is Sleep:
                        answer = await _rest(effect, identify)
                    elif effect is KEEP:
                        pool.keep(connection)
                        connection = None
                    else:
                        pool.drop(connection)
                        connection = None
                except (Fault, ServerlessError) as fault:
                    effect = steps.throw(fault)
                else:
                    effect = steps.send(answer)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        finally:
            pool.exchanges -= 1
            pool.drop(connection)

    async def close(self) -> None:
        """Close the idle connections. The transport can still be used; it makes new ones."""
        pool, self._pool = self._pool, None
        if pool is not None and pool.belongs_here():
            await pool.close()

    def close_idle(self) -> None:
        """Close the idle connections of the running event loop. Connections in use stay open."""
        pool = self._pool
        if pool is not None and asyncio._get_running_loop() is not None and pool.belongs_here():
            pool.close_idle()

    async def open_ahead(self, origin: "Origin") -> None:
        """Make an idle connection to `origin`, if there is none.

        If that fails, the next exchange tries again and says what is wrong.
        """
        pool = await self._pool_of_this_loop()
        await pool.open_ahead(origin)

    async def _pool_of_this_loop(self) -> "_Pool":
        pool = self._pool
        if pool is None or not pool.belongs_here():
            # The pool is of an earlier loop, or of the parent process. Its connections cannot be used here.
            pool = self._pool = _Pool(asyncio.get_event_loop(), self.route, self.max_connections)
            await pool.begin()
        return pool


class _Pool:
    """The connections of one event loop; no lock is needed, because only its thread uses them."""

    def __init__(self, loop: "asyncio.AbstractEventLoop", route: "Route", max_connections: int) -> None:
        self._loop = loop
        self._process = os.getpid()
        self._route = route
        self._max_connections = max_connections
        self.exchanges = 0  # in progress
        self._is_closed = False
        self._idle = Idle()
        self._ahead: "Dict[Origin, asyncio.Future[None]]" = {}
        self._open = 0
        self._waiters: "Deque[asyncio.Future[None]]" = deque()
        self._ending: "Optional[AsyncGenerator[None, None]]" = None

    def belongs_here(self) -> bool:
        return self._loop is asyncio.get_event_loop() and os.getpid() == self._process

    async def begin(self) -> None:
        """Arrange that the pool is closed at the end of the event loop.

        `asyncio.run` shuts down the loop's asynchronous generators at its end. So one is started that closes the pool.
        """
        self._ending = self._until_the_end()
        await self._ending.asend(None)

    async def _until_the_end(self) -> "AsyncGenerator[None, None]":
        try:
            yield
        finally:
            await self._close_idle()

    async def close(self) -> None:
        if self._ending is not None:
            await self._ending.aclose()

    async def _close_idle(self) -> None:
        self._is_closed = True  # connections in use are closed by `keep`
        self.close_idle()
        await asyncio.sleep(0)  # the loop closes the sockets in its next round

    def close_idle(self) -> None:
        for connection in iter(self._idle.take_any, None):
            self.drop(connection)

    async def open_ahead(self, origin: "Origin") -> None:
        if origin in self._ahead:
            return
        self._ahead[origin] = ready = self._loop.create_future()
        try:
            connection = self._take_idle(origin)
            if connection is None and self._reserve():
                connection = await self._connect(origin, None)
                connection.is_untried = True
            if connection is not None:
                self._lay_by(connection)
        except asyncio.CancelledError:
            raise
        except Exception:  # noqa: S110  # the next exchange meets it too, and says so
            pass
        finally:
            self._ahead.pop(origin, None)
            _wake(ready)

    async def _wait_for_ahead(self, origin: "Origin", deadline: "Optional[float]") -> bool:
        """Wait until `open_ahead` is done. False if it makes nothing for `origin`, or another exchange waits for it."""
        ready = self._ahead.pop(origin, None)
        if ready is None:
            return False
        await asyncio.wait([ready], timeout=None if deadline is None else max(0.0, deadline - monotonic()))
        return True

    async def _is_good(self, connection: "Connection") -> bool:
        """Whether a connection made ahead can be used; if not, it is dropped."""
        connection.is_untried = False
        is_good = False
        try:
            is_good = await connection.settle()
        finally:
            if not is_good:
                self.drop(connection)
        return is_good

    async def take(self, origin: "Origin", deadline: "Optional[float]", fresh: bool) -> "Connection":
        if _IS_WINDOWS and len(self._idle):
            await asyncio.sleep(0)  # its event loop reads ahead: let it report what it has read
        while True:
            connection = None if fresh else self._take_idle(origin)
            if connection is None and not fresh and await self._wait_for_ahead(origin, deadline):
                continue
            if connection is None and self._reserve():
                connection = await self._connect(origin, deadline)
            if connection is not None:
                if connection.is_untried and not await self._is_good(connection):
                    continue
                connection.deadline = deadline
                connection.is_idle = False
                return connection
            await self._wait(deadline)

    def _take_idle(self, origin: "Origin") -> "Optional[Connection]":
        while True:
            connection, is_young = self._idle.take(origin, monotonic(), time())
            if connection is None or (is_young and (connection.is_untried or connection.is_quiet())):
                return connection  # type: ignore[no-any-return]
            self.drop(connection)

    def _reserve(self) -> bool:
        if self._open >= self._max_connections:
            self.drop(self._idle.take_any())
        if self._open >= self._max_connections:
            return False
        self._open += 1
        return True

    async def _wait(self, deadline: "Optional[float]") -> None:
        """Wait until a connection may be free. Raises Fault at the deadline."""
        left = None if deadline is None else deadline - monotonic()
        if left is not None and left <= 0:
            reason = f"all {self._max_connections} connections are in use (max_connections)"
            raise Fault("wait", reason, deadline=True)
        waiter = self._loop.create_future()
        self._waiters.append(waiter)
        timer = None if left is None else self._loop.call_later(left, _wake, waiter)
        try:
            await waiter
        except BaseException:
            if waiter.done() and not waiter.cancelled():
                self._wake_one()  # this one was woken and gives up, so the free connection goes to the next
            raise
        finally:
            if timer is not None:
                timer.cancel()
            if waiter in self._waiters:
                self._waiters.remove(waiter)

    async def send(self, connection: "Connection", data: bytes) -> None:
        """Hand `data` to the kernel. A Fault means that the kernel did not take the last byte."""
        if self.exchanges > 1:
            await asyncio.sleep(0)  # let others prepare theirs: requests sent together wake the other side up once
        connection.write(data)
        if connection.is_paused:
            await connection.drain()

    def keep(self, connection: "Optional[Connection]") -> None:
        if connection is not None:
            connection.keep_session(self._route)
            self._lay_by(connection)

    def _lay_by(self, connection: "Connection") -> None:
        """Make a connection idle."""
        if self._is_closed:
            self.drop(connection)
            return
        connection.is_idle = True
        self.drop(self._idle.put(connection.origin, connection, monotonic(), time()))
        if self._waiters:
            self._wake_one()

    def drop(self, connection: "Optional[Connection]") -> None:
        if connection is not None:
            connection.close()
            self._give_place()

    def _give_place(self) -> None:
        self._open -= 1
        self._wake_one()

    def _wake_one(self) -> None:
        while self._waiters:
            if _wake(self._waiters.popleft()):
                return

    async def _connect(self, origin: "Origin", deadline: "Optional[float]") -> "Connection":
        try:
            return await connect(self._loop, origin, self._route, deadline)
        except BaseException:
            self._give_place()
            raise


def _wake(waiter: "asyncio.Future[None]") -> bool:
    if waiter.done():
        return False
    waiter.set_result(None)
    return True


async def _rest(effect: Sleep, identify: "Identify") -> Moment:
    """Wait a random part of the longest delay, so that clients which failed together do not return together."""
    if effect.most > 0:
        delay = random() * effect.most
        if effect.deadline is not None:
            delay = min(delay, effect.deadline - monotonic())
        await asyncio.sleep(max(0.0, delay))
    now = monotonic()
    identity = await identify(effect.deadline)
    return Moment(now, time(), identity)
