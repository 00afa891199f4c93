"""Waiting until a non-blocking socket can be read or written."""

import select

__tracebackhide__ = True  # from pytest: it shows the caller's frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional


class Readiness:
    """Waits for one non-blocking socket, at most `seconds` (None: without limit). Returns whether it is ready.

    The poll object for reading is kept, because every exchange needs it; one for writing is rarely needed.
    """

    __slots__ = ("_poll_readable", "_sock")

    def __init__(self, sock: "Any") -> None:
        self._sock = sock
        self._poll_readable = _poll(sock, "POLLIN")

    def is_readable(self) -> bool:
        return bool(self._poll_readable(0))

    def readable(self, seconds: "Optional[float]") -> bool:
        return bool(self._poll_readable(_milliseconds(seconds)))

    def writable(self, seconds: "Optional[float]") -> bool:
        return bool(_poll(self._sock, "POLLOUT")(_milliseconds(seconds)))


def _milliseconds(seconds: "Optional[float]") -> "Optional[float]":
    """Milliseconds, rounded up: a wait that ended before the deadline would be repeated in a busy loop."""
    return None if seconds is None else seconds * 1000 if seconds == 0 else seconds * 1000 + 1


def _poll(sock: "Any", event: str) -> "Any":
    """A function that waits for `event`; its argument is the number of milliseconds."""
    if not hasattr(select, "poll"):  # Windows
        return lambda milliseconds: _select(sock, event, milliseconds)
    poller = select.poll()
    poller.register(sock, getattr(select, event))
    return poller.poll


def _select(sock: "Any", event: str, milliseconds: "Optional[float]") -> bool:
    waiting = [sock]
    seconds = None if milliseconds is None else milliseconds / 1000
    reading, writing = (waiting, []) if event == "POLLIN" else ([], waiting)
    return any(select.select(reading, writing, waiting, seconds))
