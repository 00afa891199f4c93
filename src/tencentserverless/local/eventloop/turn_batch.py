"""Runs everything that was received in one turn of the event loop together in the next turn.

So one look at the source files serves all invocations of the batch, and similar work is done together.
"""

import asyncio
import time
from collections.abc import Callable


class TurnBatch:
    """A batch of functions to call in the next turn of the event loop.

    `began` is the time at which the latest batch was begun, by `time.monotonic()`; 0.0 before the first.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._works: list[Callable[[], object]] = []
        self.began = 0.0

    def add(self, work: Callable[[], object]) -> None:
        """Call `work` in the next turn. If it raises, that is reported to the loop, and the others are still called."""
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
