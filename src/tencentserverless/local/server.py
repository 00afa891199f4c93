"""The endpoint's HTTP face: where it listens, who may speak to it at all, and what becomes of a request."""

import asyncio
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

from tencentserverless.local.api import refused
from tencentserverless.local.asked import new_request_id
from tencentserverless.local.authority import AuthorityError, own_names
from tencentserverless.local.connection import READ_BYTES, Connection, Reply
from tencentserverless.local.doors import ADDRESS, AUTHORITY_PATH, NOBODY, Door, Doors, listener
from tencentserverless.local.endpoint import Endpoint
from tencentserverless.local.gate import BODY_LIMIT_BYTES, Request
from tencentserverless.local.refusal import request_too_large
from tencentserverless.local.tasks import Tasks

DEFAULT_PORT = 9000
BACKLOG = 512
SWEEP_SECONDS = 15.0
SHUTDOWN_SECONDS = 1.0
MOST_THROUGH_A_DOOR = 128
_PLAIN = "text/plain; charset=utf-8"
_OF_BROWSERS = frozenset(("origin", "referer", "sec-fetch-site"))  # an image has no Origin
_ABSOLUTE = re.compile(r"https?://[^/]+/?")  # as proxies are asked
_SCF_HOST = re.compile(r"scf(?:\.[a-z0-9-]+)?\.tencentcloudapi\.com")


class Server:
    """Serves one endpoint on loopback. `start` binds; `stop` ends connections, then workers."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self.connections: set[Connection] = set()
        self.incoming = memoryview(bytearray(READ_BYTES))
        self._doors = Doors(self._connected, endpoint.options.scf_hosts)
        self._listening: asyncio.Server | None = None
        self._sweeping: asyncio.Task[None] | None = None
        self._opening = Tasks(endpoint.notify)
        self.soon = endpoint.batch.add
        self.url = ""

    async def start(self, port: int = DEFAULT_PORT) -> None:
        """Listen; 0 picks a port. Raises OSError where the port is taken, `AuthorityError` where TLS cannot be."""
        host = self._endpoint.options.host
        bound = listener(host, port)
        try:
            context = await self._endpoint.authority.context() if self._endpoint.options.tls else None
        except BaseException:
            bound.close()
            raise
        self.url = f"{'https' if context else 'http'}://{shown(host)}:{bound.getsockname()[1]}"
        if not _is_loopback(host):
            self._endpoint.notify(f"{host}: whoever reaches this machine there, and has a key, can run these functions")
        inner = await self._doors.open(NOBODY) if context else None  # code in this process need not trust the authority
        self._endpoint.serve_through(self._doors, inner.url if inner else self.url)
        loop = asyncio.get_running_loop()
        self._listening = await loop.create_server(self._connected, sock=bound, ssl=context, backlog=BACKLOG)
        self._sweeping = loop.create_task(self._sweep())

    async def stop(self) -> None:
        if self._listening is not None and self._sweeping is not None:
            self._listening.close()
            self._sweeping.cancel()
            answers = [answer for connection in list(self.connections) if (answer := connection.stop())]
            await self._endpoint.stop()
            self._doors.close_all()
            if answers:
                await asyncio.wait(answers, timeout=SHUTDOWN_SECONDS)
            for connection in list(self.connections):
                connection.abort()
            with suppress(asyncio.CancelledError):
                await self._sweeping

    async def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            for connection in list(self.connections):
                connection.close_if_silent(loop.time())

    def _connected(self) -> asyncio.BaseProtocol:
        self._endpoint.counters.connections += 1
        return Connection(self)

    def serve(self, request: Request, port: int, answer: Callable[[Reply], None]) -> None:
        """Have `answer` called, now or later, with the answer to a request that came to this port."""
        door = self._doors.at(port)
        if door is not None and request.path == AUTHORITY_PATH:
            self._opening.start(self._open_tls(door, answer))
            return
        why = foreign(request.headers, self._endpoint.options.host)
        if why:
            answer(Reply(f"{why}\n".encode(), status=403, content_type=_PLAIN, closing=True))
        elif request.path != "/" and not _ABSOLUTE.fullmatch(request.path):
            answer(Reply(b"The API has one path: /\n", status=404, content_type=_PLAIN))
        else:
            self._endpoint.respond(
                request, lambda request_id, body: answer(Reply(body, request_id)), door.holder if door else None
            )

    def admits(self, port: int) -> bool:
        """Whether there may be one connection more: an instance must not use up the descriptors of this process."""
        if self._doors.at(port) is None:
            return True
        return sum(connection.port == port for connection in self.connections) < MOST_THROUGH_A_DOOR

    def too_large(self, size: int) -> Reply:
        request_id = new_request_id()
        return Reply(refused(request_id, request_too_large(BODY_LIMIT_BYTES, size)), request_id, closing=True)

    async def _open_tls(self, door: Door, answer: Callable[[Reply], None]) -> None:
        try:
            await self._doors.open_tls(door, self._endpoint.authority)
        except (AuthorityError, OSError) as error:
            self._endpoint.notify(f"SCF's host names cannot be served inside functions: {error}")
        answer(Reply(b"", content_type=_PLAIN, closing=True))


def foreign(headers: Mapping[str, str], listens_on: str = ADDRESS) -> str:
    """Why a request is not ours to answer, or "". A page in a browser must not reach functions, by whatever name."""
    if not _OF_BROWSERS.isdisjoint(headers):
        return "Requests from pages in a browser are not served."
    if _is_ours(headers.get("host", ""), listens_on):
        return ""
    return "The Host header names neither this machine nor SCF."


@lru_cache(maxsize=64)
def _is_ours(host: str, listens_on: str) -> bool:
    name = re.sub(r":\d+$", "", host.partition("://")[2] or host).lower()
    if name == "localhost" or _SCF_HOST.fullmatch(name) or _is_loopback(name.strip("[]")):
        return True
    # Beyond loopback addresses are ours too: a page leads a name to this machine, not an address.
    return not _is_loopback(listens_on) and (_address(name.strip("[]")) is not None or name in own_names(listens_on))


def shown(host: str) -> str:
    """Where clients on this machine find what listens on `host`, as it stands in a URL."""
    address = ip_address(host)
    if address.version == 4:
        return ADDRESS if address.is_unspecified else host
    return "[::1]" if address.is_unspecified else f"[{host}]"


def _is_loopback(name: str) -> bool:
    address = _address(name)
    return address is not None and address.is_loopback


def _address(name: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(name)
    except ValueError:
        return None
