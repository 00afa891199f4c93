"""What a worker prints: taken off its pipe as it comes, handed out per event."""

import asyncio
import os
import secrets
import sys
import threading

if sys.platform != "win32":
    import fcntl
    import termios

KEPT_BYTES = 4 * 1024 * 1024
_READ_BYTES = 64 * 1024
_MARK_SECONDS = 1.0
_ROOM_FOR_AN_INT = bytes(4)


class Output:
    """The reading end of a worker's stdout and stderr. Keeps the last `KEPT_BYTES` of each event."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._parts: list[bytes] = []
        self._bytes = self._dropped = 0
        self._listen()

    def take(self) -> str:
        """All that was written until now. What a worker wrote before its answer came is in the pipe by then."""
        self._catch_up()
        return self._taken()

    def _taken(self) -> str:
        """What has been read and not been taken yet."""
        text = b"".join(self._parts).decode("utf-8", "replace") if self._parts else ""
        note = f"... {self._dropped} bytes before this are not kept ...\n" if self._dropped else ""
        if self._bytes:
            self._parts, self._bytes, self._dropped = [], 0, 0
        return note + text

    def _catch_up(self) -> None:
        """Read what is in the pipe now."""
        if self._descriptor >= 0:
            waiting = _waiting_bytes(self._descriptor)
            while waiting > 0 and (count := self._read(waiting)):
                waiting -= count

    def close(self) -> None:
        """Stop reading; the descriptor stays its owner's."""
        if self._descriptor >= 0:
            self._loop.remove_reader(self._descriptor)
            self._descriptor = -1

    def _listen(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._descriptor, self._read, _READ_BYTES)

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
        return len(data)

    def _keep(self, data: bytes) -> None:
        self._parts.append(data)
        self._bytes += len(data)
        if self._bytes > 2 * KEPT_BYTES:
            whole = b"".join(self._parts)
            self._parts = [whole[-KEPT_BYTES:]]
            self._dropped += len(whole) - KEPT_BYTES
            self._bytes = KEPT_BYTES


class ReadOutput(Output):
    """An output whose pipe no event loop can watch, as on Windows: a thread reads it.

    writing: our own descriptor of the pipe's other end. What we write into it comes after all that was written before:
    once the thread has read it, it has read that too. Only we know what it is, so no function can say it.
    """

    def __init__(self, descriptor: int, writing: int) -> None:
        self._writing = writing
        self._mark = secrets.token_hex(16)
        self._lock = threading.Lock()
        self._is_marked = threading.Event()
        super().__init__(descriptor)

    def _taken(self) -> str:
        with self._lock:
            return super()._taken().replace(self._mark, "")

    def close(self) -> None:
        if self._descriptor >= 0:
            self._descriptor = -1
            self._wait_for_mark()
            self._thread.join(_MARK_SECONDS)

    def _listen(self) -> None:
        self._thread = threading.Thread(target=self._follow, args=(self._descriptor,), daemon=True, name="output")
        self._thread.start()

    def _catch_up(self) -> None:
        """Wait until the thread has read what is in the pipe; not for ever, for a function may have read the mark."""
        if self._descriptor >= 0:
            self._wait_for_mark()

    def _wait_for_mark(self) -> None:
        self._is_marked.clear()
        os.write(self._writing, self._mark.encode())
        self._is_marked.wait(_MARK_SECONDS)

    def _follow(self, descriptor: int) -> None:
        mark, last = self._mark.encode(), b""
        while data := os.read(descriptor, _READ_BYTES):
            with self._lock:
                self._keep(data)
            last += data
            if mark in last:
                self._is_marked.set()
                if self._descriptor < 0:
                    return
            last = last[1 - len(mark) :]


def _waiting_bytes(descriptor: int) -> int:
    if sys.platform == "win32":
        return 0
    try:
        return int.from_bytes(fcntl.ioctl(descriptor, termios.FIONREAD, _ROOM_FOR_AN_INT), sys.byteorder)
    except OSError:
        return 0
