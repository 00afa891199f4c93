"""Runs blocking work in a thread, also if the system refuses another thread."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


async def in_thread(work: Callable[..., T], *arguments: Any) -> T:
    """The result of `work`, which runs in a thread. If no thread can be had, it blocks the event loop."""
    is_refused = False

    def unless_refused() -> T | None:
        return None if is_refused else work(*arguments)

    try:
        running = asyncio.get_running_loop().run_in_executor(None, unless_refused)
    except RuntimeError:  # "can't start new thread". But the work is queued, and an older thread may take it later
        is_refused = True
        return work(*arguments)
    return await running  # type: ignore[return-value]  # it is None only if nobody waits for it
