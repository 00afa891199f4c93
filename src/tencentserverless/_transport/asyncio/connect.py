"""Makes connections for the asyncio transport: addresses, proxy, TLS."""

from time import monotonic

from tencentserverless._protocol.effects import READ, Fault
from tencentserverless._protocol.tunnel import tunnel
from tencentserverless._signals import pass_on
from tencentserverless._transport import tls_context
from tencentserverless._transport.addresses import in_order
from tencentserverless._transport.asyncio.drive import drive
from tencentserverless._transport.asyncio.race import Race
from tencentserverless._transport.asyncio.resolve import resolve
from tencentserverless._transport.faults import FAMILIES, fault_of, quietly
from tencentserverless._transport.socket_options import set_options

__tracebackhide__ = True  # from pytest: it shows the caller's frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    from typing import Any, Optional

    from tencentserverless._protocol.effects import Origin
    from tencentserverless._transport.asyncio.connection import Connection
    from tencentserverless._transport.route import Route


async def connect(
    loop: "asyncio.AbstractEventLoop", connection: "Connection", route: "Route", deadline: "Optional[float]"
) -> None:
    """Connect to the origin of `connection`, through its proxy if it has one. Raises Fault."""
    limit = monotonic() + route.connect_timeout
    if deadline is not None and deadline < limit:
        limit = deadline
    connection.deadline = limit
    try:
        await _reach(loop, connection, route)
        if connection.origin.scheme == "https":
            await _secure(connection, route, connection.origin.host, connection.origin)
    except Fault as fault:
        fault.deadline = fault.deadline and limit == deadline  # or was it the connect timeout?
        raise


async def _reach(loop: "asyncio.AbstractEventLoop", connection: "Connection", route: "Route") -> None:
    """Connect to the origin, or to its proxy and through that to the origin."""
    proxy = connection.origin.proxy
    if proxy is None:
        await _open(loop, connection, route, connection.origin.host, connection.origin.port)
        return
    try:
        await _open(loop, connection, route, proxy.host, proxy.port)
        if proxy.scheme == "https":
            await _secure(connection, route, proxy.host, None)
    except Fault as fault:
        raise Fault("proxy", f"{proxy!r}: {fault.reason}", fault.deadline, fault.final) from fault.__cause__
    await _tunnel(connection)


async def _tunnel(connection: "Connection") -> None:
    """Ask the proxy for a connection to the origin."""

    async def perform(effect: "Any") -> "Optional[bytes]":
        if effect is READ:
            return await connection.read()
        connection.write(effect.data)
        await connection.drain()
        return None

    await drive(tunnel(connection.origin), perform)


async def _open(
    loop: "asyncio.AbstractEventLoop", connection: "Connection", route: "Route", host: str, port: int
) -> None:
    """Connect to the first address of `host` that answers."""
    deadline = connection.deadline
    assert deadline is not None

    def left() -> float:
        return max(0.001, deadline - monotonic())

    def too_late() -> Fault:
        return Fault("connect", "timed out", deadline=True)

    try:
        found = await resolve(loop, host, port, left())
    except FAMILIES as error:
        fault = fault_of("resolve", error)
        raise Fault("resolve", f"{host}: {fault.reason}", final=fault.final) from error
    if found is None:
        raise Fault("resolve", "timed out", deadline=True)
    if not found:
        raise Fault("resolve", f"{host}: the resolver gave no address")
    addresses = in_order(found, route.answered(host, port))
    sock, address = await Race(loop, addresses, left, too_late).run()
    try:
        set_options(sock)
        await loop.create_connection(lambda: connection, sock=sock)
        connection.use(sock)
    except BaseException:
        quietly(sock.close)
        raise
    if len(addresses) > 1:
        route.keep_answered(host, port, address)


async def _secure(connection: "Connection", route: "Route", host: str, resumed: "Optional[Origin]") -> None:
    """Begin TLS with a host. resumed: the origin whose session is resumed if there is one."""
    context = connection.context = tls_context.context(route.ca_file)
    session = None if resumed is None else route.session(resumed, context)
    from tencentserverless._transport.tls_layer import TLSLayer  # a Python without ssl does not have it

    try:
        await connection.secure(TLSLayer(context, host, session))
    except Fault as fault:
        fault.phase = "tls"
        raise
    except FAMILIES as error:
        pass_on(error)
        raise tls_context.handshake_fault(error) from error
