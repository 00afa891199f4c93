"""What a worker is to run, on its way to it.

On Linux this is a queue of the kernel's in which an event is a packet, and whoever takes a packet has it. So events can
be handed to a worker ahead, before it has answered the one before, and be taken back as long as it has not begun them:
what is read back here the worker will never see. Elsewhere frames go down the channel, one at a time.
"""

import asyncio
import errno
import socket
import sys

PACKET_BYTES = 64 * 1024


class Events:
    """queue: where frames go in, which does not block. other_end: the worker's end of it, to take back from."""

    def __init__(self, queue: socket.socket, other_end: socket.socket | None) -> None:
        self._loop = asyncio.get_running_loop()
        self._queue = queue
        self._other_end = other_end
        self._most = sys.maxsize if other_end is None else PACKET_BYTES
        self._unsent = memoryview(b"")

    def send(self, data: bytes) -> None:
        """Hand over one encoded frame; what the kernel does not take now follows when it can."""
        if self._unsent:
            self._unsent = memoryview(bytes(self._unsent) + data)
            return
        rest = self._rest_of(data)
        if rest:
            self._unsent = rest
            self._loop.add_writer(self._queue, self._writable)

    def offer(self, data: bytes) -> bool:
        """Hand over one encoded frame ahead, if it can be taken back and the kernel takes it now."""
        if self._other_end is None or self._unsent or len(data) > PACKET_BYTES:
            return False
        return not self._rest_of(data)

    def take_back(self) -> list[bytes]:
        """The packets that the worker has not taken and will not get any more. While we take, it takes, too."""
        packets = []
        while self._other_end is not None:
            try:
                # The worker's own reads are to block, so its end is not made one that does not.
                packet = self._other_end.recv(PACKET_BYTES, socket.MSG_DONTWAIT)
            except OSError:
                break
            if not packet:  # the function has shut down its end
                break
            packets.append(packet)
        return packets

    def close(self) -> None:
        """Send nothing more; the sockets stay their owner's."""
        if self._unsent:
            self._unsent = memoryview(b"")
            self._loop.remove_writer(self._queue)

    def _rest_of(self, data: bytes | memoryview) -> memoryview:
        """What the kernel does not take now."""
        rest = memoryview(data)
        while rest and (taken := self._taken(rest[: self._most])):
            rest = rest[taken:]
        return rest

    def _writable(self) -> None:
        self._unsent = self._rest_of(self._unsent)
        if not self._unsent:
            self._loop.remove_writer(self._queue)

    def _taken(self, packet: memoryview) -> int:
        try:
            return self._queue.send(packet)
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError as error:  # the channel tells that it has ended
            return 0 if error.errno == errno.ENOBUFS else len(packet)
