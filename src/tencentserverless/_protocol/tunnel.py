"""A tunnel through an HTTP proxy, as a generator of effects (RFC 9110, section 9.3.6)."""

from tencentserverless._protocol import http1
from tencentserverless._protocol.effects import Fault, Write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Generator

    from tencentserverless._protocol.effects import Effect, Origin, Proxy

_HINTS = {407: " (give credentials in the proxy's address: http://name:password@host:port)"}


def tunnel(origin: "Origin") -> "Generator[Effect, Any, None]":
    """Ask the proxy of `origin` for a connection to it. Raises Fault of phase proxy."""
    proxy = origin.proxy
    assert proxy is not None
    host = f"[{origin.host}]" if ":" in origin.host else origin.host
    target = f"{host}:{origin.port}"
    try:
        yield Write(_request(target, proxy))
        status = yield from http1.read_tunnel_answer()
    except Fault as fault:
        raise Fault("proxy", f"{proxy!r}: {fault.reason}", fault.deadline) from fault.__cause__
    except (http1.Malformed, http1.Truncated) as error:
        what = error.told(proxy.hide) if isinstance(error, http1.Malformed) else "it ended the connection"
        raise Fault("proxy", f"{proxy!r} did not answer CONNECT in HTTP/1.1: {what}")
    if not 200 <= status < 300:
        reason = f"{proxy!r} answered CONNECT {target} with HTTP {status}{_HINTS.get(status, '')}"
        raise Fault("proxy", reason, final=status == 407)


def _request(target: str, proxy: "Proxy") -> bytes:
    login = f"Proxy-Authorization: {proxy.authorization}\r\n" if proxy.authorization is not None else ""
    return f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{login}\r\n".encode("ascii")
