"""Frames that come from a worker over its socket, on the event loop."""

import asyncio
import socket
from collections.abc import Callable

from tencentserverless.local.processes.frames import READ_BYTES, Decoder, Frame, WireError


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
        self._open = True
        self._loop.add_reader(connection, self._readable)

    def drain(self) -> None:
        """Take in what has come already."""
        while self._open and self._read_once():
            pass

    def close(self) -> None:
        """Stop listening; the socket stays its owner's."""
        if self._open:
            self._open = False
            self._loop.remove_reader(self._connection)

    def _readable(self) -> None:
        self._read_once()

    def _read_once(self) -> bool:
        try:
            data = self._connection.recv(READ_BYTES)
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

    def _ended(self) -> None:
        if self._open:
            self.close()
            self._on_end()
