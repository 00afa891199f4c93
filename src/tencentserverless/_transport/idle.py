"""The idle kept-alive connections: which one is used next, and which has been idle for too long. Bookkeeping only."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Tuple

    Entry = Tuple[Any, float, float]  # connection, and when it became idle on both clocks

_NOTHING: "Entry" = (None, -1e9, 0.0)  # older than any connection

MOST_IDLE = 50.0  # seconds; load balancers forget a silent connection after 60


class Idle:
    """Idle connections by origin, last in, first out: the connection used last is the least likely to be closed.

    Idle time is measured on both clocks, because the monotonic clock stops while a machine is suspended. There is no
    lock: single operations on a list are atomic, and no thread relies on two of them belonging together.
    """

    def __init__(self, most_idle: float = MOST_IDLE) -> None:
        self.most_idle = most_idle
        self._by_origin: "Dict[Any, List[Entry]]" = {}

    def __len__(self) -> int:
        return sum(len(entries) for entries in list(self._by_origin.values()))

    def put(self, origin: "Any", connection: "Any", now: float, wall: float) -> "Any":
        """Keep `connection`. Returns a connection that has been idle for too long, to be closed, or None."""
        entries = self._by_origin.get(origin)
        if entries is None:
            entries = self._by_origin.setdefault(origin, [])
        entries.append((connection, now, wall))
        try:
            return None if now - entries[0][1] < self.most_idle else entries.pop(0)[0]
        except IndexError:  # another thread was quicker
            return None

    def take(self, holder: "Any", origin: "Any", now: float, wall: float) -> bool:
        """Make the connection of `origin` used last `holder.connection`, or None if there is none.

        Returns whether it is young enough. It changes hands in one step, so that nothing can come in between.
        """
        entries = self._by_origin.get(origin)
        try:
            holder.connection, since, wall_since = entries.pop() if entries else _NOTHING
        except IndexError:  # another thread was quicker
            return False
        return now - since < self.most_idle and -1.0 < wall - wall_since < self.most_idle

    def discard(self, connection: "Any") -> None:
        """Forget `connection` if it is idle. Not for connections that threads share."""
        for entries in self._by_origin.values():
            entries[:] = [entry for entry in entries if entry[0] is not connection]

    def take_old(self, now: float) -> "List[Any]":
        """The connections of all origins that have been idle for too long, to be closed. Origins without any are
        forgotten: a program that has a proxy address for each session has very many."""
        old = []
        for origin, entries in list(self._by_origin.items()):
            try:
                while entries and now - entries[0][1] >= self.most_idle:
                    old.append(entries.pop(0)[0])
            except IndexError:  # another thread was quicker
                pass
            if not entries:
                self._by_origin.pop(origin, None)
        return old

    def take_any(self) -> "Any":
        """The connection that has been idle longest, of any origin, to be closed; None if there is none."""
        for entries in sorted(filter(None, list(self._by_origin.values())), key=lambda entries: entries[0][1]):
            try:
                return entries.pop(0)[0]
            except IndexError:
                continue
        return None
