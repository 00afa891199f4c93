"""An event loop on a thread of its own, and calls to it from other threads."""

import asyncio
import errno
import os
import selectors
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import suppress
from typing import Any, TypeVar
from weakref import WeakSet

from tencentserverless.local.eventloop.failures import log_failure

T = TypeVar("T")
PATIENCE_SECONDS = 10.0  # with coroutines at the end
_ENDED = "the event loop has ended"


class LoopThread:
    """An event loop that runs on a thread of its own until `end`.

    Raises OSError if the system allows no other thread.
    `is_inherited` is true in a fork of the process that has the thread. The fork has no such thread.
    """

    def __init__(self, name: str) -> None:
        self.is_inherited = False
        self._selector = selectors.DefaultSelector()
        self._loop = asyncio.SelectorEventLoop(self._selector)  # the same in every program, whatever policy it has set
        self._loop.set_exception_handler(_on_failure)
        self._ended: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        try:
            self._thread.start()
        except RuntimeError:
            self._loop.close()
            raise OSError(errno.EAGAIN, "the system does not allow another thread (ulimit -u)") from None
        _running.add(self)

    def wait_for(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the loop, and return its result. If Ctrl-C ends this wait, the coroutine goes on.

        Raises RuntimeError if the loop has ended.
        """
        running = self._begun(work)
        either: list[Future[Any]] = [running, self._ended]
        wait(either, return_when=FIRST_COMPLETED)
        if not running.done():
            raise RuntimeError(_ENDED)
        return running.result()

    def _begun(self, work: Coroutine[Any, Any, T]) -> "Future[T]":
        try:
            return asyncio.run_coroutine_threadsafe(work, self._loop)
        except RuntimeError:  # the loop is closed
            work.close()
            raise RuntimeError(_ENDED) from None

    def call(self, function: Callable[..., T], *arguments: Any) -> T:
        """Call a function on the loop, and return its result."""

        async def work() -> T:
            return function(*arguments)

        return self.wait_for(work())

    def end(self) -> None:
        """Let the coroutines that are under way end, stop the loop, and wait until the thread has ended."""
        with suppress(RuntimeError):  # the loop had ended before
            self._begun(self._end())
        self._thread.join()

    async def _end(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        if others:
            await asyncio.wait(others, timeout=PATIENCE_SECONDS)
        self._loop.stop()

    def leave_to_parent(self) -> None:
        """Let go of the sockets in a fork of the process. Otherwise they stay open when the parent closes them.

        The descriptors lead to the null device from now on. They are not closed, because objects that the fork has
        inherited will close them, and would close others of the same number.
        """
        self.is_inherited = True
        nowhere = os.open(os.devnull, os.O_RDWR)
        watched = [key.fd for key in (self._selector.get_map() or {}).values()]
        own = [self._selector.fileno()] if hasattr(self._selector, "fileno") else []
        for descriptor in watched + own:
            os.dup2(nowhere, descriptor, inheritable=False)
        os.close(nowhere)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            with suppress(RuntimeError):  # it needs a thread, which the system may refuse
                self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()
        finally:
            _running.discard(self)
            self._ended.set_result(None)


_running: "WeakSet[LoopThread]" = WeakSet()


def _leave_all_to_parent() -> None:
    for loop in _running:
        loop.leave_to_parent()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_all_to_parent)


def _on_failure(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log what asyncio reports. Its own handler lets exceptions of the user's logging end the event loop."""
    text, error = context["message"], context.get("exception")
    log_failure(f"{text}: {error!r}", error)
