"""The places of a pool: how many connections it may have, and waiting for one."""

from collections import deque

__tracebackhide__ = True  # from pytest: it shows the caller's frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    from typing import Any, Deque, Optional, Set


class Places:
    """The places of a pool, at most `most`. A place is a connection that is not closed, so none can be lost.

    Only the thread of the event loop uses them, so there is no lock.
    """

    def __init__(self, loop: "asyncio.AbstractEventLoop", most: int) -> None:
        self.most = most
        self._loop = loop
        self._taken: "Set[Any]" = set()
        self._waiting: "Deque[asyncio.Future[bool]]" = deque()

    def __len__(self) -> int:
        return len(self._taken)

    @property
    def has_room(self) -> bool:
        return len(self._taken) < self.most

    def take(self, connection: "Any") -> None:
        self._taken.add(connection)

    def give_back(self, connection: "Any") -> None:
        """Give back the place of `connection`, if it has one."""
        if connection in self._taken:
            self._taken.discard(connection)
            self.wake_one()

    def wake_one(self) -> None:
        """Let the one that has waited longest look whether it can go on."""
        while self._waiting:
            if _wake(self._waiting.popleft(), True):
                return

    async def wait(self, seconds: "Optional[float]") -> bool:
        """Wait until something is given back. False if `seconds` have passed."""
        waiter = self._loop.create_future()
        self._waiting.append(waiter)
        timer = None if seconds is None else self._loop.call_later(seconds, _wake, waiter, False)
        try:
            return bool(await waiter)
        except BaseException:
            if waiter.done() and not waiter.cancelled():
                self.wake_one()  # this one was woken and gives up, so another one may go on
            raise
        finally:
            if timer is not None:
                timer.cancel()
            if waiter in self._waiting:
                self._waiting.remove(waiter)


def _wake(waiter: "asyncio.Future[bool]", is_free: bool) -> bool:
    if waiter.done():
        return False
    waiter.set_result(is_free)
    return True
