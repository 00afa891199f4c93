"""Makes connections, and reads and writes them within a deadline."""

import socket
from time import monotonic

from tencentserverless._protocol.effects import READ, Fault
from tencentserverless._protocol.tunnel import tunnel
from tencentserverless._transport import tls_context
from tencentserverless._transport.readiness import Readiness
from tencentserverless._transport.socket_options import set_options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ssl import SSLContext, SSLSession
    from typing import Any, Optional

    from tencentserverless._protocol.effects import Origin
    from tencentserverless._transport.route import Route

READ_BYTES = 65536  # more than a TLS record, so that nothing decrypted stays behind where poll cannot see it


class Connection(object):
    """One connection to an origin. `deadline` (monotonic, or None) bounds every read and write.

    The socket does not block; a kept poll object waits. Against a socket with a time-out that saves system calls and,
    with many threads, hand-overs of the interpreter.
    """

    __slots__ = ("origin", "deadline", "session_kept", "_route", "_sock", "_wait", "_send", "_receive", "_not_yet")

    def __init__(self, origin: "Origin", route: "Route", sock: "Any", deadline: "Optional[float]") -> None:
        is_tls = hasattr(sock, "session")
        sock.setblocking(False)
        self.origin = origin
        self.deadline = deadline
        self.session_kept = not is_tls
        self._route = route
        self._sock = sock
        self._wait = Readiness(sock)
        self._send = sock.write if is_tls else sock.send  # an SSLSocket's send and recv wrap write and read
        self._receive = sock.read if is_tls else sock.recv
        self._not_yet = tls_context.not_yet() if is_tls else BlockingIOError

    def write(self, data: bytes) -> None:
        """Hand all of `data` to the kernel. A Fault means that its last byte was not taken."""
        rest = data  # type: Any
        self._left("write")
        while True:
            try:
                sent = self._send(rest)
                if sent == len(rest):
                    return
                rest = memoryview(rest)[sent:]
            except self._not_yet:
                self._wait.writable(self._left("write"))
            except OSError as error:
                raise Fault("write", str(error) or type(error).__name__) from error

    def read(self) -> bytes:
        """The bytes that come next; b"" at the end of the connection."""
        while True:
            self._wait.readable(self._left("read"))
            try:
                return self._receive(READ_BYTES)  # type: ignore[no-any-return]
            except self._not_yet:
                continue
            except OSError as error:
                raise Fault("read", str(error) or type(error).__name__) from error

    def is_quiet(self) -> bool:
        """Whether the other side has neither closed nor said anything since the last answer."""
        try:
            if not self._wait.readable(0):
                return not getattr(self._sock, "is_over", False)  # TLS within TLS: read already, with the answer
            self._receive(READ_BYTES)
        except self._not_yet:
            return True  # TLS 1.3 tickets and key updates make a socket readable too: only a read tells
        except (OSError, ValueError):
            pass
        return False

    def close(self) -> None:
        self._sock.close()

    def keep_session(self) -> None:
        """Remember the TLS session for the next handshake; on TLS 1.3 it is there after the first answer."""
        self.session_kept = True
        session = self._sock.session
        if session is not None:
            self._route.sessions[self.origin] = session

    def _left(self, phase: str) -> "Optional[float]":
        """Seconds until the deadline; None where there is none."""
        if self.deadline is None:
            return None
        left = self.deadline - monotonic()
        if left <= 0:
            reason = "no answer" if phase == "read" else "the request could not be written in time"
            raise Fault(phase, reason, deadline=True)
        return left
