"""Connects to the first address of a host that answers (RFC 8305, section 5), on any event loop."""

import asyncio
import socket

from tencentserverless._transport.addresses import DELAY
from tencentserverless._transport.asyncio.tasks import begun
from tencentserverless._transport.faults import FAMILIES, fault_of, quietly

__tracebackhide__ = True  # from pytest: it shows the caller's frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List, Tuple

    from tencentserverless._protocol.effects import Fault
    from tencentserverless._transport.addresses import Address


class Race:
    """Attempts to connect, each begun when the one before has failed or was silent for a quarter of a second.

    left: the seconds that are left for all; it raises a Fault if there are none. too_late: makes that Fault.
    """

    def __init__(
        self,
        loop: "asyncio.AbstractEventLoop",
        addresses: "List[Address]",
        left: "Callable[[], float]",
        too_late: "Callable[[], Fault]",
    ) -> None:
        self._loop = loop
        self._addresses = list(addresses)
        self._left = left
        self._too_late = too_late
        self._trying: "Dict[Any, Tuple[Any, Any]]" = {}  # the socket and address of each task
        self._failure = too_late()

    async def run(self) -> "Tuple[Any, Any]":
        """The connected socket and its address. Raises the Fault of the address that failed last."""
        try:
            while self._addresses or self._trying:
                self._begin_next()
                winner = await self._wait()
                if winner is not None:
                    return self._trying.pop(winner)
            raise self._failure
        finally:
            await self._end()

    def _begin_next(self) -> None:
        """Begin to connect to the next address. An address that fails at once is passed over."""
        while self._addresses:
            family, kind, protocol, _, address = self._addresses.pop(0)
            sock: "Any" = None
            try:
                sock = socket.socket(family, kind, protocol)
                sock.setblocking(False)
                self._trying[begun(self._loop.sock_connect(sock, address))] = sock, address
                return
            except BaseException as error:
                if sock is not None:
                    quietly(sock.close)
                if not isinstance(error, FAMILIES):
                    raise
                self._failure = fault_of("connect", error)

    async def _wait(self) -> "Any":
        """The task that has connected; None if another address has to be tried, or all have failed."""
        while self._trying:
            left = self._left()
            pause = min(DELAY, left) if self._addresses else left
            done, _ = await asyncio.wait(list(self._trying), timeout=pause, return_when=asyncio.FIRST_COMPLETED)
            if not done and not self._addresses:
                raise self._too_late()
            for task in done:
                if self._has_connected(task):
                    return task
            if self._addresses:
                return None
        return None

    def _has_connected(self, task: "asyncio.Task[None]") -> bool:
        """Whether a task that is done has connected; the socket of a failed one is closed."""
        try:
            task.result()
        except FAMILIES as error:
            self._failure = fault_of("connect", error)
            quietly(self._trying.pop(task)[0].close)
            return False
        return True

    async def _end(self) -> None:
        """End the attempts that were not needed. A socket is closed only after its task has let go of it."""
        for task, (sock, _) in self._trying.items():
            task.add_done_callback(_closing(sock))
            task.cancel()
        if self._trying:
            await asyncio.wait(list(self._trying))


def _closing(sock: "Any") -> "Callable[[asyncio.Task[None]], None]":
    def close(task: "asyncio.Task[None]") -> None:
        if not task.cancelled():
            task.exception()  # asyncio reports exceptions that nobody looked at
        quietly(sock.close)

    return close
