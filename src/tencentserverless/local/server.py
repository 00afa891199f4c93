"""The endpoint's HTTP face: bytes to `Request`, answers to bytes, and who may speak to it at all."""

import asyncio
import re
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any

from aiohttp import web

from tencentserverless.local.api import refused
from tencentserverless.local.authority import AuthorityError
from tencentserverless.local.doors import ADDRESS, AUTHORITY_PATH, NOBODY, Door, Doors, listener
from tencentserverless.local.endpoint import Endpoint
from tencentserverless.local.gate import BODY_LIMIT_BYTES, QUERY_LIMIT_BYTES, Request
from tencentserverless.local.refusal import request_too_large

DEFAULT_PORT = 9000
BACKLOG = 512
LINE_LIMIT_BYTES = QUERY_LIMIT_BYTES + 4096  # a longer query gets the API's own refusal up to here
KEEP_ALIVE_SECONDS = 900.0
SHUTDOWN_SECONDS = 1.0
_TLS_HELLO = b"\x16"
_SCF_HOST = re.compile(r"scf(?:\.[a-z0-9-]+)?\.tencentcloudapi\.com")


class Server:
    """Serves one endpoint on loopback. `start` binds; `stop` ends connections, then workers."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._web = _Web(self._handle)
        self._doors = Doors(self._connected, endpoint.options.scf_hosts)
        self._listening: asyncio.Server | None = None
        self.url = ""

    async def start(self, port: int = DEFAULT_PORT) -> None:
        """Listen; 0 picks a port. Raises OSError where the port is taken, `AuthorityError` where TLS cannot be."""
        bound = listener(ADDRESS, port)
        try:
            context = await self._endpoint.authority.context() if self._endpoint.options.tls else None
        except BaseException:
            bound.close()
            raise
        self.url = f"{'https' if context else 'http'}://{ADDRESS}:{bound.getsockname()[1]}"
        inner = await self._doors.open(NOBODY) if context else None  # code in this process need not trust the authority
        self._endpoint.serve_through(self._doors, inner.url if inner else self.url)
        loop = asyncio.get_running_loop()
        self._listening = await loop.create_server(self._connected, sock=bound, ssl=context, backlog=BACKLOG)

    async def stop(self) -> None:
        if self._listening is not None:
            self._listening.close()
            self._web.pre_shutdown()  # connections that wait for a request
            await self._endpoint.stop()
            self._doors.close_all()
            await self._web.shutdown(SHUTDOWN_SECONDS)
            self._web.abort()

    def _connected(self) -> asyncio.BaseProtocol:
        self._endpoint.counters.connections += 1
        return self._web()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        door = self._doors.at(_port_of(request))
        if door is not None and request.raw_path == AUTHORITY_PATH:
            return await self._open_tls(door)
        why = foreign(request.headers)
        if why:
            return _closing(web.Response(status=403, text=f"{why}\n"))
        path, _, query = request.raw_path.partition("?")
        if path.partition("://")[2].partition("/")[2] if "://" in path else path != "/":
            return web.Response(status=404, text="The API has one path: /\n")
        body = await _body(request)
        if body is None:
            return _too_large(request)
        asked = Request(request.method, query, request.headers, body)
        request_id, answer = await self._endpoint.respond(asked, door.holder if door else None)
        return _answered(request_id, answer)

    async def _open_tls(self, door: Door) -> web.StreamResponse:
        try:
            await self._doors.open_tls(door, self._endpoint.authority)
        except (AuthorityError, OSError) as error:
            self._endpoint.notify(f"SCF's host names cannot be served inside functions: {error}")
        return _closing(web.Response())


class _Connection(web.RequestHandler):
    """A connection that is dropped at once where what it sends begins with TLS: no answer to that could be read."""

    __slots__ = ("_begun", "_open", "_way")

    def __init__(self, manager: "_Web", **settings: Any) -> None:
        super().__init__(manager, **settings)
        self._begun = False
        self._open = manager.open

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._way = transport
        self._open.add(transport)
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._open.discard(self._way)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if not self._begun and data[:1] == _TLS_HELLO:
            assert self.transport is not None
            self.transport.close()
            return
        self._begun = True
        super().data_received(data)


class _Web(web.Server):
    """`open`: the transports of connections, also of those that wait for the other side's end of TLS."""

    def __init__(self, handler: Any) -> None:
        super().__init__(handler)
        self.open: set[asyncio.BaseTransport] = set()

    def abort(self) -> None:
        for transport in self.open:
            transport.abort()  # type: ignore[attr-defined]

    def __call__(self) -> web.RequestHandler:
        return _Connection(
            self,
            loop=asyncio.get_running_loop(),
            access_log=None,  # type: ignore[arg-type]  # means none, though not declared
            keepalive_timeout=KEEP_ALIVE_SECONDS,
            max_line_size=LINE_LIMIT_BYTES,
        )


def foreign(headers: Mapping[str, str]) -> str:
    """Why a request is not ours to answer, or "". A page in a browser must not reach functions, by whatever name."""
    if "Origin" in headers:
        return "Requests from pages in a browser are not served."
    host = headers.get("Host", "")
    name = re.sub(r":\d+$", "", host.partition("://")[2] or host).lower()
    if name == "localhost" or _SCF_HOST.fullmatch(name) or _is_loopback(name.strip("[]")):
        return ""
    return "The Host header names neither this machine nor SCF."


def _port_of(request: web.BaseRequest) -> int:
    """The port that the request came to."""
    name = request.transport.get_extra_info("sockname") if request.transport else None
    return int(name[1]) if name else 0


def _is_loopback(name: str) -> bool:
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


async def _body(request: web.BaseRequest) -> bytes | None:
    """The body; None where it is larger than the platform takes."""
    if (request.content_length or 0) > BODY_LIMIT_BYTES:
        return None
    if not request.body_exists:
        return b""
    parts, size = [], 0
    async for part in request.content.iter_any():
        parts.append(part)
        size += len(part)
        if size > BODY_LIMIT_BYTES:
            return None
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _answered(request_id: str, body: bytes) -> web.Response:
    headers = {"Content-Type": "application/json", "X-TC-RequestId": request_id}
    return web.Response(body=body, headers=headers)


def _too_large(request: web.BaseRequest) -> web.Response:
    size = request.content_length or BODY_LIMIT_BYTES + 1
    request_id = "00000000-0000-4000-8000-000000000000"
    return _closing(_answered(request_id, refused(request_id, request_too_large(BODY_LIMIT_BYTES, size))))


def _closing(response: web.Response) -> web.Response:
    response.force_close()
    return response
