"""A tunnel through an HTTP proxy, as a generator of effects (RFC 9110, section 9.3.6)."""

from tencentserverless._protocol import http1
from tencentserverless._protocol.effects import Fault, Write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Generator

    from tencentserverless._protocol.effects import Effect, Origin

_HINTS = {407: " (credentials go into the proxy's address: http://name:password@host:port)"}


def tunnel(origin: "Origin") -> "Generator[Effect, Any, None]":
    """Ask the proxy of `origin` for a connection to it. Raises Fault of phase proxy."""
    proxy = origin.proxy
    assert proxy is not None
    host = "[%s]" % origin.host if ":" in origin.host else origin.host
    target = "%s:%d" % (host, origin.port)
    lines = ["CONNECT %s HTTP/1.1" % target, "Host: %s" % target]
    if proxy.authorization is not None:
        lines.append("Proxy-Authorization: %s" % proxy.authorization)
    try:
        yield Write(("\r\n".join(lines) + "\r\n\r\n").encode("ascii"))
        status = yield from http1.read_tunnel_answer()
    except Fault as fault:
        raise Fault("proxy", "%r: %s" % (proxy, fault.reason), fault.deadline) from fault.__cause__
    except (http1.Malformed, http1.Truncated) as error:
        raise Fault("proxy", "%r did not answer CONNECT in HTTP/1.1: %s" % (proxy, error)) from error
    if not 200 <= status < 300:
        reason = "%r answered CONNECT %s with HTTP %d%s" % (proxy, target, status, _HINTS.get(status, ""))
        raise Fault("proxy", reason, final=status == 407)
