"""The channel to a worker, on the event loop: one frame down, one frame up, over a stream socket."""

import asyncio
import socket
import sys
from collections.abc import Callable

from tencentserverless.local.processes.frames import READ_BYTES, Decoder, Frame, WireError

_NOTHING = memoryview(b"")


class Channel:
    """Sends frames to a worker and receives those that it sends.

    on_frames: is called with the frames that have come.
    on_end: is called once, at the end of file or when something comes that a worker does not send. Its argument is true
    if the worker has certainly not read the last frame whole.
    """

    def __init__(
        self,
        connection: socket.socket,
        on_frames: Callable[[list[Frame]], None],
        on_end: Callable[[bool], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._connection = connection
        self._on_frames = on_frames
        self._on_end = on_end
        self._decoder = Decoder()
        self._is_open = True
        self._unsent = _NOTHING
        self._waits_to_send = False
        # When a Unix socket is closed with unread bytes in it, Linux resets the connection; otherwise it ends it. So a
        # reset says that the worker has not read its frame whole. TCP connections are reset for other reasons too.
        self._reset_means_unread = sys.platform == "linux" and connection.family == socket.AF_UNIX
        self._loop.add_reader(connection, self._readable)

    def send(self, data: bytes) -> None:
        """Send one encoded frame. What the kernel does not take now is sent when it can."""
        self._unsent = memoryview(data)
        self._send_rest()

    def drain(self) -> None:
        """Take in what has come already."""
        while self._is_open and self._read_once():
            pass

    def close(self) -> None:
        """Stop listening and sending. The socket stays open: it belongs to the worker's handle."""
        if self._is_open:
            self._is_open = False
            self._loop.remove_reader(self._connection)
            self._stop_waiting_to_send()

    def _readable(self) -> None:
        self._read_once()

    def _read_once(self) -> bool:
        """Whether there may be more to read."""
        is_unread = bool(self._unsent)
        try:
            data = self._connection.recv(READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return False
        except ConnectionResetError:
            data, is_unread = b"", is_unread or self._reset_means_unread
        except OSError:
            data = b""
        if not data:
            self._end(is_unread)
            return False
        try:
            frames = self._decoder.feed(data)
        except WireError:
            self._end(False)
            return False
        if frames and self._unsent:  # an answer before the question: a function has got hold of the channel
            self._end(False)
        elif frames:
            self._on_frames(frames)
        return self._is_open

    def _end(self, is_unread: bool) -> None:
        if self._is_open:
            self.close()
            self._on_end(is_unread)

    def _send_rest(self) -> None:
        try:
            while self._unsent:
                self._unsent = self._unsent[self._connection.send(self._unsent) :]
        except (BlockingIOError, InterruptedError):
            if not self._waits_to_send and self._is_open:
                self._waits_to_send = True
                self._loop.add_writer(self._connection, self._send_rest)
            return
        except OSError:  # the reader will see the end; what is left here has certainly not been read
            pass
        else:
            self._unsent = _NOTHING  # a slice would keep the whole frame in memory
        self._stop_waiting_to_send()

    def _stop_waiting_to_send(self) -> None:
        if self._waits_to_send:
            self._waits_to_send = False
            self._loop.remove_writer(self._connection)
