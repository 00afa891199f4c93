"""Performs the effects of an exchange with sockets, for any number of threads."""

import atexit
import os
import time as clock
from _weakref import ref  # the module `weakref` takes a millisecond to import
from time import monotonic, time

from tencentserverless._forks import in_each_child, no_fork
from tencentserverless._protocol.effects import KEEP, READ, Fault, Moment, Open, Sleep, Write
from tencentserverless._protocol.exchange import begin, break_off
from tencentserverless._transport.blocking.pool import Held, Pool
from tencentserverless._transport.faults import FAMILIES, fault_of_effect
from tencentserverless._transport.route import Route
from tencentserverless.exception import ServerlessError

__tracebackhide__ = True  # from pytest: it shows the caller's frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Optional, Set, Tuple

    from tencentserverless._protocol.effects import Effect, Origin
    from tencentserverless._protocol.identity import Identity
    from tencentserverless._protocol.invoke import Invocation, InvokeResult


class Transport:
    """The connections of clients, at most `max_connections`. More invocations wait for one within their deadline.

    Safe for threads. A child process has a pool of its own: the connections that it inherited belong to its parent.
    """

    def __init__(self, route: "Route", max_connections: int) -> None:
        self.route = route
        self.max_connections = max_connections
        self._pools: "Dict[int, Pool]" = {}  # by process, and so without a lock that a child could inherit locked
        _alive.add(ref(self, _alive.discard))

    def __repr__(self) -> str:
        pool = self.pool
        return f"<{len(pool.places)} connections, {len(pool.idle)} of them idle, at most {self.max_connections}>"

    def perform(self, invocation: "Invocation", identify: "Callable[[Optional[float]], Identity]") -> "InvokeResult":
        """Run one exchange to its end. `identify` returns the credentials; it is called for each attempt."""
        steps = begin(invocation, _start(invocation, identify), monotonic)
        held = Held(self.pool)
        try:
            effect: "Effect" = next(steps)
            while True:
                answer: "Any" = None
                try:
                    if effect is READ:
                        answer = held.connection.read()  # type: ignore[union-attr]
                    elif type(effect) is Write:
                        held.connection.write(effect.data)  # type: ignore[union-attr]
                    elif type(effect) is Open:
                        held.open(effect.origin, effect.deadline, effect.fresh)
                    elif type(effect) is Sleep:
                        answer = _rest(effect, identify)
                    elif effect is KEEP:
                        held.keep()
                    else:
                        held.close()
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
            held.close()

    def close(self) -> None:
        """Close the idle connections now, and each connection in use when its exchange ends."""
        self.pool.close()

    def close_idle(self) -> None:
        """Close the idle connections. Connections in use stay open, and new exchanges make new connections."""
        self.pool.close_idle()

    def open_ahead(self, origin: "Origin") -> None:
        """Make an idle connection to `origin` on another thread, if there is none.

        If that fails, the next exchange tries again and says what is wrong.
        """
        self.pool.open_ahead(origin)

    @property
    def pool(self) -> Pool:
        """The pool of this process."""
        process = os.getpid()
        pool = self._pools.get(process)
        return self._begin(process) if pool is None else pool

    def _begin(self, process: int) -> Pool:
        pool = self._pools.setdefault(process, Pool(self.route, self.max_connections))
        self.close_inherited(process)
        return pool

    def close_inherited(self, process: int) -> None:
        """Close the descriptors that `process` has of idle connections of its parent, which stay open there."""
        for other in list(self._pools):
            inherited = None if other == process else self._pools.pop(other, None)
            if inherited is not None:
                inherited.close_idle()


_alive: "Set[ref[Transport]]" = set()


def _close_inherited() -> None:
    """To be called in a child process before its own code. A daemon closes every descriptor and opens files, which get
    the same numbers: to close a connection later would close such a file."""
    for found in list(_alive):
        transport = found()
        if transport is not None:
            transport.close_inherited(os.getpid())


in_each_child(_close_inherited)


_shared: "Dict[Tuple[Optional[str], float, int], Transport]" = {}


def shared_transport(ca_file: "Optional[str]", connect_timeout: float, max_connections: int) -> Transport:
    """The transport of these settings. All clients of this process that have them share its connections."""
    key = (ca_file, connect_timeout, max_connections)
    transport = _shared.get(key)
    if transport is None:
        transport = _shared.setdefault(key, Transport(Route(ca_file, connect_timeout), max_connections))
    return transport


@atexit.register
def _close_shared() -> None:
    for transport in list(_shared.values()):
        transport.close()


def _start(invocation: "Invocation", identify: "Callable[[Optional[float]], Identity]") -> Moment:
    """The moment of the first attempt. The deadline covers the time that the credentials take."""
    now = monotonic()
    deadline = None if invocation.timeout is None else now + invocation.timeout
    try:
        identity = identify(deadline)
    except ServerlessError as error:
        invocation.named(error)
        raise
    return Moment(now, time(), identity)


def _rest(effect: Sleep, identify: "Callable[[Optional[float]], Identity]") -> Moment:
    """Wait a random part of the longest delay, so that clients which failed together do not return together."""
    if effect.most > 0:
        delay = _chance() * effect.most
        if effect.deadline is not None:
            delay = min(delay, effect.deadline - monotonic())
        clock.sleep(max(0.0, delay))
    identity = identify(effect.deadline)
    return Moment(monotonic(), time(), identity)


def _chance() -> float:
    try:
        with no_fork:
            from random import random  # takes 3 ms, and only a failure needs it
    except ImportError:  # at the end of the interpreter nothing can be imported any more
        return 0.5
    return random()
