"""Makes connections for the blocking transport: addresses, proxy, TLS."""

import socket
from time import monotonic

from tencentserverless._protocol.effects import READ, Fault
from tencentserverless._protocol.tunnel import tunnel
from tencentserverless._transport import tls_context
from tencentserverless._transport.blocking.connection import Connection
from tencentserverless._transport.blocking.drive import drive
from tencentserverless._transport.socket_options import set_options

__tracebackhide__ = True  # from pytest: it shows the caller's frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ssl import SSLContext, SSLSession
    from typing import Any, Optional

    from tencentserverless._protocol.effects import Origin
    from tencentserverless._transport.route import Route


def connect(origin: "Origin", route: "Route", deadline: "Optional[float]") -> Connection:
    """A new connection to `origin`, through its proxy if it has one. Raises Fault."""
    limit = monotonic() + route.connect_timeout
    if deadline is not None and deadline < limit:
        limit = deadline
    connecting = _Connecting(origin, route, limit, deadline)
    try:
        connecting.run()
        return Connection(origin, route, connecting.sock, deadline)
    except BaseException:
        connecting.close()
        raise


class _Connecting:
    """A connection that is being made. It ends at `limit` (monotonic), the connect timeout or the deadline."""

    def __init__(self, origin: "Origin", route: "Route", limit: float, deadline: "Optional[float]") -> None:
        self.origin = origin
        self.route = route
        self.limit = limit
        self.deadline = deadline
        self.sock: "Any" = None

    def run(self) -> None:
        origin, proxy = self.origin, self.origin.proxy
        if proxy is None:
            self._reach(origin.host, origin.port)
        else:
            try:
                self._reach(proxy.host, proxy.port)
                if proxy.scheme == "https":
                    self._secure(proxy.host, None)
            except Fault as fault:
                raise Fault("proxy", f"{proxy!r}: {fault.reason}", fault.deadline, fault.final) from fault.__cause__
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
        """Connect to the first address of `host` that answers."""
        try:
            addresses = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise Fault("resolve", f"{host}: {error}") from error
        for tried, (family, kind, protocol, _, address) in enumerate(addresses, 1):
            self.sock = socket.socket(family, kind, protocol)
            try:
                # An address that does not answer must leave time for the addresses after it.
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
        """Ask the proxy for a connection to the origin."""
        connection = Connection(self.origin, self.route, self.sock, self.limit)

        def perform(effect: "Any") -> "Optional[bytes]":
            try:
                if effect is READ:
                    return connection.read()
                connection.write(effect.data)
            except Fault as fault:
                fault.deadline = fault.deadline and self.limit == self.deadline  # or was it the connect timeout?
                raise
            return None

        drive(tunnel(self.origin), perform)

    def _secure(self, host: str, session: "Optional[SSLSession]") -> None:
        context = tls_context.context(self.route.ca_file)
        self.sock.settimeout(self._left("tls"))
        try:
            self.sock = _wrapped(self.sock, context, host, session)
        except socket.timeout as error:
            raise self._too_late("tls") from error
        except (OSError, ValueError) as error:
            raise tls_context.handshake_fault(error) from error


def _wrapped(sock: "Any", context: "SSLContext", host: str, session: "Optional[SSLSession]") -> "Any":
    if hasattr(sock, "session"):  # an SSLSocket, to an https proxy
        from tencentserverless._transport.tls_in_tls import TLSInTLSSocket

        return TLSInTLSSocket(sock, context, host, session)
    return context.wrap_socket(sock, server_hostname=host, session=session)
