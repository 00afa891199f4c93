"""The connections of one process, and how an exchange comes by one of them."""

from time import monotonic, time

from tencentserverless._protocol.effects import Fault
from tencentserverless._transport.blocking.connection import Connection
from tencentserverless._transport.blocking.places import Places
from tencentserverless._transport.faults import quietly
from tencentserverless._transport.idle import Idle

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional

    from tencentserverless._protocol.effects import Origin
    from tencentserverless._transport.route import Route


class Pool:
    """The connections of one process. Each is idle, or held by one exchange, or closed."""

    def __init__(self, route: "Route", max_connections: int) -> None:
        self.route = route
        self.places = Places(max_connections)
        self.idle = Idle()

    def close_idle(self) -> None:
        for connection in iter(self.idle.take_any, None):
            connection.close()


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
            if self._take_place(origin):
                self._connect(deadline)
                break
            self._wait(deadline)
        self.connection.deadline = deadline  # type: ignore[union-attr]

    def keep(self) -> None:
        """Keep the connection for the next exchange."""
        connection, self.connection = self.connection, None
        pool = self._pool
        if not connection.session_kept:  # type: ignore[union-attr]
            quietly(connection.keep_session, pool.route)  # type: ignore[union-attr]
        too_old = pool.idle.put(connection.origin, connection, monotonic(), time())  # type: ignore[union-attr]
        if too_old is not None:
            too_old.close()
        pool.places.wake_one()

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
