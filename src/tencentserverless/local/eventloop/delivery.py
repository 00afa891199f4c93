"""Delivers notices and records to their readers, on a thread of its own.

A reader is code of the user, a terminal, a pipe or a file. It may be missing, slow, full or closed, raise, or block for
ever. So the event loop never calls one.
"""

import asyncio
import os
import select
import sys
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from tencentserverless.local.eventloop.failures import log_failure
from tencentserverless.local.eventloop.in_thread import in_thread

PATIENCE_SECONDS = 0.25
MOST_WAITING = 1000
MOST_WAITING_BYTES = 16 * 1024 * 1024

Work = Callable[[], object]


class Delivery:
    """Calls readers one after the other, in the order of `add`, on a thread of its own.

    What waits is limited in number and in bytes. What comes beyond that is left out.

    on_left_out: is called, as a reader, with the number of deliveries that were left out.
    """

    def __init__(self, on_left_out: Callable[[int], object] = lambda _: None) -> None:
        self._on_left_out = on_left_out
        self._waiting: deque[tuple[Work, int]] = deque()
        self._bytes = self._left_out = 0
        self._changed = threading.Condition()
        self._is_busy = False
        self._is_late = False  # a reader was waited for in vain, and has not caught up since
        self._has_ended = False
        self._thread: threading.Thread | None = None

    def add(self, deliver: Work, size: int = 0) -> None:
        """Call `deliver` on the other thread. size: the bytes that it holds."""
        with self._changed:
            if len(self._waiting) >= MOST_WAITING or self._bytes + size > MOST_WAITING_BYTES:
                self._left_out += 1
            else:
                self._put(deliver, size)

    def after(self, work: Work) -> None:
        """Call `work` on this event loop once all deliveries so far have been made, or after `PATIENCE_SECONDS`.

        It is called at once if there are none, or if the reader is late.
        """
        if not self._is_busy or self._is_late:
            work()
            return
        loop = asyncio.get_running_loop()
        made: asyncio.Future[None] = loop.create_future()
        made.add_done_callback(lambda _: work())
        timer = loop.call_later(PATIENCE_SECONDS, self._on_late, made)
        made.add_done_callback(lambda _: timer.cancel())
        with self._changed:
            self._put(partial(_resolve, loop, made), 0)

    async def made(self) -> None:
        """Wait for all deliveries so far, as `after` does."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.after(lambda: done.set_result(None))
        await done

    def wait(self, seconds: float = PATIENCE_SECONDS) -> None:
        """Block until all deliveries so far have been made, but not if the reader is late, and not longer than this."""
        if threading.current_thread() is self._thread:
            return
        if self._thread is None:
            self._deliver_here()
            return
        with self._changed:
            if not self._is_late:
                self._is_late = not self._changed.wait_for(lambda: not self._is_busy, seconds)

    async def end(self, seconds: float) -> None:
        """Make the deliveries that are waiting, for so long at most. There are none after that."""
        if self._is_busy:
            await in_thread(self.wait, seconds)
        with self._changed:
            self._has_ended = True
            self._waiting.clear()
            self._changed.notify_all()
        if self._thread is not None and not self._is_late:
            self._thread.join(PATIENCE_SECONDS)

    def _put(self, deliver: Work, size: int) -> None:
        """The caller has the lock."""
        if self._has_ended:
            return
        self._waiting.append((deliver, size))
        self._bytes += size
        self._is_busy = True
        if self._thread is None:
            thread = threading.Thread(target=self._run, name="LocalSCF readers", daemon=True)
            with suppress(RuntimeError):  # the system refuses another thread now; the next delivery tries again
                thread.start()
                self._thread = thread
        self._changed.notify_all()

    def _on_late(self, made: "asyncio.Future[None]") -> None:
        if not made.done():
            self._is_late = True
            made.set_result(None)

    def _run(self) -> None:
        while (delivery := self._next()) is not None:
            self._make(*delivery)
            del delivery  # it holds a record

    def _deliver_here(self) -> None:
        """Make what waits on the thread that waits for it: the system has refused a thread for it."""
        while True:
            with self._changed:
                self._is_busy = bool(self._waiting)
                if not self._waiting:
                    return
                delivery = self._waiting.popleft()
            self._make(*delivery)

    def _make(self, deliver: Work, size: int) -> None:
        try:
            deliver()
        except BaseException as error:  # noqa: BLE001  a mistake in code of the user
            log_failure(f"a reader of notices or records raised {error!r}", error)
        with self._changed:
            self._bytes -= size

    def _next(self) -> tuple[Work, int] | None:
        """Wait for the next delivery. None at the end."""
        with self._changed:
            while not self._waiting and not self._has_ended:
                if self._left_out:
                    left_out, self._left_out = self._left_out, 0
                    return partial(self._on_left_out, left_out), 0
                self._is_busy = self._is_late = False
                self._changed.notify_all()
                self._changed.wait()
            return None if self._has_ended else self._waiting.popleft()


def _resolve(loop: asyncio.AbstractEventLoop, made: "asyncio.Future[None]") -> None:
    with suppress(RuntimeError):  # the loop has ended
        loop.call_soon_threadsafe(lambda: None if made.done() else made.set_result(None))


def to_stderr(line: str) -> None:
    """Print one line to standard error. If that is not possible, nothing happens: it may be missing, closed or full."""
    with suppress(Exception):
        print_line(line, "stderr")


def print_line(line: str, name: str) -> None:
    """Print one line to the stream of this name in `sys`. Raises what the stream raises, and OSError if it is missing.

    The process's own streams are written without Python's buffer. While a thread waits in a write, it would hold the
    lock of this buffer, and the interpreter would abort when it ends.
    """
    stream = getattr(sys, name)
    if stream is None:
        raise OSError(f"{name} is closed")
    text = line + "\n"
    data = text.encode(getattr(stream, "encoding", None) or "utf-8", "backslashreplace")
    if stream is not getattr(sys, f"__{name}__") or os.name == "nt":
        stream.write(data.decode(getattr(stream, "encoding", None) or "utf-8"))
        stream.flush()
        return
    while data:
        try:
            data = data[os.write(stream.fileno(), data) :]
        except BlockingIOError:  # another program has made it non-blocking
            select.select([], [stream.fileno()], [])
