"""The file descriptors between the endpoint and one worker."""

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

PIPE_BYTES = 1024 * 1024
_F_SETPIPE_SZ = 1031


class Descriptors:
    """One side's descriptors: the channel, the output pipe and the life line.

    The output pipe carries the worker's stdout and stderr. The life line is a pipe to which nothing is written. The
    kernel closes it when the endpoint ends, and the worker ends with it.
    """

    def __init__(self, channel: socket.socket, output: int, life: int) -> None:
        self.channel = channel
        self.output = output
        self.life = life

    @classmethod
    @contextmanager
    def pair(cls) -> "Iterator[tuple[Descriptors, Descriptors]]":
        """The endpoint's side and the worker's side.

        The worker's side is closed at the end, because the worker has a copy then. The endpoint's side stays open,
        except after an exception.
        """
        with ExitStack() as if_refused:  # the system may refuse one of them
            endpoint_socket, worker_socket = map(if_refused.enter_context, socket.socketpair())
            worker_socket.setblocking(True)  # also if the program has called `socket.setdefaulttimeout`
            life_read, life_write = os.pipe()
            for descriptor in (life_read, life_write):
                if_refused.callback(os.close, descriptor)
            output_read, output_write = os.pipe()
            if_refused.pop_all()
        ours = cls(endpoint_socket, output_read, life_write)
        theirs = cls(worker_socket, output_write, life_read)
        try:
            yield ours, theirs
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()

    def set_nonblocking(self) -> "Descriptors":
        """Make the endpoint's side non-blocking, and return it."""
        self.channel.setblocking(False)
        os.set_blocking(self.output, False)
        _enlarge(self.output)
        return self

    def close(self) -> None:
        self.channel.close()
        os.close(self.output)
        os.close(self.life)


def _enlarge(pipe: int) -> None:
    """Enlarge the buffer of a pipe, so that a function that prints much does not wait for the endpoint.

    Linux. The kernel may refuse it, as when the user's pipes are too large already (pipe(7)).
    """
    with suppress(ImportError, OSError):
        import fcntl

        fcntl.fcntl(pipe, _F_SETPIPE_SZ, PIPE_BYTES)
