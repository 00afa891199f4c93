"""Tasks of what an event loop does for us."""

import asyncio

from tencentserverless._transport.faults import quietly

__tracebackhide__ = True  # from pytest: it shows the caller's frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def begun(work: "Any") -> "asyncio.Future[Any]":
    """A task for `work`, a coroutine or future of the event loop. If there can be no task, the work is ended.

    Python warns of a coroutine that becomes garbage before it was begun.
    """
    try:
        return asyncio.ensure_future(work)  # type: ignore[no-any-return]
    except BaseException:
        end = getattr(work, "close", None) or getattr(work, "cancel", None)
        if end is not None:
            quietly(end)
        raise
