"""Performs the effects of an exchange on an asyncio event loop."""

import asyncio
from random import random
from time import monotonic, time

from tencentserverless._protocol.effects import KEEP, READ, Fault, Moment, Open, Sleep, Write
from tencentserverless._protocol.exchange import begin, break_off
from tencentserverless._transport.asyncio.pool import Held, Pool
from tencentserverless._transport.faults import FAMILIES, fault_of_effect
from tencentserverless.exception import ServerlessError, SettingsError

__tracebackhide__ = True  # from pytest: it shows the caller's frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Awaitable, Callable, Dict, Optional

    from tencentserverless._protocol.effects import Effect, Origin
    from tencentserverless._protocol.identity import Identity
    from tencentserverless._protocol.invoke import Invocation, InvokeResult
    from tencentserverless._transport.route import Route

    Identify = Callable[[Optional[float]], Awaitable[Identity]]


class Transport:
    """The connections of a client, at most `max_connections` in each event loop. More invocations wait for one.

    Event loops in several threads may use it at once, and one loop after another: each has a pool of its own.
    """

    def __init__(self, route: "Route", max_connections: int) -> None:
        self.route = route
        self.max_connections = max_connections
        self._pools: "Dict[asyncio.AbstractEventLoop, Pool]" = {}

    async def perform(self, invocation: "Invocation", identify: "Identify") -> "InvokeResult":
        """Run one exchange to its end. `identify` returns the credentials; it is called for each attempt."""
        steps = begin(invocation, await _start(invocation, identify), monotonic)
        held = Held(self._pool_here() or await self._begin())
        try:
            effect: "Effect" = next(steps)
            while True:
                answer: "Any" = None
                try:
                    if effect is READ:
                        answer = await held.connection.read()  # type: ignore[union-attr]
                    elif type(effect) is Write:
                        await held.write(effect.data)
                    elif type(effect) is Open:
                        await held.open(effect.origin, effect.deadline, effect.fresh)
                    elif type(effect) is Sleep:
                        answer = await _rest(effect, identify)
                    elif effect is KEEP:
                        held.keep()
                    else:
                        held.drop()
                except (Fault, ServerlessError) as fault:
                    effect = steps.throw(fault)
                except FAMILIES as error:
                    effect = steps.throw(fault_of_effect(effect, error))
                else:
                    effect = steps.send(answer)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        except BaseException as error:
            answer = None  # a wrong server may have sent the request back, with the token in it
            break_off(steps, error)
            raise
        finally:
            held.end()

    async def close(self) -> None:
        """Close the idle connections, those of other event loops too. The transport can still be used."""
        running = asyncio._get_running_loop()
        here = None if running is None else self._pools.pop(running, None)
        for loop in list(self._pools):
            self._close_elsewhere(loop)
        if here is not None and not here.is_inherited:
            await here.close()

    def close_idle(self) -> None:
        """Close the idle connections of the running event loop. Connections in use stay open."""
        pool = self._pool_here()
        if pool is not None:
            pool.close_idle()

    async def open_ahead(self, origin: "Origin") -> None:
        """Make an idle connection to `origin`, if there is none.

        If that fails, the next exchange tries again and says what is wrong.
        """
        if asyncio._get_running_loop() is not None:
            pool = self._pool_here() or await self._begin()
            await pool.open_ahead(origin)

    def _close_elsewhere(self, loop: "asyncio.AbstractEventLoop") -> None:
        pool = self._pools.pop(loop, None)
        if pool is None or pool.is_inherited:
            return
        try:
            loop.call_soon_threadsafe(pool.close_now)
        except RuntimeError:  # that loop is closed, so nothing else uses the pool
            pool.close_now()

    def _pool_here(self) -> "Optional[Pool]":
        """The pool of the running event loop, if there is one that can be used."""
        running = asyncio._get_running_loop()
        pool = None if running is None else self._pools.get(running)
        return None if pool is None or pool.is_closed or pool.is_inherited else pool

    async def _begin(self) -> Pool:
        """Make the pool of this event loop, which is used for the first time. The pools of loops that have ended go."""
        for loop, other in list(self._pools.items()):
            if loop.is_closed() or other.is_closed or other.is_inherited:
                self._close_elsewhere(loop)
        here = running_loop()
        pool = self._pools[here] = Pool(here, self.route, self.max_connections)
        await pool.begin()
        return pool


def running_loop() -> "asyncio.AbstractEventLoop":
    """The event loop of asyncio that runs here. Raises SettingsError if there is none, before anything is made."""
    loop = asyncio._get_running_loop()
    if loop is None:
        message = (
            "AsyncClient needs a running event loop of asyncio, and there is none here: with trio or curio, call the "
            "blocking client, tencentserverless.scf.Client, on a thread"
        )
        raise SettingsError("ClientParamsError", message)
    return loop


async def _start(invocation: "Invocation", identify: "Identify") -> Moment:
    """The moment of the first attempt. The deadline covers the time that the credentials take."""
    now = monotonic()
    deadline = None if invocation.timeout is None else now + invocation.timeout
    try:
        running_loop()
        identity = await identify(deadline)
    except ServerlessError as error:
        invocation.named(error)
        raise
    return Moment(now, time(), identity)


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
