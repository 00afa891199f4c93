"""Credentials for the asyncio client that take time: coroutines are awaited, blocking ones are asked in a thread."""

import asyncio
import inspect
from time import monotonic

from tencentserverless._settings.credentials import Source, WouldWait, too_late

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Optional

    from tencentserverless._protocol.effects import Identity
    from tencentserverless._settings.credentials import Triple


class AsyncSource(Source):
    """A coroutine function that returns credentials, awaited once for all that wait for it; see `Source`."""

    _asking = None  # type: Optional[asyncio.Task[None]]
    _loop = None  # type: Optional[asyncio.AbstractEventLoop]

    def triple(self, deadline: "Optional[float]", may_wait: bool = True) -> "Triple":  # noqa: ARG002
        """Those kept: where they are not fresh, they were renewed just before."""
        if not may_wait and not self.is_fresh():
            raise WouldWait()
        return self._kept

    async def renew(self, deadline: "Optional[float]") -> None:
        """Have fresh credentials. Raises what the coroutine raises; InvokeTimeoutError at `deadline` (monotonic)."""
        asking, loop = self._asking, asyncio.get_event_loop()
        if asking is None or asking.done() or self._loop is not loop:
            asking = self._asking = asyncio.ensure_future(self._renew())
            self._loop = loop
        await finished(asking, deadline)

    async def _renew(self) -> None:
        self.keep(await self.ask())


def is_coroutine_function(credentials: "Any") -> bool:
    called = getattr(credentials, "__call__", None)  # noqa: B004  # of an object, this may be the coroutine function
    return inspect.iscoroutinefunction(credentials) or inspect.iscoroutinefunction(called)


async def identity_after_waiting(
    source: "Optional[Source]", identify: "Callable[[Optional[float]], Identity]", deadline: "Optional[float]"
) -> "Identity":
    """What `identify` tells where it would wait, without holding up the event loop."""
    if isinstance(source, AsyncSource):
        await source.renew(deadline)
        return identify(deadline)
    asking = asyncio.ensure_future(asyncio.get_event_loop().run_in_executor(None, identify, deadline))
    return await finished(asking, deadline)  # type: ignore[no-any-return]


async def finished(asking: "asyncio.Future[Any]", deadline: "Optional[float]") -> "Any":
    """The result of `asking`, which goes on for others where this one's time is up."""
    left = None if deadline is None else max(0.0, deadline - monotonic())
    await asyncio.wait([asking], timeout=left)
    if not asking.done():
        raise too_late()
    return asking.result()
