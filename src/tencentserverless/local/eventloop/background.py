"""Background tasks: tasks whose end is not waited for."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from tencentserverless.local.eventloop.failures import log_internal_error


class BackgroundTasks:
    """A set of background tasks. The failure of a task is logged.

    A task stays in the set until it has ended: the event loop keeps only weak references to its tasks.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

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
        """Wait so long for the tasks to end, cancel the rest, and wait until they have ended."""
        if self._tasks and patience_seconds:
            await asyncio.wait(self._tasks, timeout=patience_seconds)
        self.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log_internal_error(error)
