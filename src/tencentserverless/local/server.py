"""The HTTP server of a local endpoint. It listens, refuses foreign requests, and passes the others to the API."""

import asyncio
import os
import socket
import ssl
from collections.abc import Callable, Iterable, Mapping
from time import time

from tencentserverless.local.api.call import new_request_id
from tencentserverless.local.api.envelope import refused
from tencentserverless.local.endpoint import Endpoint, Notify
from tencentserverless.local.environment.scratch import Scratch
from tencentserverless.local.eventloop.background import BackgroundTasks
from tencentserverless.local.eventloop.delivery import PATIENCE_SECONDS, Delivery
from tencentserverless.local.http.certificates import Authority
from tencentserverless.local.http.connection import HELD_LIMIT_BYTES, READ_BYTES, HttpConnection
from tencentserverless.local.http.hosts import is_for_the_api, is_loopback, own_names, refusal, url_host
from tencentserverless.local.http.instance_ports import (
    AUTHORITY_PATH,
    COMMAND,
    NO_INSTANCE,
    InstancePorts,
    PortRegistry,
    bind_socket,
)
from tencentserverless.local.http.listener import Listener
from tencentserverless.local.http.request import BODY_LIMIT_BYTES, Reply, Request
from tencentserverless.local.model.api_errors import request_too_large, requests_too_large
from tencentserverless.local.model.errors import AuthorityError
from tencentserverless.local.model.facts import Fact, Refused
from tencentserverless.local.model.invocation import Record
from tencentserverless.local.model.options import Options
from tencentserverless.local.own_process import raise_limit

DEFAULT_PORT = 9000
SWEEP_SECONDS = 15.0
SHUTDOWN_SECONDS = 1.0
MOST_FROM_AN_INSTANCE = 128
LEAST_IDLE_SECONDS = 0.5
_PLAIN = "text/plain; charset=utf-8"


class Server:
    """The HTTP server of one endpoint. `serve_endpoint` creates it."""

    def __init__(
        self, endpoint: Endpoint, authority: Authority, ports: PortRegistry, url: str, most_connections: int
    ) -> None:
        self.endpoint = endpoint
        self.authority = authority
        self.url = url
        self.connections: set[HttpConnection] = set()
        self.incoming = memoryview(bytearray(READ_BYTES))
        self.held_bytes = 0
        self.soon = endpoint.batch.add
        self._ports = ports
        self._listening: Listener | None = None
        self._most_connections = most_connections
        self._command: InstancePorts | None = None
        self._background = BackgroundTasks()

    def listen(self, listening: Listener) -> None:
        """Close this listener of the endpoint's own port at the end."""
        self._listening = listening
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

    # The methods of `Site` that listeners call.

    def connected(self) -> asyncio.BaseProtocol:
        """Return the protocol for a new connection, to any port."""
        self.endpoint.counters.connections += 1
        return HttpConnection(self)

    def admits(self, port: int, opening: int) -> bool:
        """One instance must not use up the descriptors of this process."""
        ports = self._ports.at(port)
        if ports is None or ports.instance_id == COMMAND:
            return True
        return sum(connection.port == port for connection in self.connections) + opening < MOST_FROM_AN_INSTANCE

    def has_room(self, opening: int) -> bool:
        """All clients together must leave descriptors for instances."""
        if len(self.connections) + opening < self._most_connections:
            return True
        self.make_room()
        return False

    def make_room(self) -> None:
        """Close the connection that has been idle longest, but none that may be about to send its request."""
        before = asyncio.get_running_loop().time() - LEAST_IDLE_SECONDS
        idle = [connection for connection in self.connections if connection.is_idle and connection.since < before]
        if idle:
            min(idle, key=lambda connection: connection.since).abort()

    # The methods of `Site`, which connections call.

    def refused(self, path: str, headers: Mapping[str, str]) -> Reply | None:
        """The reply to a request that is refused because of its head; None if its body is to be read."""
        options = self.endpoint.options
        found = refusal(path, headers, options.host, options.host_names)
        if found is None:
            return None
        status, reason = found
        self.endpoint.refused(Refused(time(), f"HTTP {status}", reason))
        return Reply(f"{reason}\n".encode(), status=status, content_type=_PLAIN, closing=True)

    def serve(self, request: Request, port: int, answer: Callable[[Reply], None]) -> None:
        """Serve a request that came to this port. `answer` is called once, now or later."""
        ports = self._ports.at(port)
        if ports is not None and request.path == AUTHORITY_PATH:
            self.endpoint.counters.connections -= 1  # it is not one of the program's
            self._background.start(self._open_tls(ports, answer))
        elif not is_for_the_api(request.path):
            answer(Reply(b"The API has one path: /\n", status=404, content_type=_PLAIN))
        else:
            self.endpoint.respond(
                request,
                lambda request_id, body, spoiled: answer(Reply(body, request_id, spoiled=spoiled)),
                ports.instance_id if ports else NO_INSTANCE,
            )

    async def command_hosts(self) -> str:
        """Open ports for the SCF host names of a program outside. Returns the text for `worker/redirect.py`."""
        if self._command is None:
            self._command = self._ports.open(COMMAND)
        return self._command.hosts(str(self.authority.folder))

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
            self.endpoint.notify(f"SCF's host names cannot lead to this endpoint: {error}")
        answer(Reply(b"", content_type=_PLAIN, closing=True))


async def serve_endpoint(
    paths: Iterable[str | os.PathLike[str]],
    options: Options,
    notify: Notify,
    on_record: Callable[[Record], None] | None = None,
    port: int = DEFAULT_PORT,
    watch: Callable[[Fact], None] | None = None,
) -> Server:
    """Start a local endpoint and its server.

    port: 0 for any free port.
    Raises OSError if the port is in use, `AuthorityError` if TLS is not possible, and the errors of `Endpoint`.
    """
    most_files = raise_limit()
    scratch = Scratch()
    authority = Authority(lambda: scratch.trust, [*own_names(options.host), *options.host_names])

    def listen(bound: socket.socket, context: ssl.SSLContext | None) -> Listener:
        return Listener(bound, lambda: server, context)  # the server exists before the first connection

    delivery = Delivery(lambda count: notify(f"{count} notices and records were left out: their reader is too slow"))
    ports = PortRegistry(listen, options.scf_hosts)
    bound = bind_socket(options.host, port)
    try:
        context = await authority.context() if options.tls else None
        url = f"{'https' if context else 'http'}://{url_host(options.host)}:{bound.getsockname()[1]}"
        # Handlers in this process use a port without TLS, so that they need not trust the authority.
        inner = ports.open(NO_INSTANCE).url if context else url
        endpoint = Endpoint(paths, options, notify, on_record, watch, delivery, scratch, authority, ports, inner)
        server = Server(endpoint, authority, ports, url, most_files // 2)
        server.listen(listen(bound, context))
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
