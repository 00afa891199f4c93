"""Work in the background, for which nobody waits."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any


class Tasks:
    """Holds tasks until they have ended: an event loop alone may lose them. notify: is told of those that failed."""

    def __init__(self, notify: Callable[[str], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._notify = notify
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    async def stop(self, patience_seconds: float = 0.0) -> None:
        """Cancel what has not ended after that time, and wait until it has."""
        if self._tasks and patience_seconds:
            await asyncio.wait(self._tasks, timeout=patience_seconds)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._notify(f"internal error: {error!r}")
