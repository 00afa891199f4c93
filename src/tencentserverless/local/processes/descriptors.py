"""The file descriptors between the endpoint and one worker."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress

PIPE_BYTES = 1024 * 1024
_F_SETPIPE_SZ = 1031


class Ends:
    """One side's descriptors: the channel, the pipe of what is printed, and the life line.

    The life line is a pipe into which nobody writes. The kernel closes it when the endpoint ends.
    """

    def __init__(self, channel: socket.socket, output: int, life: int) -> None:
        self.channel = channel
        self.output = output
        self.life = life

    @classmethod
    @contextmanager
    def pair(cls) -> "Iterator[tuple[Ends, Ends]]":
        """The endpoint's side and the worker's. The worker's is closed at the end; ours only after an exception."""
        ours, theirs = socket.socketpair()
        life_read, life_write = os.pipe()
        output_read, output_write = os.pipe()
        mine, its = cls(ours, output_read, life_write), cls(theirs, output_write, life_read)
        try:
            yield mine, its
        except BaseException:
            mine.close()
            raise
        finally:
            its.close()

    def ready(self) -> "Ends":
        """The endpoint's side, made non-blocking."""
        self.channel.setblocking(False)
        os.set_blocking(self.output, False)
        _widen(self.output)
        return self

    def close(self) -> None:
        self.channel.close()
        os.close(self.output)
        os.close(self.life)


def _widen(pipe: int) -> None:
    """Enlarge the pipe, so that a function that prints much need not wait for us. Linux; may be refused."""
    with suppress(ImportError, OSError):
        import fcntl

        fcntl.fcntl(pipe, _F_SETPIPE_SZ, PIPE_BYTES)
