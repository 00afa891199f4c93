"""Frames to and from a worker over its socket, on the event loop."""

import asyncio
import socket
from collections.abc import Callable

from tencentserverless.local.wire import Decoder, Frame, WireError

_READ_BYTES = 256 * 1024


class Channel:
    """Calls `on_frames` with the frames that come, and `on_end` once: at the end of file, or when nonsense comes."""

    def __init__(
        self, connection: socket.socket, on_frames: Callable[[list[Frame]], None], on_end: Callable[[], None]
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._connection = connection
        self._on_frames = on_frames
        self._on_end = on_end
        self._decoder = Decoder()
        self._unsent = memoryview(b"")
        self._open = True
        self._loop.add_reader(connection, self._readable)

    def send(self, data: bytes) -> None:
        """Hand over one encoded frame; what the kernel does not take now follows when it can."""
        if self._unsent:
            self._unsent = memoryview(bytes(self._unsent) + data)
            return
        taken = self._taken(data)
        if taken < len(data) and self._open:
            self._unsent = memoryview(data)[taken:]
            self._loop.add_writer(self._connection, self._writable)

    def drain(self) -> None:
        """Take in what has come already."""
        while self._open and self._read_once():
            pass

    def close(self) -> None:
        """Stop listening; the socket stays its owner's."""
        if self._open:
            self._open = False
            self._loop.remove_reader(self._connection)
            self._loop.remove_writer(self._connection)

    def _readable(self) -> None:
        self._read_once()

    def _read_once(self) -> bool:
        try:
            data = self._connection.recv(_READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return False
        except OSError:
            data = b""
        if not data:
            self._ended()
            return False
        try:
            frames = self._decoder.feed(data)
        except WireError:
            self._ended()
            return False
        if frames:
            self._on_frames(frames)
        return self._open

    def _writable(self) -> None:
        self._unsent = self._unsent[self._taken(self._unsent) :]
        if not self._unsent:
            self._loop.remove_writer(self._connection)

    def _taken(self, data: bytes | memoryview) -> int:
        """How much of it the kernel takes now."""
        try:
            return self._connection.send(data)
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError:  # the reader sees the end of file
            return len(data)

    def _ended(self) -> None:
        if self._open:
            self.close()
            self._on_end()
