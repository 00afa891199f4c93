"""The connections of one process, and how an exchange comes by one of them."""

import threading
from time import monotonic, time

from tencentserverless._forks import no_fork
from tencentserverless._protocol.effects import Fault
from tencentserverless._signals import pass_on
from tencentserverless._transport.blocking.connection import Connection
from tencentserverless._transport.blocking.places import Places
from tencentserverless._transport.faults import FAMILIES, quietly
from tencentserverless._transport.idle import Idle

__tracebackhide__ = True  # from pytest: it shows the caller's frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from threading import Thread
    from typing import Dict, Optional

    from tencentserverless._protocol.effects import Origin
    from tencentserverless._transport.route import Route


class Pool:
    """The connections of one process. Each is idle, or held by one exchange, or closed."""

    def __init__(self, route: "Route", max_connections: int) -> None:
        self.route = route
        self.places = Places(max_connections)
        self.idle = Idle()
        self.is_closed = False
        self._ahead: "Dict[Origin, Thread]" = {}  # the threads that make connections ahead

    def close(self) -> None:
        """Close the idle connections now, and each connection in use when its exchange ends."""
        self.is_closed = True
        self.close_idle()

    def close_idle(self) -> None:
        for connection in iter(self.idle.take_any, None):
            connection.close()

    def open_ahead(self, origin: "Origin") -> None:
        """Make an idle connection to `origin` on another thread, if there is none and none is being made."""
        name = "tencentserverless-connect"
        try:
            thread = threading.Thread(target=self._run_ahead, args=(origin,), name=name, daemon=True)
            if self._ahead.setdefault(origin, thread) is thread:
                thread.start()
        except FAMILIES as error:  # no thread can be had: there are too many, or a subinterpreter has none
            self._ahead.pop(origin, None)
            pass_on(error)

    def _run_ahead(self, origin: "Origin") -> None:
        held = Held(self)
        try:
            held.open_ahead(origin)
        except (Fault,) + FAMILIES:  # the next exchange meets it too, and says so
            pass
        finally:
            held.close()
            self._ahead.pop(origin, None)

    def wait_for_ahead(self, origin: "Origin", deadline: "Optional[float]") -> bool:
        """Wait until `open_ahead` is done. False if it makes nothing for `origin`, or another exchange waits for it.

        What is waited for is the end of the thread. So nobody waits for one that could not begin or was broken off.
        """
        thread = self._ahead.pop(origin, None)
        if thread is None or not thread.is_alive():
            return False
        thread.join(None if deadline is None else max(0.0, deadline - monotonic()))
        return True


class Held:
    """The connection that an exchange holds, None at first. The exchange ends with `close`, whatever happens.

    It can be broken off between any two steps. So a connection is always in one pair of hands: it leaves the idle ones
    before it is held, and is not held any more before it becomes idle. In between only a local variable refers to it;
    if that is lost, the connection becomes garbage, is closed, and gives its place back.
    """

    __slots__ = ("connection", "_pool")

    def __init__(self, pool: Pool) -> None:
        self.connection: "Optional[Connection]" = None
        self._pool = pool

    def open(self, origin: "Origin", deadline: "Optional[float]", fresh: bool) -> None:
        """Take an idle connection, or make one. Waits if there is no place for another. Raises Fault."""
        self.close()
        while fresh or not self._take_idle(origin):
            if not fresh and self._pool.wait_for_ahead(origin, deadline):
                continue
            if self._take_place(origin):
                self._connect(deadline)
                break
            self._wait(deadline)
        self.connection.deadline = deadline  # type: ignore[union-attr]

    def open_ahead(self, origin: "Origin") -> None:
        """Make an idle connection, if there is none and there is a place for one. Raises Fault."""
        if not self._take_idle(origin) and self._take_place(origin):
            self._connect(None)
        if self.connection is not None:
            self.lay_by()

    def keep(self) -> None:
        """Keep the connection for the next exchange."""
        if not self.connection.session_kept:  # type: ignore[union-attr]
            quietly(self.connection.keep_session, self._pool.route)  # type: ignore[union-attr]
        self.lay_by()

    def lay_by(self) -> None:
        """Make the connection idle; close it if the pool is closed."""
        pool = self._pool
        if pool.is_closed:
            return self.close()
        connection, self.connection = self.connection, None
        too_old = pool.idle.put(connection.origin, connection, monotonic(), time())  # type: ignore[union-attr]
        if too_old is not None:
            too_old.close()
        pool.places.wake_one()
        return None

    def close(self) -> None:
        connection, self.connection = self.connection, None
        if connection is not None:
            connection.close()

    def _take_idle(self, origin: "Origin") -> bool:
        idle = self._pool.idle
        while True:
            is_young = idle.take(self, origin, monotonic(), time())
            if self.connection is None:
                return False
            if is_young and self.connection.is_quiet():
                return True
            self.close()

    def _take_place(self, origin: "Origin") -> bool:
        """Make a connection, not connected yet, if there is a place for it. An idle one of any origin gives way."""
        places, idle = self._pool.places, self._pool.idle
        for old in idle.take_old(monotonic()):
            old.close()
        self.connection = Connection(origin, places)
        if places.take(self.connection):
            return True
        other = idle.take_any()
        if other is not None:
            other.close()
            if places.take(self.connection):
                return True
        self.connection = None
        return False

    def _connect(self, deadline: "Optional[float]") -> None:
        with no_fork:
            # Loading sockets takes 3 ms, so it waits until there is something to connect to.
            from tencentserverless._transport.blocking.connect import connect

        try:
            connect(self.connection, self._pool.route, deadline)  # type: ignore[arg-type]
        except BaseException:
            self.close()
            raise

    def _wait(self, deadline: "Optional[float]") -> None:
        """Wait until a connection may be free. Raises Fault at the deadline."""
        places, idle = self._pool.places, self._pool.idle
        left = None if deadline is None else deadline - monotonic()
        if (left is not None and left <= 0) or not places.wait(left, lambda: places.has_room or len(idle)):
            reason = f"all {places.most} connections are in use (max_connections)"
            raise Fault("wait", reason, deadline=True)
