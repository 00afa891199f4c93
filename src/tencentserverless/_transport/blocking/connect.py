"""Makes connections, and reads and writes them within a deadline."""

import socket
from time import monotonic

from tencentserverless._protocol.effects import READ, Fault
from tencentserverless._protocol.tunnel import tunnel
from tencentserverless._transport import tls_context
from tencentserverless._transport.blocking.connection import Connection
from tencentserverless._transport.readiness import Readiness
from tencentserverless._transport.socket_options import set_options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ssl import SSLContext, SSLSession
    from typing import Any, Optional

    from tencentserverless._protocol.effects import Origin
    from tencentserverless._transport.route import Route

READ_BYTES = 65536  # more than a TLS record, so that nothing decrypted stays behind where poll cannot see it


def connect(origin: "Origin", route: "Route", deadline: "Optional[float]") -> Connection:
    """A new connection to `origin`, through its proxy where it has one. Raises Fault."""
    limit = monotonic() + route.connect_timeout
    if deadline is not None and deadline < limit:
        limit = deadline
    call = _NewConnection(origin, route, limit, deadline)
    try:
        call.connect()
        return Connection(origin, route, call.sock, deadline)
    except BaseException:
        call.close()
        raise


class _NewConnection(object):
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
        set_options(self.sock)

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
        context = tls_context.context(self.route.ca_file)
        self.sock.settimeout(self._left("tls"))
        try:
            self.sock = _wrapped(self.sock, context, host, session)
        except socket.timeout as error:
            raise self._too_late("tls") from error
        except (OSError, ValueError) as error:
            raise tls_context.refused(error) from error


def _wrapped(sock: "Any", context: "SSLContext", host: str, session: "Optional[SSLSession]") -> "Any":
    if hasattr(sock, "session"):
        from tencentserverless._transport.tls_in_tls import NestedSocket

        return NestedSocket(sock, context, host, session)
    return context.wrap_socket(sock, server_hostname=host, session=session)
