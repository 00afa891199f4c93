"""The file descriptors between the endpoint and one worker."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress

PIPE_BYTES = 1024 * 1024
_F_SETPIPE_SZ = 1031


class Ends:
    """One side's ends of channel, output, life line, and of the queue of events where there is one: ours are where
    they go in, and a second of the worker's."""

    def __init__(self, channel: socket.socket, output: int, life: int, *events: socket.socket) -> None:
        self.channel = channel
        self.output = output
        self.life = life
        self.events = events

    @property
    def incoming(self) -> int:
        """Where a worker reads what it is to run."""
        return (self.events[0] if self.events else self.channel).fileno()

    @classmethod
    @contextmanager
    def pair(cls) -> "Iterator[tuple[Ends, Ends]]":
        """Ours and the worker's. Theirs is closed at the end, ours if something goes wrong."""
        ours, theirs = socket.socketpair()
        life_read, life_write = os.pipe()
        output_read, output_write = os.pipe()
        queue = _queue()
        mine = cls(ours, output_read, life_write, *queue[:1], *(end.dup() for end in queue[1:]))
        its = cls(theirs, output_write, life_read, *queue[1:])
        try:
            yield mine, its
        except BaseException:
            mine.close()
            raise
        finally:
            its.close()

    def ready(self) -> "Ends":
        for end in (self.channel, *self.events[:1]):
            end.setblocking(False)
        os.set_blocking(self.output, False)
        _widen(self.output)
        return self

    def close(self) -> None:
        for end in (self.channel, *self.events):
            end.close()
        os.close(self.output)
        os.close(self.life)


def _queue() -> tuple[socket.socket, ...]:
    """The two ends of a queue of packets; none where the system has no such queues."""
    try:
        return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    except (AttributeError, OSError):
        return ()


def _widen(pipe: int) -> None:
    """A function that prints much should not wait for us. Linux; may be refused."""
    with suppress(ImportError, OSError):
        import fcntl

        fcntl.fcntl(pipe, _F_SETPIPE_SZ, PIPE_BYTES)
