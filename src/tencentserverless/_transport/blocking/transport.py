"""Performs the effects of an exchange with sockets, for any number of threads."""

import atexit
import os
import threading
from time import monotonic, sleep, time

from tencentserverless._protocol.effects import KEEP, READ, Fault, Moment, Open, Sleep, Write
from tencentserverless._protocol.exchange import begin
from tencentserverless._transport.idle import Idle
from tencentserverless._transport.route import Route
from tencentserverless.exception import ServerlessError

__tracebackhide__ = True  # from pytest: it shows the caller's frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Generator, Optional, Tuple

    from tencentserverless._protocol.effects import Effect, Origin
    from tencentserverless._protocol.identity import Identity
    from tencentserverless._protocol.invoke import Invocation, InvokeResult
    from tencentserverless._transport.blocking.connection import Connection

    Exchange = Generator[Effect, Any, InvokeResult]


class Transport:
    """The connections of clients, at most `max_connections`. More invocations wait for one within their deadline.

    Safe for threads. A child process begins without connections: those it inherited belong to its parent.
    """

    def __init__(self, route: "Route", max_connections: int) -> None:
        self.route = route
        self.max_connections = max_connections
        self._begin()

    def _begin(self) -> None:
        self._process = os.getpid()
        self._is_closed = False
        self._idle = Idle()
        self._ahead: "Dict[Origin, threading.Event]" = {}
        self._open = 0
        self._waiting = 0
        self._changed = threading.Condition()

    def __repr__(self) -> str:
        return f"<{self._open} connections, {len(self._idle)} of them idle, at most {self.max_connections}>"

    def perform(self, invocation: "Invocation", identify: "Callable[[Optional[float]], Identity]") -> "InvokeResult":
        """Run one exchange to its end. `identify` returns the credentials; it is called for each attempt."""
        steps = begin(invocation, _start(invocation, identify), monotonic)
        connection: "Optional[Connection]" = None
        try:
            effect: "Effect" = next(steps)
            while True:
                answer: "Any" = None
                try:
                    if effect is READ:
                        answer = connection.read()  # type: ignore[union-attr]
                    elif type(effect) is Write:
                        connection.write(effect.data)  # type: ignore[union-attr]
                    elif type(effect) is Open:
                        if connection is not None:
                            self._drop(connection)
                            connection = None
                        connection = self._take(effect.origin, effect.deadline, effect.fresh)
                    elif type(effect) is Sleep:
                        answer = _rest(effect, identify)
                    elif effect is KEEP:
                        self._keep(connection)
                        connection = None
                    else:
                        self._drop(connection)
                        connection = None
                except (Fault, ServerlessError) as fault:
                    effect = steps.throw(fault)
                else:
                    effect = steps.send(answer)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        finally:
            if connection is not None:
                self._drop(connection)

    def close(self) -> None:
        """Close the idle connections now, and each connection in use when its exchange ends."""
        self._is_closed = True
        self.close_idle()

    def close_idle(self) -> None:
        """Close the idle connections. Connections in use stay open, and new exchanges make new connections."""
        if os.getpid() != self._process:
            self._begin_in_child()
        for connection in iter(self._idle.take_any, None):
            self._drop(connection)

    def open_ahead(self, origin: "Origin") -> None:
        """Make an idle connection to `origin` on another thread, if there is none.

        If that fails, the next exchange tries again and says what is wrong.
        """
        if os.getpid() != self._process:
            self._begin_in_child()
        ready = threading.Event()
        if self._ahead.setdefault(origin, ready) is not ready:
            return
        work = (origin, ready)
        try:
            threading.Thread(target=self._open_ahead, args=work, name="tencentserverless-connect", daemon=True).start()
        except Exception:  # no more threads can be started
            self._end_ahead(*work)

    def _open_ahead(self, origin: "Origin", ready: threading.Event) -> None:
        try:
            connection = self._take_idle(origin)
            if connection is None and self._reserve():
                connection = self._connect(origin, None)
            if connection is not None:
                self._lay_by(connection)
        except Exception:  # noqa: S110  # the next exchange meets it too, and says so
            pass
        finally:
            self._end_ahead(origin, ready)

    def _end_ahead(self, origin: "Origin", ready: threading.Event) -> None:
        self._ahead.pop(origin, None)
        ready.set()

    def _wait_for_ahead(self, origin: "Origin", deadline: "Optional[float]") -> bool:
        """Wait until `open_ahead` is done. False if it makes nothing for `origin`, or another exchange waits for it."""
        ready = self._ahead.pop(origin, None)
        if ready is None:
            return False
        ready.wait(None if deadline is None else max(0.0, deadline - monotonic()))
        return True

    def _take(self, origin: "Origin", deadline: "Optional[float]", fresh: bool) -> "Connection":
        if os.getpid() != self._process:
            self._begin_in_child()
        while True:
            connection = None if fresh else self._take_idle(origin)
            if connection is None and not fresh and self._wait_for_ahead(origin, deadline):
                continue
            if connection is None and self._reserve():
                connection = self._connect(origin, deadline)
            if connection is not None:
                connection.deadline = deadline
                return connection
            self._wait(deadline)

    def _take_idle(self, origin: "Origin") -> "Optional[Connection]":
        while True:
            connection, is_young = self._idle.take(origin, monotonic(), time())
            if connection is None:
                return None
            if is_young and connection.is_quiet():
                return connection  # type: ignore[no-any-return]
            self._drop(connection)

    def _reserve(self) -> bool:
        """Count one more connection. At the maximum, close an idle one of any origin for it; False if none is idle."""
        if self._open >= self.max_connections:
            self._drop(self._idle.take_any())
        with self._changed:
            if self._open >= self.max_connections:
                return False
            self._open += 1
            return True

    def _connect(self, origin: "Origin", deadline: "Optional[float]") -> "Connection":
        # Loading sockets takes 3 ms, so it waits until there is something to connect to.
        from tencentserverless._transport.blocking.connect import connect

        try:
            return connect(origin, self.route, deadline)
        except BaseException:
            self._give_place()
            raise

    def _wait(self, deadline: "Optional[float]") -> None:
        """Wait until a connection may be free. Raises Fault at the deadline."""
        left = None if deadline is None else deadline - monotonic()
        if left is not None and left <= 0:
            reason = f"all {self.max_connections} connections are in use (max_connections)"
            raise Fault("wait", reason, deadline=True)
        with self._changed:
            self._waiting += 1
            try:
                # `_keep` adds to the idle connections first and then reads `_waiting`; here it is the other way
                # round. So either this thread sees the idle connection, or that one notifies.
                if not len(self._idle) and self._open >= self.max_connections:
                    self._changed.wait(left)
            finally:
                self._waiting -= 1

    def _keep(self, connection: "Optional[Connection]") -> None:
        if connection is not None:
            if not connection.session_kept:
                connection.keep_session()
            self._lay_by(connection)

    def _lay_by(self, connection: "Connection") -> None:
        """Make a connection idle."""
        if self._is_closed:
            self._drop(connection)
            return
        too_old = self._idle.put(connection.origin, connection, monotonic(), time())
        if too_old is not None:
            self._drop(too_old)
        if self._waiting:
            with self._changed:
                self._changed.notify()

    def _drop(self, connection: "Optional[Connection]") -> None:
        if connection is not None:
            connection.close()
            self._give_place()

    def _give_place(self) -> None:
        with self._changed:
            self._open -= 1
            self._changed.notify()

    def _begin_in_child(self) -> None:
        with _beginning:
            if os.getpid() != self._process:
                inherited = self._idle
                self._begin()
                for connection in iter(inherited.take_any, None):
                    connection.close()  # closes the descriptor of this process; the parent's connection stays open


_beginning = threading.Lock()
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
    for transport in _shared.values():
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
        from random import random  # takes 3 ms, and only a failure needs it

        delay = random() * effect.most
        if effect.deadline is not None:
            delay = min(delay, effect.deadline - monotonic())
        sleep(max(0.0, delay))
    identity = identify(effect.deadline)
    return Moment(monotonic(), time(), identity)
