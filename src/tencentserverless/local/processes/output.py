"""Reads what a worker prints. The bytes are read from a pipe as they come, and returned for each event."""

import asyncio
import os
import secrets
import sys
import threading
from codecs import getincrementaldecoder
from collections.abc import Callable
from contextlib import suppress

if sys.platform != "win32":
    import fcntl
    import termios

KEPT_BYTES = 1024 * 1024
IDLE_BYTES = 64 * 1024  # read between two events; processes that print more must wait for the next event
_READ_BYTES = 64 * 1024
_MARK_SECONDS = 1.0
_ROOM_FOR_AN_INT = bytes(4)


class Output:
    """The output of a worker: its stdout and stderr. At least the last `KEPT_BYTES` of each event are kept.

    While the function is loaded, and from `begin` to `take`, everything is read. Between two events little is read.

    descriptor: the reading end of the pipe, non-blocking. It is not closed here.
    on_text: an attribute that may be set. It is called with the text as it comes.
    """

    on_text: Callable[[str], object] | None = None

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._decoder = getincrementaldecoder("utf-8")("replace")
        self._parts: list[bytes] = []
        self._bytes = self._dropped = 0
        self._rests = self._is_paused = False
        self._listen()

    def begin(self) -> str:
        """The output since the last event. To be called before an event."""
        self._rests = False
        text = self._taken()
        if self._is_paused:
            self._is_paused = False
            self._resume()
        return text

    def take(self) -> str:
        """The output of the event that has ended. It is in the pipe before the worker's answer comes."""
        text = self._taken()
        self._rests = True
        return text

    def _taken(self) -> str:
        self._read_pending()
        return self._take_read()

    def _take_read(self) -> str:
        """The output that has been read and not been taken yet."""
        text = b"".join(self._parts).decode("utf-8", "replace") if self._parts else ""
        note = f"[{self._dropped} bytes of earlier output were dropped]\n" if self._dropped else ""
        if self._bytes:
            self._parts, self._bytes, self._dropped = [], 0, 0
        return note + text

    def _read_pending(self) -> None:
        """Read what is in the pipe now, but not more: other processes of the function may print without end."""
        if self._descriptor >= 0:
            waiting = _waiting_bytes(self._descriptor)
            while waiting > 0 and (count := self._read(waiting)):
                waiting -= count

    def close(self) -> None:
        """Stop reading. The descriptor stays open."""
        if self._descriptor >= 0:
            self._loop.remove_reader(self._descriptor)
            self._descriptor = -1

    def _listen(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._resume()

    def _resume(self) -> None:
        if self._descriptor >= 0:
            self._loop.add_reader(self._descriptor, self._read, _READ_BYTES)

    def _pause(self) -> None:
        self._loop.remove_reader(self._descriptor)

    def _read(self, most: int) -> int:
        try:
            data = os.read(self._descriptor, most)
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError:
            data = b""
        if not data:  # the worker and its children have closed it
            self.close()
            return 0
        self._keep(data)
        if self.on_text is not None:
            self.on_text(self._decoder.decode(data))
        return len(data)

    def _keep(self, data: bytes) -> None:
        self._parts.append(data)
        self._bytes += len(data)
        if self._bytes > 2 * KEPT_BYTES:
            joined = b"".join(self._parts)
            self._parts = [joined[-KEPT_BYTES:]]
            self._dropped += len(joined) - KEPT_BYTES
            self._bytes = KEPT_BYTES
        if self._rests and self._bytes >= IDLE_BYTES and not self._is_paused:
            self._is_paused = True
            self._pause()


class ThreadedOutput(Output):
    """An output that a thread reads, because the event loop cannot watch the pipe. Event loops on Windows cannot.

    `take` writes a mark into the pipe and waits until the thread has read it. Then the thread has also read everything
    that was written before. The mark is a random text, so that a function cannot print it. `on_text` is called on the
    event loop, for what was read before `take` also before it returns.

    descriptor: the reading end of the pipe, blocking. writing: our own descriptor of its writing end.
    """

    def __init__(self, descriptor: int, writing: int) -> None:
        self._reader_loop = asyncio.get_running_loop()
        self._writing = writing
        self._mark = secrets.token_hex(16)
        self._lock = threading.Lock()
        self._is_marked, self._may_read = threading.Event(), threading.Event()
        self._untold = b""  # what `on_text` has not been called with
        super().__init__(descriptor)

    def _take_read(self) -> str:
        self._tell(is_whole=True)
        with self._lock:
            return super()._take_read().replace(self._mark, "")

    def _keep(self, data: bytes) -> None:
        super()._keep(data)
        if self.on_text is None:
            return
        if not self._untold:
            with suppress(RuntimeError):  # the event loop is closed
                self._reader_loop.call_soon_threadsafe(self._tell)
        self._untold = (self._untold + data)[-KEPT_BYTES:]

    def _tell(self, *, is_whole: bool = False) -> None:
        """Call `on_text`, without the mark. is_whole: whether no part of a mark can be at the end of the text."""
        mark = self._mark.encode()
        with self._lock:
            text = self._untold.replace(mark, b"")
            held = 0 if is_whole else next((n for n in range(len(mark) - 1, 0, -1) if text.endswith(mark[:n])), 0)
            text, self._untold = text[: len(text) - held], text[len(text) - held :]
        if text and self.on_text is not None:
            self.on_text(self._decoder.decode(text))

    def close(self) -> None:
        if self._descriptor >= 0:
            self._descriptor = -1
            self._resume()
            self._wait_for_mark()
            self._thread.join(_MARK_SECONDS)

    def _listen(self) -> None:
        self._thread = threading.Thread(target=self._read_all, args=(self._descriptor,), daemon=True, name="output")
        self._resume()
        self._thread.start()

    def _resume(self) -> None:
        self._may_read.set()

    def _pause(self) -> None:
        self._may_read.clear()

    def _read_pending(self) -> None:
        """Wait until the thread has read what is in the pipe. The wait is limited: a function may read the mark."""
        if self._descriptor >= 0:
            self._is_paused = False
            self._resume()
            self._wait_for_mark()

    def _wait_for_mark(self) -> None:
        self._is_marked.clear()
        os.write(self._writing, self._mark.encode())
        self._is_marked.wait(_MARK_SECONDS)

    def _read_all(self, descriptor: int) -> None:
        """Read until the mark comes after `close`, or until the pipe ends."""
        mark, last = self._mark.encode(), b""
        while self._may_read.wait() and (data := os.read(descriptor, _READ_BYTES)):
            with self._lock:
                self._keep(data)
            last += data
            if mark in last:
                self._is_marked.set()
                if self._descriptor < 0:
                    return
            last = last[1 - len(mark) :]  # the mark may come in two parts


def _waiting_bytes(descriptor: int) -> int:
    """The number of bytes in a pipe (FIONREAD in pipe(7)); 0 if it is unknown."""
    if sys.platform == "win32":
        return 0
    try:
        return int.from_bytes(fcntl.ioctl(descriptor, termios.FIONREAD, _ROOM_FOR_AN_INT), sys.byteorder)
    except OSError:
        return 0
