"""One connection of the blocking transport: reads and writes within a deadline."""

from time import monotonic

from tencentserverless._forks import no_fork
from tencentserverless._protocol.effects import Fault
from tencentserverless._signals import pass_on
from tencentserverless._transport import tls_context
from tencentserverless._transport.faults import FAMILIES, fault_of, quietly
from tencentserverless._transport.readiness import Readiness

__tracebackhide__ = True  # from pytest: it shows the caller's frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional

    from tencentserverless._protocol.effects import Origin
    from tencentserverless._transport.blocking.places import Places
    from tencentserverless._transport.route import Route

READ_BYTES = 65536  # more than a TLS record, so that no decrypted byte stays where poll cannot see it


class Connection:
    """One connection to an origin. `deadline` (monotonic, None for no limit) bounds every read and write.

    It has a place in a pool from `Places.take` until it is closed, or until nothing refers to it any more.
    The socket is non-blocking, and a kept poll object waits for it. Compared with a socket that has a timeout, this
    saves system calls, and with many threads it saves switches between them.
    """

    __slots__ = (
        *("origin", "deadline", "context", "session_kept", "__weakref__"),
        *("_places", "_sock", "_readiness", "_send", "_receive", "_wait"),
    )

    def __init__(self, origin: "Origin", places: "Places") -> None:
        self.origin = origin
        self.deadline: "Optional[float]" = None
        self.context: "Any" = None  # of TLS
        self.session_kept = True
        self._places = places
        self._sock: "Any" = None

    def use(self, sock: "Any") -> None:
        """Read and write through `sock` from now on. The connection closes it."""
        self._sock = sock
        is_tls = hasattr(sock, "session")
        sock.setblocking(False)
        self.session_kept = not is_tls
        self._readiness = Readiness(sock)
        self._send = sock.write if is_tls else sock.send  # an SSLSocket's send and recv only wrap write and read
        self._receive = sock.read if is_tls else sock.recv
        self._wait = tls_context.would_block() if is_tls else BlockingIOError

    @property
    def sock(self) -> "Any":
        return self._sock

    def write(self, data: bytes) -> None:
        """Hand all of `data` to the kernel. A Fault means that the kernel did not take the last byte."""
        rest: "Any" = data
        self._left("write")
        while True:
            try:
                sent = self._send(rest)
                if sent == len(rest):
                    return
                rest = memoryview(rest)[sent:]
            except self._wait:
                if not self._readiness.writable(self._left("write")):
                    raise _too_late("write") from None
            except FAMILIES as error:
                raise fault_of("write", error) from error

    def read(self) -> bytes:
        """The next bytes; b"" at the end of the connection."""
        while True:
            if not self._readiness.readable(self._left("read")):
                raise _too_late("read")  # the kernel says so; tests that freeze time may have stopped our clock
            try:
                if self.session_kept:
                    return self._receive(READ_BYTES)  # type: ignore[no-any-return]
                with no_fork:  # OpenSSL takes locks for the session that comes with the first answer
                    return self._receive(READ_BYTES)  # type: ignore[no-any-return]
            except self._wait:
                continue
            except FAMILIES as error:
                raise fault_of("read", error) from error

    def is_quiet(self) -> bool:
        """Whether the other side has neither closed nor sent anything since the last answer."""
        try:
            if not self._readiness.is_readable():
                return not getattr(self._sock, "is_over", False)  # TLS in TLS may have read the end with the answer
            self._receive(READ_BYTES)
        except self._wait:
            return True  # session tickets and key updates of TLS 1.3 make a socket readable without data in them
        except FAMILIES as error:
            pass_on(error)
        return False

    def close(self) -> None:
        """Close the socket and give the place back. The second time it does nothing."""
        sock, self._sock = self._sock, None
        try:
            if sock is not None:
                quietly(sock.close)
        finally:
            self._places.give_back(self)

    def __del__(self) -> None:  # a connection that was lost where its exchange was broken off
        if hasattr(self, "_sock"):  # else it was broken off while it was made
            self.close()

    def keep_session(self, route: "Route") -> None:
        """Remember the TLS session for the next handshake. With TLS 1.3 there is one after the first answer."""
        self.session_kept = True
        route.keep_session(self.origin, self.context, self._sock.session)

    def _left(self, phase: str) -> "Optional[float]":
        """Seconds until the deadline; None without a deadline."""
        if self.deadline is None:
            return None
        left = self.deadline - monotonic()
        if left <= 0:
            raise _too_late(phase)
        return left


def _too_late(phase: str) -> Fault:
    reason = "no answer" if phase == "read" else "the request could not be written in time"
    return Fault(phase, reason, deadline=True)
