"""Standard error as `local start` uses it: a thread of its own shows facts, so that nothing waits for the terminal."""

import os
import sys
import threading
import time
from contextlib import suppress
from queue import SimpleQueue
from typing import TYPE_CHECKING

from tencentserverless._cli import serving

if TYPE_CHECKING:
    from tencentserverless._cli.screen import Screen
    from tencentserverless.local.model.facts import Fact

MOST_WAITING = 10_000
MOST_WAITING_CHARACTERS = 16 * 1024 * 1024
LAST_SECONDS = 2.0


class Terminal:
    """Shows facts on standard error, once it is started. A terminal, a pipe or a file may be slow, full or closed.

    as_json: whether to print lines of JSON. debugs: whether functions have a debugger.
    """

    def __init__(self, *, as_json: bool, debugs: bool) -> None:
        self.width = _columns()
        self.as_json = as_json
        self._debugs = debugs
        self._waiting: SimpleQueue[Fact | list[str] | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._characters = 0  # of what waits
        self._left_out = 0
        self._thread = threading.Thread(target=self._run, name="terminal", daemon=True)

    def start(self) -> None:
        """Show what has come so far, and whatever comes."""
        self._thread.start()

    def notify(self, text: str) -> None:
        from tencentserverless.local.model.facts import Noticed

        self.show(Noticed(time.time(), text))

    def show(self, fact: "Fact") -> None:
        """Show a fact, unless too many are waiting."""
        with self._lock:
            if self._waiting.qsize() < MOST_WAITING and self._characters < MOST_WAITING_CHARACTERS:
                self._characters += _size(fact)
                self._waiting.put(fact)
            else:
                self._left_out += 1

    def say(self, lines: list[str]) -> None:
        self._waiting.put(lines)

    def finish(self) -> None:
        """Show what is waiting. If nobody reads it, this ends after `LAST_SECONDS`."""
        self._waiting.put(None)
        if not self._thread.is_alive():
            self._thread.start()
        self._thread.join(LAST_SECONDS)

    def _run(self) -> None:
        from tencentserverless._cli.screen import Screen

        screen = Screen(self.width, colour=_has_colours(), debugs=self._debugs)
        while (item := self._waiting.get()) is not None:
            _print(item if isinstance(item, list) else self._lines(screen, item))
        _print(screen.rest())

    def _lines(self, screen: "Screen", fact: "Fact") -> list[str]:
        from tencentserverless._cli.screen import json_line

        with self._lock:
            self._characters -= _size(fact)
            left_out, self._left_out = self._left_out, 0
        lines = [json_line(fact)] if self.as_json else screen.lines(fact)
        return [*lines, f"[{left_out} facts are left out]"] if left_out and not self.as_json else lines


def _size(fact: "Fact") -> int:
    return len(getattr(fact, "text", ""))


def _print(lines: list[str]) -> None:
    if not lines:
        return
    text = serving.suited("\n".join(lines))
    with suppress(OSError, ValueError, AttributeError):  # it is closed, or there is none
        if sys.platform == "win32":
            serving.say(text)
            return
        data = f"{text}\n".encode(sys.stderr.encoding or "utf-8", "backslashreplace")
        while data:  # without Python's buffer: a thread that waits for its lock would disturb the end of the program
            data = data[os.write(sys.stderr.fileno(), data) :]


def _columns() -> int:
    """The width of the terminal that standard error is. A file has no width, so nothing is wrapped in it."""
    with suppress(AttributeError, OSError, ValueError):  # it may be closed
        return os.get_terminal_size(sys.stderr.fileno()).columns or 80
    return 10_000


def _has_colours() -> bool:
    """Whether standard error is a terminal whose colours are wanted. https://no-color.org"""
    is_wanted = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return is_wanted and sys.stderr is not None and sys.stderr.isatty()
