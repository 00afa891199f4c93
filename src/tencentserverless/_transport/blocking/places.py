"""The places of a pool: how many connections it may have, and waiting for one."""

import threading
from _weakref import ref  # the module `weakref` takes a millisecond to import
from collections import deque

__tracebackhide__ = True  # from pytest: it shows the caller's frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Deque, Optional, Set

LONGEST_WAIT = 1.0  # seconds until a waiting thread looks again, in case that the thread woken for it was broken off


class Places:
    """The places of a pool, at most `most`. A place is a connection that is not closed, so none can be lost.

    A connection takes its place when it is made, and gives it back when it is closed or becomes garbage. There is no
    lock that finalizers, or threads that are broken off, could leave locked: single operations on a set are atomic.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._taken: "Set[ref[Any]]" = set()  # a connection that was lost is not kept alive by its place
        self._waiting: "Deque[Any]" = deque()  # a locked lock for each waiting thread

    def __len__(self) -> int:
        self._forget_lost()
        return len(self._taken)

    def _forget_lost(self) -> None:
        """Free the places of connections that became garbage and whose finalizer was broken off too."""
        for place in list(self._taken):
            if place() is None:
                self._taken.discard(place)

    def take(self, connection: "Any") -> bool:
        """Whether there was a place for `connection`, which then has it.

        If two threads take the last place at once, both give it back, find in `wait` that there is room, and try again.
        """
        if self.has_room:
            self._taken.add(ref(connection))
            if len(self._taken) <= self.most:
                return True
            self._taken.discard(ref(connection))
        return False

    @property
    def has_room(self) -> bool:
        return len(self._taken) < self.most or len(self) < self.most

    def give_back(self, connection: "Any") -> None:
        """Give back the place of `connection`, if it has one."""
        place = ref(connection)
        if place in self._taken:
            self._taken.discard(place)
            self.wake_one()

    def wake_one(self) -> None:
        """Let one waiting thread look whether it can go on."""
        try:
            if self._waiting:
                self._waiting.popleft().release()
        except IndexError:  # another thread was quicker
            pass

    def wait(self, seconds: "Optional[float]", can_go_on: "Callable[[], Any]") -> bool:
        """Wait until another thread gives something back, if `can_go_on` says no. False if `seconds` have passed.

        The waiting thread is in the queue before it looks; others give back before they look into the queue. So nothing
        is given back unseen.
        """
        is_last = seconds is not None and seconds <= LONGEST_WAIT
        mine = threading.Lock()
        mine.acquire()
        self._waiting.append(mine)
        is_woken = True
        try:
            if not can_go_on():
                is_woken = mine.acquire(True, seconds if seconds is not None and is_last else LONGEST_WAIT)
        except BaseException:
            is_woken = False
            raise
        finally:
            try:
                self._waiting.remove(mine)
            except ValueError:  # woken meanwhile
                if not is_woken:
                    self.wake_one()  # this thread does not go on, so another one may
        return is_woken or not is_last
