"""Waiting until a non-blocking socket can be read or written."""

import select

__tracebackhide__ = True  # from pytest: it shows the caller's frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, List, Optional

# The longest wait. Python runs signal handlers between two waits of the main thread. A signal does not always interrupt
# one: the kernel may give it to another thread, and on Windows Ctrl-C interrupts none.
LONGEST_SECONDS = 1.0


class Readiness:
    """Waits for one non-blocking socket, at most `seconds` (None: without limit). Returns whether it is ready.

    The poll object for reading is kept, because every exchange needs it; one for writing is rarely needed.
    """

    __slots__ = ("_poll_readable", "_sock")

    def __init__(self, sock: "Any") -> None:
        self._sock = sock
        self._poll_readable = _poll([sock], "POLLIN")

    def is_readable(self) -> bool:
        return bool(self._poll_readable(0))

    def readable(self, seconds: "Optional[float]") -> bool:
        return _wait(self._poll_readable, seconds)

    def writable(self, seconds: "Optional[float]") -> bool:
        return is_any_writable([self._sock], seconds)


def is_any_writable(socks: "List[Any]", seconds: "Optional[float]") -> bool:
    """Wait until one of the sockets is writable or has failed."""
    return _wait(_poll(socks, "POLLOUT"), seconds)


def _wait(poll: "Callable[[float], Any]", seconds: "Optional[float]") -> bool:
    while seconds is None or seconds > LONGEST_SECONDS:
        if poll(LONGEST_SECONDS * 1000):
            return True
        seconds = None if seconds is None else seconds - LONGEST_SECONDS
    # Rounded up: a wait that is over is the deadline, so it must not end before it.
    return bool(poll(seconds * 1000 + 1 if seconds else 0))


def _poll(socks: "List[Any]", event: str) -> "Any":
    """A function that waits for `event` on any of `socks`; its argument is the number of milliseconds."""
    if not hasattr(select, "poll"):  # Windows, and eventlet
        return lambda milliseconds: _select(socks, event, milliseconds)
    poller = select.poll()
    for sock in socks:
        poller.register(sock, getattr(select, event))
    return poller.poll


def _select(socks: "List[Any]", event: str, milliseconds: float) -> bool:
    reading, writing = (socks, []) if event == "POLLIN" else ([], socks)
    return any(select.select(reading, writing, socks, milliseconds / 1000))
