"""A time limit that is started and stopped for every event.

To set and cancel a timer of asyncio for every event would be slow. So the timer stays set when the countdown stops. If
the next countdown ends later, the timer fires too early and is then set again.
"""

import asyncio
from collections.abc import Callable
from math import inf

STEP_SECONDS = 0.25
LATE_SECONDS = 0.5  # a timer that is so late was not delayed by other work


class Countdown:
    """Calls `at_end` when the seconds have passed. Time while it is held does not count.

    Each `hold` needs a `release`. The countdown continues after the last one.

    Time in which this process stood still does not count either (SIGSTOP, a container that is paused): the function may
    have stood still too. A timer that fires late shows it. For that a timer is set every `STEP_SECONDS`.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, at_end: Callable[[], object]) -> None:
        self._loop = loop
        self._at_end = at_end
        self._holders = 0
        self._end = inf  # by the loop's clock; infinite while it is held or stopped
        self._left: float | None = None  # the seconds that are left while it is held
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = inf
        self._awake_at = 0.0  # a time since the start at which this process certainly ran

    def start(self, seconds: float) -> None:
        if self._holders:
            self._left = seconds
        else:
            self._run(seconds)

    def stop(self) -> None:
        self._end, self._left = inf, None

    def hold(self) -> None:
        if self._end < inf:
            self._left, self._end = self._end - self._loop.time(), inf
        self._holders += 1

    def release(self) -> None:
        self._holders -= 1
        if self._left is not None and not self._holders:
            left, self._left = self._left, None
            self._run(left)

    def close(self) -> None:
        """Stop for good."""
        self.stop()
        self._cancel()

    def _run(self, seconds: float) -> None:
        self._awake_at = self._loop.time()
        self._end = self._awake_at + seconds
        if self._timer_at > self._end:
            self._cancel()
            self._set_timer()

    def _set_timer(self) -> None:
        self._timer_at = min(self._end, self._awake_at + STEP_SECONDS)
        self._timer = self._loop.call_at(self._timer_at, self._on_timer)

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._timer_at = None, inf

    def _on_timer(self) -> None:
        at, self._timer, self._timer_at = self._timer_at, None, inf
        if self._end == inf:
            return
        now = self._loop.time()
        if now > at + LATE_SECONDS:
            self._end += now - self._awake_at
        if self._end <= at:
            self._end = inf
            self._at_end()
        else:
            self._awake_at = now
            self._set_timer()
