"""What a worker prints: taken off its pipe as it comes, handed out per event."""

import array
import asyncio
import os
import sys

if sys.platform != "win32":
    import fcntl
    import termios

KEPT_BYTES = 4 * 1024 * 1024
_READ_BYTES = 64 * 1024
_count = array.array("i", [0])


class Output:
    """The reading end of a worker's stdout and stderr. Keeps the last `KEPT_BYTES` of each event."""

    def __init__(self, descriptor: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._descriptor = descriptor
        self._parts: list[bytes] = []
        self._bytes = self._dropped = 0
        self._loop.add_reader(descriptor, self._read, _READ_BYTES)

    def take(self) -> str:
        """All that was written until now. What a worker wrote before its answer came is in the pipe by then."""
        if self._descriptor >= 0:
            waiting = _waiting_bytes(self._descriptor)
            while waiting > 0 and (count := self._read(waiting)):
                waiting -= count
        return self.take_read()

    def take_read(self) -> str:
        """What the loop has read until now; what was written this very moment may still be in the pipe."""
        text = b"".join(self._parts).decode("utf-8", "replace") if self._parts else ""
        note = f"... {self._dropped} bytes before this are not kept ...\n" if self._dropped else ""
        if self._bytes:
            self._parts, self._bytes, self._dropped = [], 0, 0
        return note + text

    def close(self) -> None:
        """Stop reading; the descriptor stays its owner's."""
        if self._descriptor >= 0:
            self._loop.remove_reader(self._descriptor)
            self._descriptor = -1

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


def _waiting_bytes(descriptor: int) -> int:
    if sys.platform == "win32":
        return 0
    try:
        fcntl.ioctl(descriptor, termios.FIONREAD, _count)
    except OSError:
        return 0
    return _count[0]
