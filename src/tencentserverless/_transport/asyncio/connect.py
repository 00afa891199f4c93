"""Makes connections for the asyncio transport: addresses, proxy, TLS."""

import asyncio
import socket
import sys
from time import monotonic

from tencentserverless._protocol.effects import READ, Fault
from tencentserverless._protocol.tunnel import tunnel
from tencentserverless._transport import tls_context
from tencentserverless._transport.asyncio.connection import Connection
from tencentserverless._transport.asyncio.drive import drive
from tencentserverless._transport.tls_layer import TLSLayer

__tracebackhide__ = True  # from pytest: it shows the caller's frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ssl import SSLSession
    from typing import Any, Dict, Optional

    from tencentserverless._protocol.effects import Origin
    from tencentserverless._transport.route import Route

# IPv6 and IPv4 are tried a quarter of a second apart, so that one which does not answer costs no more than that.
_EYEBALLS: "Dict[str, Any]" = {"happy_eyeballs_delay": 0.25} if sys.version_info >= (3, 8) else {}


async def connect(
    loop: "asyncio.AbstractEventLoop", origin: "Origin", route: "Route", deadline: "Optional[float]"
) -> Connection:
    """A new connection to `origin`, through its proxy if it has one. Raises Fault."""
    limit = monotonic() + route.connect_timeout
    if deadline is not None and deadline < limit:
        limit = deadline
    connection = Connection(loop, origin)
    connection.deadline = limit
    try:
        await _reach(loop, connection, route)
        if origin.scheme == "https":
            await _secure(connection, route, origin.host, route.sessions.get(origin))
        return connection
    except BaseException as failure:
        connection.close()
        if isinstance(failure, Fault):
            failure.deadline = failure.deadline and limit == deadline  # or was it the connect timeout?
        raise


async def _reach(loop: "asyncio.AbstractEventLoop", connection: Connection, route: "Route") -> None:
    """Connect to the origin, or to its proxy and through that to the origin."""
    proxy = connection.origin.proxy
    if proxy is None:
        await _open(loop, connection, connection.origin.host, connection.origin.port)
        return
    try:
        await _open(loop, connection, proxy.host, proxy.port)
        if proxy.scheme == "https":
            await _secure(connection, route, proxy.host, None)
    except Fault as fault:
        raise Fault("proxy", f"{proxy!r}: {fault.reason}", fault.deadline, fault.final) from fault.__cause__
    await _tunnel(connection)


async def _tunnel(connection: Connection) -> None:
    """Ask the proxy for a connection to the origin."""

    async def perform(effect: "Any") -> "Optional[bytes]":
        if effect is READ:
            return await connection.read()
        connection.write(effect.data)
        await connection.drain()
        return None

    await drive(tunnel(connection.origin), perform)


async def _open(loop: "asyncio.AbstractEventLoop", connection: Connection, host: str, port: int) -> None:
    assert connection.deadline is not None
    opening = loop.create_connection(lambda: connection, host, port, **_EYEBALLS)
    try:
        await asyncio.wait_for(opening, max(0.001, connection.deadline - monotonic()))
    except asyncio.TimeoutError:
        raise Fault("connect", "timed out", deadline=True) from None
    except (socket.gaierror, UnicodeError) as error:
        raise Fault("resolve", f"{host}: {error}") from error
    except OSError as error:
        raise Fault("connect", str(error)) from error


async def _secure(connection: Connection, route: "Route", host: str, session: "Optional[SSLSession]") -> None:
    try:
        await connection.secure(TLSLayer(tls_context.context(route.ca_file), host, session))
    except Fault as fault:
        fault.phase = "tls"
        raise
    except (OSError, ValueError) as error:
        raise tls_context.handshake_fault(error) from error
