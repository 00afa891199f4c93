"""What comes in one turn of the event loop is done together in the next one.

So what was saved before any of it is seen with one look, and the same code runs for one after the other.
"""

import asyncio
import time
from collections.abc import Callable


class TurnBatch:
    """began: when the work that was added last was begun, or that before it (monotonic seconds)."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._works: list[Callable[[], object]] = []
        self.began = 0.0

    def add(self, work: Callable[[], object]) -> None:
        """Have `work` done; nothing that it raises disturbs the others."""
        if not self._works:
            self._loop.call_soon(self._do)
        self._works.append(work)

    def _do(self) -> None:
        works, self._works = self._works, []
        self.began = time.monotonic()
        for work in works:
            try:
                work()
            except Exception as error:  # noqa: BLE001
                self._loop.call_exception_handler({"message": f"in {work}", "exception": error})
