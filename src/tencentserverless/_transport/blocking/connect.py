"""Makes connections for the blocking transport: addresses, proxy, TLS."""

import socket
from time import monotonic

from tencentserverless._forks import no_fork
from tencentserverless._protocol.effects import READ, Fault
from tencentserverless._protocol.tunnel import tunnel
from tencentserverless._signals import pass_on
from tencentserverless._transport import tls_context
from tencentserverless._transport.addresses import in_order
from tencentserverless._transport.blocking.drive import drive
from tencentserverless._transport.blocking.race import Race
from tencentserverless._transport.blocking.resolve import resolve
from tencentserverless._transport.faults import FAMILIES, fault_of
from tencentserverless._transport.readiness import Readiness
from tencentserverless._transport.socket_options import set_options

__tracebackhide__ = True  # from pytest: it shows the caller's frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ssl import SSLContext, SSLSession, SSLSocket
    from typing import Any, Callable, Optional

    from tencentserverless._protocol.effects import Origin
    from tencentserverless._transport.blocking.connection import Connection
    from tencentserverless._transport.route import Route


def connect(connection: "Connection", route: "Route", deadline: "Optional[float]") -> None:
    """Connect to the origin of `connection`, through its proxy if it has one. Raises Fault."""
    limit = monotonic() + route.connect_timeout
    if deadline is not None and deadline < limit:
        limit = deadline
    _Connecting(connection, route, limit, deadline).run()


class _Connecting:
    """A connection that is being made. It ends at `limit` (monotonic), the connect timeout or the deadline."""

    def __init__(self, connection: "Connection", route: "Route", limit: float, deadline: "Optional[float]") -> None:
        self.connection = connection
        self.route = route
        self.limit = limit
        self.deadline = deadline

    def run(self) -> None:
        origin = self.connection.origin
        proxy = origin.proxy
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
            self._secure(origin.host, origin)

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
            found = resolve(host, port, self._left("resolve"))
        except FAMILIES as error:
            fault = fault_of("resolve", error)
            raise Fault("resolve", f"{host}: {fault.reason}", final=fault.final) from error
        if found is None:
            raise self._too_late("resolve")
        if not found:
            raise Fault("resolve", f"{host}: the resolver gave no address")
        addresses = in_order(found, self.route.answered(host, port))
        race = Race(addresses, lambda: self._left("connect"), lambda: self._too_late("connect"))
        address = race.run(self.connection.use)
        set_options(self.connection.sock)
        if len(addresses) > 1:
            self.route.keep_answered(host, port, address)

    def _tunnel(self) -> None:
        """Ask the proxy for a connection to the origin."""
        connection = self.connection
        connection.deadline = self.limit

        def perform(effect: "Any") -> "Optional[bytes]":
            try:
                if effect is READ:
                    return connection.read()
                connection.write(effect.data)
            except Fault as fault:
                fault.deadline = fault.deadline and self.limit == self.deadline  # or was it the connect timeout?
                raise
            return None

        drive(tunnel(connection.origin), perform)

    def _secure(self, host: str, resumed: "Optional[Origin]") -> None:
        """Begin TLS with a host. resumed: the origin whose session is resumed if there is one."""
        context = self.connection.context = tls_context.context(self.route.ca_file)
        session = None if resumed is None else self.route.session(resumed, context)
        try:
            self.connection.use(_wrapped(self.connection.sock, context, host, session, lambda: self._left("tls")))
        except FAMILIES as error:
            pass_on(error)
            if isinstance(error, socket.timeout):
                raise self._too_late("tls") from error
            raise tls_context.handshake_fault(error) from error


def _wrapped(
    sock: "Any", context: "SSLContext", host: str, session: "Optional[SSLSession]", left: "Callable[[], float]"
) -> "Any":
    if hasattr(sock, "session"):  # an SSLSocket, to an https proxy
        with no_fork:
            from tencentserverless._transport.tls_in_tls import TLSInTLSSocket
        return TLSInTLSSocket(sock, context, host, left, session)
    if not tls_context.is_plain(context):  # truststore, for one, checks the certificate as soon as a socket is wrapped
        sock.settimeout(left())
        return context.wrap_socket(sock, server_hostname=host, session=session)
    sock.setblocking(False)
    wrapped = context.wrap_socket(sock, do_handshake_on_connect=False, server_hostname=host, session=session)
    return _shaken(wrapped, left)


def _shaken(sock: "SSLSocket", left: "Callable[[], float]") -> "SSLSocket":
    """Shake hands in steps: OpenSSL holds locks within a step, so that no child may be forked there."""
    import ssl

    readiness = Readiness(sock)
    try:
        while True:
            try:
                with no_fork:
                    sock.do_handshake()
                return sock
            except ssl.SSLWantReadError:
                readiness.readable(left())
            except ssl.SSLWantWriteError:
                readiness.writable(left())
    except BaseException:
        sock.close()
        raise
