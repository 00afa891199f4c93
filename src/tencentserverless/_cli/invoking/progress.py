"""How far a fan-out is: a bar on a terminal, otherwise a line every ten seconds. Both go to standard error."""

import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from tencentserverless._cli import output
from tencentserverless._cli.language import text
from tencentserverless._cli.text_width import width_of

BAR_SECONDS, LINE_SECONDS = 0.2, 10.0
RATE_SECONDS = 10.0  # the rate is that of so many seconds
LEAST_BAR = 10


class Count:
    """The numbers of a fan-out. total: of events; None if it is not known. recalled: outcomes of earlier runs."""

    def __init__(self, total: int | None) -> None:
        self.total = total
        self.done = self.failed = self.maybe = self.recalled = 0

    @property
    def answers(self) -> int:
        return self.done - self.failed - self.maybe


class Progress:
    """Shows a count while its block runs: a bar if standard error is a terminal, and it may be used for one."""

    def __init__(self, count: Count, *, may_draw: bool = True, clock: Callable[[], float] = time.monotonic) -> None:
        self._count = count
        self._clock = clock
        self._marks: deque[tuple[float, int]] = deque([(clock(), 0)])
        self._over = threading.Event()
        self._width = _columns() if may_draw else 0
        self._thread = threading.Thread(target=self._run, name="progress", daemon=True)

    def __enter__(self) -> "Progress":
        self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._over.set()
        self._thread.join()
        if self._width:
            _draw("\r" + " " * (self._width - 1) + "\r")

    def _run(self) -> None:
        while not self._over.wait(BAR_SECONDS if self._width else LINE_SECONDS):
            if self._width:
                _draw("\r" + line(self._count, self._rate(), self._width - 1))
            else:
                output.tell(line(self._count, self._rate()).strip())

    def _rate(self) -> float:
        """Outcomes in a second, lately. Those of earlier runs do not count."""
        now, fresh = self._clock(), self._count.done - self._count.recalled
        self._marks.append((now, fresh))
        while len(self._marks) > 2 and now - self._marks[1][0] >= RATE_SECONDS:
            self._marks.popleft()
        then, before = self._marks[0]
        return (fresh - before) / (now - then) if now > then else 0.0


def line(count: Count, rate: float, width: int = 0) -> str:
    """One line about a count. width: the columns to fill with a bar; 0 for none."""
    total = count.total
    numbers = [text("{done}/{total}", done=count.done, total=total) if total else text("{done} done", done=count.done)]
    if count.failed:
        numbers.append(text("{failed} failed", failed=count.failed))
    if count.maybe:
        numbers.append(text("{maybe} maybe", maybe=count.maybe))
    numbers.append(text("{rate}/s", rate=f"{rate:.0f}" if rate >= 10 else f"{rate:.1f}"))
    if total and rate > 0:
        numbers.append(text("{time} left", time=duration((total - count.done) / rate)))
    shown = "  ".join(numbers)
    if not (total and width):
        return shown
    return (_bar(count.done / total, width - width_of(shown) - 2) + shown)[:width].ljust(width)


def _bar(part: float, width: int) -> str:
    if width < LEAST_BAR:
        return ""
    inner = width - 8
    filled = int(inner * part)
    return f"[{'#' * filled}{'.' * (inner - filled)}] {part:4.0%}  "


def duration(seconds: float) -> str:
    """A time for people: 45 s, 3 min 20 s, 2 h 5 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _columns() -> int:
    """The width of the terminal that standard error is; 0 if it is none."""
    with suppress(AttributeError, OSError, ValueError):
        if sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
            return os.get_terminal_size(sys.stderr.fileno()).columns or 80
    return 0


def _draw(shown: str) -> None:
    with suppress(OSError, ValueError):
        sys.stderr.write(shown)
        sys.stderr.flush()
