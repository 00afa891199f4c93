"""The endpoint's HTTP face: where it listens, who may speak to it at all, and what becomes of a request."""

import asyncio
import re
from collections.abc import Callable
from contextlib import suppress

from tencentserverless.local.api.call import new_request_id
from tencentserverless.local.api.envelope import refused
from tencentserverless.local.endpoint import Endpoint
from tencentserverless.local.eventloop.background import Tasks
from tencentserverless.local.http.certificates import AuthorityError
from tencentserverless.local.http.connection import READ_BYTES, Connection
from tencentserverless.local.http.hosts import foreign, is_loopback, shown
from tencentserverless.local.http.instance_ports import AUTHORITY_PATH, NOBODY, Door, Doors, listener
from tencentserverless.local.http.request import BODY_LIMIT_BYTES, Reply, Request
from tencentserverless.local.model.api_errors import request_too_large

DEFAULT_PORT = 9000
BACKLOG = 512
SWEEP_SECONDS = 15.0
SHUTDOWN_SECONDS = 1.0
MOST_THROUGH_A_DOOR = 128
_PLAIN = "text/plain; charset=utf-8"
_ABSOLUTE = re.compile(r"https?://[^/]+/?")  # as proxies are asked


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
        if not is_loopback(host):
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
