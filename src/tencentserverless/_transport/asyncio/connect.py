"""Makes connections on an asyncio event loop."""

import asyncio
import socket
import sys
from time import monotonic

from tencentserverless._protocol.effects import Fault
from tencentserverless._transport import tls_context
from tencentserverless._transport.asyncio.connection import Connection
from tencentserverless._transport.tls_layer import TLSLayer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ssl import SSLSession
    from typing import Any, Dict, Optional

    from tencentserverless._protocol.effects import Origin
    from tencentserverless._transport.route import Route

# an address family that is silent costs a quarter of a second, where the event loop can try both
_EYEBALLS = {"happy_eyeballs_delay": 0.25} if sys.version_info >= (3, 8) else {}  # type: Dict[str, Any]


async def connect(
    loop: "asyncio.AbstractEventLoop", origin: "Origin", route: "Route", deadline: "Optional[float]"
) -> Connection:
    """A new connection to `origin`, through its proxy where it has one. Raises Fault."""
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
            failure.deadline = failure.deadline and limit == deadline
        raise


async def _reach(loop: "asyncio.AbstractEventLoop", connection: Connection, route: "Route") -> None:
    proxy = connection.origin.proxy
    if proxy is None:
        await _open(loop, connection, connection.origin.host, connection.origin.port)
        return
    try:
        await _open(loop, connection, proxy.host, proxy.port)
        if proxy.scheme == "https":
            await _secure(connection, route, proxy.host, None)
    except Fault as fault:
        raise Fault("proxy", "%r: %s" % (proxy, fault.reason), fault.deadline, fault.final) from fault.__cause__
    await connection.tunnel()


async def _open(loop: "asyncio.AbstractEventLoop", connection: Connection, host: str, port: int) -> None:
    assert connection.deadline is not None
    opening = loop.create_connection(lambda: connection, host, port, **_EYEBALLS)
    try:
        await asyncio.wait_for(opening, max(0.001, connection.deadline - monotonic()))
    except asyncio.TimeoutError:
        raise Fault("connect", "timed out", deadline=True) from None
    except socket.gaierror as error:
        raise Fault("resolve", "%s: %s" % (host, error)) from error
    except UnicodeError as error:
        raise Fault("resolve", "%s: %s" % (host, error)) from error
    except OSError as error:
        raise Fault("connect", str(error)) from error


async def _secure(connection: Connection, route: "Route", host: str, session: "Optional[SSLSession]") -> None:
    try:
        await connection.secure(TLSLayer(tls_context.context(route.ca_file), host, session))
    except Fault as fault:
        fault.phase = "tls"
        raise
    except (OSError, ValueError) as error:
        raise tls_context.refused(error) from error
