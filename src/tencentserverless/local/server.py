"""The HTTP server of a local endpoint. It listens, refuses foreign requests, and passes the others to the API."""

import asyncio
import os
import re
import socket
import ssl
from collections.abc import Callable, Iterable

from tencentserverless.local.api.call import new_request_id
from tencentserverless.local.api.envelope import refused
from tencentserverless.local.endpoint import Endpoint, Notify
from tencentserverless.local.environment.scratch import Scratch
from tencentserverless.local.eventloop.background import BackgroundTasks
from tencentserverless.local.eventloop.delivery import PATIENCE_SECONDS, Delivery
from tencentserverless.local.http.certificates import Authority
from tencentserverless.local.http.connection import HELD_LIMIT_BYTES, READ_BYTES, HttpConnection
from tencentserverless.local.http.hosts import is_loopback, own_names, refusal_reason, url_host
from tencentserverless.local.http.instance_ports import (
    AUTHORITY_PATH,
    NO_INSTANCE,
    InstancePorts,
    PortRegistry,
    bind_socket,
)
from tencentserverless.local.http.request import BODY_LIMIT_BYTES, Reply, Request
from tencentserverless.local.model.api_errors import request_too_large, requests_too_large
from tencentserverless.local.model.errors import AuthorityError
from tencentserverless.local.model.invocation import Record
from tencentserverless.local.model.options import Options

DEFAULT_PORT = 9000
BACKLOG = 512
SWEEP_SECONDS = 15.0
SHUTDOWN_SECONDS = 1.0
MOST_FROM_AN_INSTANCE = 128
_PLAIN = "text/plain; charset=utf-8"
_ABSOLUTE = re.compile(r"https?://[^/]+/?")  # the form of requests to proxies


class Server:
    """The HTTP server of one endpoint. `serve_endpoint` creates it."""

    def __init__(self, endpoint: Endpoint, authority: Authority, ports: PortRegistry, url: str) -> None:
        self.endpoint = endpoint
        self.authority = authority
        self.url = url
        self.connections: set[HttpConnection] = set()
        self.incoming = memoryview(bytearray(READ_BYTES))
        self.held_bytes = 0
        self.soon = endpoint.batch.add
        self._ports = ports
        self._listening: asyncio.Server | None = None
        self._background = BackgroundTasks()

    async def listen(self, bound: socket.socket, context: ssl.SSLContext | None) -> None:
        """Accept connections from now on."""
        loop = asyncio.get_running_loop()
        self._listening = await loop.create_server(self.connected, sock=bound, ssl=context, backlog=BACKLOG)
        self._background.start(self._sweep())

    async def stop(self) -> None:
        """Stop listening, end the endpoint, then close all connections once their last answers are sent."""
        if self._listening is not None:
            self._listening.close()
        await self._background.stop()
        answers = [answer for connection in list(self.connections) if (answer := connection.stop())]
        await self.endpoint.stop()
        self._ports.close_all()
        if answers:
            await asyncio.wait(answers, timeout=SHUTDOWN_SECONDS)
        for connection in list(self.connections):
            connection.abort()

    async def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            for connection in list(self.connections):
                connection.close_if_silent(loop.time())

    def connected(self) -> asyncio.BaseProtocol:
        """Return the protocol for a new connection, to any port."""
        self.endpoint.counters.connections += 1
        return HttpConnection(self)

    # The methods of `Site`, which connections call.

    def serve(self, request: Request, port: int, answer: Callable[[Reply], None]) -> None:
        """Serve a request that came to this port. `answer` is called once, now or later."""
        ports = self._ports.at(port)
        if ports is not None and request.path == AUTHORITY_PATH:
            self._background.start(self._open_tls(ports, answer))
            return
        reason = refusal_reason(request.headers, self.endpoint.options.host)
        if reason:
            answer(Reply(f"{reason}\n".encode(), status=403, content_type=_PLAIN, closing=True))
        elif request.path != "/" and not _ABSOLUTE.fullmatch(request.path):
            answer(Reply(b"The API has one path: /\n", status=404, content_type=_PLAIN))
        else:
            self.endpoint.respond(
                request,
                lambda request_id, body: answer(Reply(body, request_id)),
                ports.instance_id if ports else NO_INSTANCE,
            )

    def admits(self, port: int) -> bool:
        """Whether one more connection is allowed. One instance must not use up the descriptors of this process."""
        if self._ports.at(port) is None:
            return True
        return sum(connection.port == port for connection in self.connections) < MOST_FROM_AN_INSTANCE

    def too_large(self, size: int) -> Reply:
        request_id = new_request_id()
        return Reply(refused(request_id, request_too_large(BODY_LIMIT_BYTES, size)), request_id, closing=True)

    def too_busy(self) -> Reply:
        request_id = new_request_id()
        return Reply(refused(request_id, requests_too_large(HELD_LIMIT_BYTES)), request_id, closing=True)

    async def _open_tls(self, ports: InstancePorts, answer: Callable[[Reply], None]) -> None:
        try:
            await self._ports.open_tls(ports, self.authority)
        except (AuthorityError, OSError) as error:
            self.endpoint.notify(f"functions cannot reach this endpoint by SCF's host names: {error}")
        answer(Reply(b"", content_type=_PLAIN, closing=True))


async def serve_endpoint(
    paths: Iterable[str | os.PathLike[str]],
    options: Options,
    notify: Notify,
    on_record: Callable[[Record], None] | None = None,
    port: int = DEFAULT_PORT,
) -> Server:
    """Start a local endpoint and its server.

    port: 0 for any free port.
    Raises OSError if the port is in use, `AuthorityError` if TLS is not possible, and the errors of `Endpoint`.
    """
    scratch = Scratch()
    authority = Authority(lambda: scratch.trust, own_names(options.host))

    def connected() -> asyncio.BaseProtocol:
        return server.connected()  # the server exists before the first connection

    delivery = Delivery(lambda count: notify(f"{count} notices and records were left out: their reader is too slow"))
    ports = PortRegistry(connected, options.scf_hosts)
    bound = bind_socket(options.host, port)
    try:
        context = await authority.context() if options.tls else None
        url = f"{'https' if context else 'http'}://{url_host(options.host)}:{bound.getsockname()[1]}"
        # Handlers in this process use a port without TLS, so that they need not trust the authority.
        inner = (await ports.open(NO_INSTANCE)).url if context else url
        endpoint = Endpoint(paths, options, notify, on_record, delivery, scratch, authority, ports, inner)
        server = Server(endpoint, authority, ports, url)
        await server.listen(bound, context)
    except BaseException:
        bound.close()
        ports.close_all()
        scratch.remove()
        await delivery.end(PATIENCE_SECONDS)
        raise
    if not is_loopback(options.host):
        endpoint.notify(f"{options.host} is not loopback: other machines that have a key can invoke the functions")
    await delivery.made()
    return server
