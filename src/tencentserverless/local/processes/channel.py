"""The endpoint's end of the channel to a worker: frames over a stream socket, on the event loop.

The endpoint sends one frame, and the worker answers with one.
"""

import asyncio
import socket
import sys
from collections.abc import Callable

from tencentserverless.local.processes.frames import READ_BYTES, Decoder, Frame, Kind, WireError

_NOTHING = memoryview(b"")


class Channel:
    """Sends frames to a worker and receives those that it sends.

    connection: a non-blocking socket. It is not closed here.
    on_frames: called with the frames that have come.
    on_end: called once, when the socket ends or something comes that a worker does not send. The argument is true if it
    is certain that the worker has not read all of the last frame. Then the event can be given to another worker.
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
        # When a Unix socket is closed while it has unread bytes, Linux reports ECONNRESET to the other end. Otherwise
        # it reports an end of file (unix_release_sock in the kernel's net/unix/af_unix.c). So a reset means that the
        # worker has not read all of its frame. A TCP connection is reset for other reasons too, so that proves nothing.
        self._reset_means_unread = sys.platform == "linux" and connection.family == socket.AF_UNIX
        self._loop.add_reader(connection, self._on_readable)

    def send(self, data: bytes) -> None:
        """Send one encoded frame. Bytes that do not fit into the socket's buffer now are sent later."""
        self._unsent = memoryview(data)
        self._send_rest()

    def drain(self) -> None:
        """Read and handle all frames that have arrived, without waiting."""
        while self._is_open and self._read_once():
            pass

    def close(self) -> None:
        """Stop reading and sending. The socket stays open: it belongs to the worker's handle."""
        if self._is_open:
            self._is_open = False
            self._loop.remove_reader(self._connection)
            self._stop_waiting_to_send()

    def _on_readable(self) -> None:
        self._read_once()

    def _read_once(self) -> bool:
        """Read once and handle the frames. Whether there may be more to read."""
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
        if frames and self._unsent and frames[0].kind is not Kind.NOT_SET_UP:
            # This is an answer before the frame has been sent: the function itself wrote it.
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
        except OSError:  # the reader sees the end too; the bytes that are left in `_unsent` were certainly not read
            pass
        else:
            self._unsent = _NOTHING  # an empty slice would keep the frame in memory
        self._stop_waiting_to_send()

    def _stop_waiting_to_send(self) -> None:
        if self._waits_to_send:
            self._waits_to_send = False
            self._loop.remove_writer(self._connection)
