"""Makes connections, and reads and writes them within a deadline."""

import socket
from time import monotonic

from tencentserverless._protocol.effects import READ, Fault
from tencentserverless._protocol.tunnel import tunnel
from tencentserverless._transport import trust
from tencentserverless._transport.tune import tune
from tencentserverless._transport.wait import Wait

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
        self._wait = Wait(sock)
        self._send = sock.write if is_tls else sock.send  # an SSLSocket's send and recv wrap write and read
        self._receive = sock.read if is_tls else sock.recv
        self._not_yet = trust.not_yet() if is_tls else BlockingIOError

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


def dial(origin: "Origin", route: "Route", deadline: "Optional[float]") -> Connection:
    """A new connection to `origin`, through its proxy where it has one. Raises Fault."""
    limit = monotonic() + route.connect_timeout
    if deadline is not None and deadline < limit:
        limit = deadline
    call = _Call(origin, route, limit, deadline)
    try:
        call.connect()
        return Connection(origin, route, call.sock, deadline)
    except BaseException:
        call.close()
        raise


class _Call(object):
    """A connection in the making; `limit` (monotonic) ends all of it, `deadline` is the invocation's."""

    def __init__(self, origin: "Origin", route: "Route", limit: float, deadline: "Optional[float]") -> None:
        self.origin = origin
        self.route = route
        self.limit = limit
        self.deadline = deadline
        self.sock = None  # type: Any

    def connect(self) -> None:
        origin, proxy = self.origin, self.origin.proxy
        if proxy is None:
            self._reach(origin.host, origin.port)
        else:
            try:
                self._reach(proxy.host, proxy.port)
                if proxy.scheme == "https":
                    self._secure(proxy.host, None)
            except Fault as fault:
                raise Fault("proxy", "%r: %s" % (proxy, fault.reason), fault.deadline, fault.final) from fault.__cause__
            self._tunnel()
        if origin.scheme == "https":
            self._secure(origin.host, self.route.sessions.get(origin))

    def close(self) -> None:
        if self.sock is not None:
            self.sock.close()

    def _left(self, phase: str) -> float:
        left = self.limit - monotonic()
        if left <= 0:
            raise self._too_late(phase)
        return left

    def _too_late(self, phase: str) -> Fault:
        return Fault(phase, "timed out", deadline=self.limit == self.deadline)

    def _reach(self, host: str, port: int) -> None:
        try:
            addresses = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise Fault("resolve", "%s: %s" % (host, error)) from error
        for tried, (family, kind, protocol, _, address) in enumerate(addresses, 1):
            self.sock = socket.socket(family, kind, protocol)
            try:
                # an address that is silent leaves time for the others
                self.sock.settimeout(self._left("connect") / (len(addresses) - tried + 1))
                self.sock.connect(address)
                break
            except OSError as error:
                self.sock.close()
                if tried == len(addresses):
                    if isinstance(error, socket.timeout):
                        raise self._too_late("connect") from error
                    raise Fault("connect", str(error)) from error
        tune(self.sock)

    def _tunnel(self) -> None:
        through = Connection(self.origin, self.route, self.sock, self.limit)
        steps = tunnel(self.origin)
        try:
            effect = next(steps)  # type: Any
            while True:
                answer = None
                try:
                    if effect is READ:
                        answer = through.read()
                    else:
                        through.write(effect.data)
                except Fault as fault:
                    fault.deadline = fault.deadline and self.limit == self.deadline
                    effect = steps.throw(fault)
                else:
                    effect = steps.send(answer)
        except StopIteration:
            return

    def _secure(self, host: str, session: "Optional[SSLSession]") -> None:
        context = trust.context(self.route.ca_file)
        self.sock.settimeout(self._left("tls"))
        try:
            self.sock = _wrapped(self.sock, context, host, session)
        except socket.timeout as error:
            raise self._too_late("tls") from error
        except (OSError, ValueError) as error:
            raise trust.refused(error) from error


def _wrapped(sock: "Any", context: "SSLContext", host: str, session: "Optional[SSLSession]") -> "Any":
    if hasattr(sock, "session"):
        from tencentserverless._transport.nested import NestedSocket

        return NestedSocket(sock, context, host, session)
    return context.wrap_socket(sock, server_hostname=host, session=session)
