"""Work in the background, for which nobody waits."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

_log = logging.getLogger(__name__)


class BackgroundTasks:
    """Holds tasks until they have ended: an event loop alone may lose them. The failure of one is logged."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def cancel(self) -> None:
        """Cancel every task, without waiting for it."""
        for task in self._tasks:
            task.cancel()

    async def stop(self, patience_seconds: float = 0.0) -> None:
        """Cancel what has not ended after that time, and wait until it has."""
        if self._tasks and patience_seconds:
            await asyncio.wait(self._tasks, timeout=patience_seconds)
        self.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("internal error of the local endpoint: %r", error, exc_info=error)
