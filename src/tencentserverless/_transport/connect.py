"""Makes connections on an asyncio event loop."""

import asyncio
import socket
import sys
from time import monotonic

from tencentserverless._protocol.effects import Fault
from tencentserverless._transport import trust
from tencentserverless._transport.stream import Stream
from tencentserverless._transport.tls import Layer

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
) -> Stream:
    """A new connection to `origin`, through its proxy where it has one. Raises Fault."""
    limit = monotonic() + route.connect_timeout
    if deadline is not None and deadline < limit:
        limit = deadline
    stream = Stream(loop, origin)
    stream.deadline = limit
    try:
        await _reach(loop, stream, route)
        if origin.scheme == "https":
            await _secure(stream, route, origin.host, route.sessions.get(origin))
        return stream
    except BaseException as failure:
        stream.close()
        if isinstance(failure, Fault):
            failure.deadline = failure.deadline and limit == deadline
        raise


async def _reach(loop: "asyncio.AbstractEventLoop", stream: Stream, route: "Route") -> None:
    proxy = stream.origin.proxy
    if proxy is None:
        await _open(loop, stream, stream.origin.host, stream.origin.port)
        return
    try:
        await _open(loop, stream, proxy.host, proxy.port)
        if proxy.scheme == "https":
            await _secure(stream, route, proxy.host, None)
    except Fault as fault:
        raise Fault("proxy", "%r: %s" % (proxy, fault.reason), fault.deadline, fault.final) from fault.__cause__
    await stream.tunnel()


async def _open(loop: "asyncio.AbstractEventLoop", stream: Stream, host: str, port: int) -> None:
    assert stream.deadline is not None
    opening = loop.create_connection(lambda: stream, host, port, **_EYEBALLS)
    try:
        await asyncio.wait_for(opening, max(0.001, stream.deadline - monotonic()))
    except asyncio.TimeoutError:
        raise Fault("connect", "timed out", deadline=True) from None
    except socket.gaierror as error:
        raise Fault("resolve", "%s: %s" % (host, error)) from error
    except UnicodeError as error:
        raise Fault("resolve", "%s: %s" % (host, error)) from error
    except OSError as error:
        raise Fault("connect", str(error)) from error


async def _secure(stream: Stream, route: "Route", host: str, session: "Optional[SSLSession]") -> None:
    try:
        await stream.secure(Layer(trust.context(route.ca_file), host, session))
    except Fault as fault:
        fault.phase = "tls"
        raise
    except (OSError, ValueError) as error:
        raise trust.refused(error) from error
