"""Credentials that take time, for the asyncio client: coroutines are awaited, blocking callables run in a thread."""

import asyncio
import inspect
from time import monotonic

from tencentserverless._context import with_context
from tencentserverless._settings.credentials import Source, TooLate, WouldWait, asked_itself, is_fresh
from tencentserverless._signals import pass_on
from tencentserverless.exception import ServerlessError, SettingsError

__tracebackhide__ = True  # from pytest: it shows the caller's frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Optional

    from tencentserverless._protocol.identity import Identity


class AsyncSource(Source):
    """A coroutine function that returns credentials. One await serves all that wait for it; see `Source`."""

    _asking: "Optional[asyncio.Task[None]]" = None
    _loop: "Optional[asyncio.AbstractEventLoop]" = None

    def identity(self, deadline: "Optional[float]", may_wait: bool = True) -> "Identity":  # noqa: ARG002
        """The kept credentials. They are fresh, because `renew` was awaited before if they were not."""
        if self._kept is None or not (may_wait or is_fresh(*self._kept)):
            raise WouldWait()
        return self._kept[0]

    async def renew(self, deadline: "Optional[float]") -> None:
        """Await fresh credentials. Raises SettingsError if the coroutine fails; TooLate at `deadline` (monotonic)."""
        asking, loop = self._asking, asyncio.get_event_loop()
        if asking is not None and asking is _running_task():
            raise asked_itself()
        if asking is None or asking.done() or self._loop is not loop:
            asking = self._asking = asyncio.ensure_future(self._renew())
            self._loop = loop
        await _finished(asking, deadline)

    async def _renew(self) -> None:
        try:
            self.keep(await self.ask())
        except (SettingsError, asyncio.CancelledError):  # before Python 3.8, CancelledError is an Exception
            raise
        except Exception as error:
            pass_on(error)
            raise self.failed(error) from error


def _running_task() -> "Any":
    return (getattr(asyncio, "current_task", None) or asyncio.Task.current_task)()  # type: ignore[attr-defined]  # of 3.6


def is_coroutine_function(credentials: "Any") -> bool:
    called = getattr(credentials, "__call__", None)  # noqa: B004  # of an object, this may be the coroutine function
    return inspect.iscoroutinefunction(credentials) or inspect.iscoroutinefunction(called)


async def identity_after_waiting(
    source: "Optional[Source]", identify: "Callable[[Optional[float]], Identity]", deadline: "Optional[float]"
) -> "Identity":
    """The identity that `identify` returns if it has to wait, without blocking the event loop. Raises TooLate."""
    if isinstance(source, AsyncSource):
        await source.renew(deadline)
        return identify(deadline)
    return await _asked_in_a_thread(identify, deadline)


async def _asked_in_a_thread(
    identify: "Callable[[Optional[float]], Identity]", deadline: "Optional[float]"
) -> "Identity":
    try:
        asking = asyncio.get_event_loop().run_in_executor(None, with_context(identify), deadline)
        return await _finished(asking, deadline)  # type: ignore[no-any-return]
    except (ServerlessError, TooLate, asyncio.CancelledError):  # of `identify`
        raise
    except RuntimeError:  # no thread can be had: at the end of the interpreter, or where there are too many
        return identify(deadline)
    except Exception as error:
        pass_on(error)
        message = f"the event loop cannot call credentials() in a thread: {type(error).__name__}"
        raise SettingsError("InvalidCredential", message) from error


async def _finished(asking: "asyncio.Future[Any]", deadline: "Optional[float]") -> "Any":
    """The result of `asking`. It is not cancelled at the deadline: other invocations may wait for it too."""
    asking.add_done_callback(_look)
    left = None if deadline is None else max(0.0, deadline - monotonic())
    await asyncio.wait([asking], timeout=left)
    if not asking.done():
        raise TooLate()
    return asking.result()


def _look(asking: "asyncio.Future[Any]") -> None:
    """Look at the exception: asyncio reports those that nobody looked at, because all who waited gave up."""
    if not asking.cancelled():
        asking.exception()
