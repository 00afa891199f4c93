"""An event loop on a thread of its own, and calls to it from other threads."""

import asyncio
import sys
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from tencentserverless.local.eventloop.failures import log_failure

T = TypeVar("T")

PATIENCE_SECONDS = 10.0  # with coroutines at the end


class LoopThread:
    """An event loop that runs on a thread of its own until `end`."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.SelectorEventLoop() if sys.platform == "win32" else asyncio.new_event_loop()
        self._loop.set_exception_handler(_on_failure)
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def wait_for(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the loop, and return its result. If Ctrl-C ends this wait, the coroutine goes on."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def call(self, function: Callable[..., T], *arguments: Any) -> T:
        """Call a function on the loop, and return its result."""

        async def work() -> T:
            return function(*arguments)

        return self.wait_for(work())

    def end(self) -> None:
        """Let the coroutines that are under way end, stop the loop, and wait until the thread has ended."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop)
        self._thread.join()

    async def _end(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        if others:
            await asyncio.wait(others, timeout=PATIENCE_SECONDS)
        self._loop.stop()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
        finally:
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            with suppress(RuntimeError):  # it needs a thread, which the system may refuse
                self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()


def _on_failure(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log what asyncio reports. Its own handler lets exceptions of the user's logging end the event loop."""
    text, error = context["message"], context.get("exception")
    log_failure(f"{text}: {error!r}", error)
