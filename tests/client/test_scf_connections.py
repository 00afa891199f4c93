"""`close` and `connect` of both clients, and blocks in which a client has connections of its own."""

import asyncio
import contextlib
import inspect
import json
import os
import select
import shutil
import socket
import ssl
import threading

import pytest

from tencentserverless import exception as errors
from tencentserverless._transport import tls_context
from tencentserverless.aio import AsyncClient
from tencentserverless.scf import Client
from tests.clients import KINDS, Driven, client_of
from tests.loopback import AUTHORITY, CERTIFICATES, KEYS, Server, answering, http, read_request, result

OK = http(result())
both = pytest.mark.parametrize("kind", KINDS)


def call(client, name, *arguments, **fields):
    """Call a method of this name; the asyncio client's is awaited."""
    if isinstance(client, Driven):

        async def called():
            return await getattr(client.client, name)(*arguments, **fields)

        return client.run(called())
    return getattr(client, name)(*arguments, **fields)


def named(head, body):
    """Answer with the name of the function that was asked for."""
    return http(result(json.dumps(json.loads(body.decode("utf-8"))["FunctionName"])))


class Watched:
    """A `serve` that says when a connection is there, and when it has ended."""

    def __init__(self):
        self.begun = threading.Semaphore(0)
        self.ended = threading.Semaphore(0)

    def __call__(self, connection, number):
        self.begun.release()
        try:
            answering(OK)(connection, number)
        finally:
            self.ended.release()


@both
@pytest.mark.parametrize("tls", [False, True])
def test_close_closes_idle_connections_and_the_client_goes_on(kind, tls):
    """After `close` the server sees the end of the connection, and the next invocation makes a new one."""
    serve = Watched()
    with Server(serve, tls=tls) as server, client_of(kind, server.endpoint) as client:
        client.invoke("f")
        call(client, "close")
        assert serve.ended.acquire(timeout=20)
        assert client.invoke("f").value == "Hello World"
        assert client.invoke("f").value == "Hello World"
        assert server.accepted == 2


def test_close_closes_shared_connections():
    """`close` also closes the connections that clients with the same settings share."""
    serve = Watched()
    with Server(serve) as server:
        settings = dict(KEYS, endpoint=server.endpoint, max_connections=7)
        Client(**settings).invoke("f")
        other = Client(**settings)
        other.close()
        assert serve.ended.acquire(timeout=20)
        other.invoke("f")
        assert server.accepted == 2
        other.close()


def holding():
    """A function for `Server` that holds back its answers, and two events: a request has come, it may be answered."""
    arrived, released = threading.Event(), threading.Event()

    def serve(connection, number):
        while read_request(connection) is not None:
            arrived.set()
            released.wait(20)
            connection.sendall(OK)

    return serve, arrived, released


def test_close_does_not_touch_an_invocation_in_progress():
    """An invocation that is in progress during `close` ends as ever, and its connection is used again."""
    serve, arrived, released = holding()

    with Server(serve) as server, Client(endpoint=server.endpoint, timeout=20, **KEYS) as client:
        outcomes = []
        thread = threading.Thread(target=lambda: outcomes.append(client.invoke("f").value))
        thread.start()
        assert arrived.wait(20)
        client.close()
        released.set()
        thread.join(20)
        client.invoke("f")
        assert (outcomes, server.accepted) == (["Hello World"], 1)


def test_close_of_the_asyncio_client_does_not_touch_an_invocation_in_progress():
    """A task that waits for its answer during `close` gets it, and its connection is used again."""
    serve, arrived, released = holding()

    async def scenario(client):
        task = asyncio.ensure_future(client.invoke("f"))
        assert await asyncio.get_event_loop().run_in_executor(None, arrived.wait, 20)
        await client.aclose()
        released.set()
        return (await task).value, (await client.invoke("f")).value

    with Server(serve) as server, client_of("asyncio", server.endpoint) as driven:
        assert driven.run(scenario(driven.client)) == ("Hello World", "Hello World")
        assert server.accepted == 1


def test_contextlib_closes_clients():
    """`contextlib.closing` closes the connections of both clients, `aclosing` those of the asyncio client."""
    serve = Watched()

    async def scenario(endpoint):
        with contextlib.closing(AsyncClient(endpoint=endpoint, **KEYS)) as client:
            await client.invoke("f")
        if hasattr(contextlib, "aclosing"):
            async with contextlib.aclosing(AsyncClient(endpoint=endpoint, **KEYS)) as client:
                await client.invoke("f")
        return client

    with Server(serve) as server, Driven() as driven:
        with contextlib.closing(Client(endpoint=server.endpoint, max_connections=8, **KEYS)) as client:
            client.invoke("f")
        assert serve.ended.acquire(timeout=20)
        driven.run(scenario(server.endpoint))
        for _ in range(server.accepted - 1):
            assert serve.ended.acquire(timeout=20)


def test_an_asyncio_client_without_a_loop_can_be_closed():
    """`close` before the first invocation, and where no event loop runs, does nothing."""
    client = AsyncClient(**KEYS)
    client.close()
    with Server(answering(OK)) as server, client_of("asyncio", server.endpoint) as driven:
        driven.invoke("f")
        driven.client.close()
        assert driven.invoke("f").value == "Hello World"
        assert server.accepted == 1


@both
def test_an_event_for_a_method_s_name_says_how_the_function_is_reached(kind):
    """`close(event)` is a TypeError that names `client["close"]`, which invokes the function of that name."""
    with Server(answering(named)) as server, client_of(kind, server.endpoint) as client:
        inner = client.client if kind == "asyncio" else client
        for name in ["close", "connect"] + (["aclose"] if kind == "asyncio" else []):
            for arguments, fields in [(({"a": 1},), {}), ((), {"a": 1}), ((None,), {})]:
                with pytest.raises(TypeError) as caught:
                    getattr(inner, name)(*arguments, **fields)
                assert 'client["%s"](...)' % name in str(caught.value)
            assert server.accepted == 0
        invoked = inner["close"]({"a": 1})
        assert (client.run(invoked) if kind == "asyncio" else invoked).value == "close"


def test_methods_without_arguments_say_so():
    """To tools that look at signatures, the methods have no arguments."""
    for method in (Client.close, Client.connect, AsyncClient.close, AsyncClient.aclose, AsyncClient.connect):
        assert list(inspect.signature(method).parameters) == ["self"]


def test_a_block_within_a_block_keeps_the_connections_of_the_outer_one():
    """`with client:` inside `with client:` uses the same connections, which the outer block closes at its end."""
    serve = Watched()
    with Server(serve) as server:
        client = Client(endpoint=server.endpoint, **KEYS)
        with client:
            client.invoke("f")
            with client:
                client.invoke("f")
            client.invoke("f")
            assert server.accepted == 1
        assert serve.ended.acquire(timeout=20)
        with client:
            client.invoke("f")
        assert serve.ended.acquire(timeout=20)
        assert server.accepted == 2


def test_blocks_of_two_threads_end_one_after_the_other():
    """Two threads may be in a block of one client: each leaves it when it likes, and every connection is closed."""
    serve = Watched()
    with Server(serve) as server:
        client = Client(endpoint=server.endpoint, **KEYS)
        first, second = contextlib.ExitStack(), contextlib.ExitStack()
        first.enter_context(client)
        client.invoke("f")
        second.enter_context(client)
        first.close()
        client.invoke("f")
        assert server.accepted == 1
        second.close()
        assert serve.ended.acquire(timeout=20)


@both
@pytest.mark.parametrize("tls", [False, True])
def test_connect_makes_the_connection_of_the_first_invocation(kind, tls):
    """`connect` makes a connection before anything is invoked, and invocations use it."""
    serve = Watched()
    with Server(serve, tls=tls) as server, client_of(kind, server.endpoint) as client:
        call(client, "connect")
        assert serve.begun.acquire(timeout=20)
        assert server.accepted == 1
        for _ in range(3):
            assert client.invoke("f").value == "Hello World"
        call(client, "connect")
        assert client.invoke("f").value == "Hello World"
        assert server.accepted == 1


@both
def test_an_invocation_waits_for_the_connection_that_is_being_made(kind):
    """An invocation that begins while `connect` is at work uses that connection instead of a second one."""

    async def at_once(client):
        connecting = asyncio.ensure_future(client.connect())
        await asyncio.sleep(0)
        await client.invoke("f")
        await connecting

    with Server(answering(OK), tls=True) as server:
        for number in range(1, 11):
            with client_of(kind, server.endpoint) as client:
                if kind == "asyncio":
                    client.run(at_once(client.client))
                else:
                    client.connect()
                    client.invoke("f")
            assert server.accepted == number


@both
def test_the_deadline_holds_while_an_invocation_waits_for_connect(kind):
    """An invocation that waits for a connection which `connect` cannot finish ends at its own deadline."""
    silent = threading.Event()

    async def at_once(client):
        connecting = asyncio.ensure_future(client.connect())
        await asyncio.sleep(0)
        with pytest.raises(errors.InvokeTimeoutError):
            await client.invoke("f", timeout=0.2)
        connecting.cancel()

    with Server(lambda connection, number: silent.wait(20)) as server:
        endpoint = server.endpoint.replace("http:", "https:")
        with client_of(kind, endpoint, connect_timeout=20) as client:
            if kind == "asyncio":
                client.run(at_once(client.client))
            else:
                client.connect()
                with pytest.raises(errors.InvokeTimeoutError):
                    client.invoke("f", timeout=0.2)
            silent.set()


@pytest.mark.skipif(not getattr(ssl, "HAS_TLSv1_3", False), reason="this Python has no TLS 1.3")
def test_session_tickets_do_not_cost_the_connection_made_ahead():
    """The tickets that come after the handshake are read before the first invocation decides whether it is quiet."""

    async def scenario(client):
        await client.connect()
        pool = client._transport()._pool_here()
        connection = next(iter(pool.places._taken))
        assert select.select([connection._sock], [], [], 20)[0]  # the event loop has not read them yet
        assert not connection.is_quiet()
        return (await client.invoke("f")).value

    with Server(answering(OK), tls=True) as server, client_of("asyncio", server.endpoint) as driven:
        assert driven.run(scenario(driven.client)) == "Hello World"
        assert server.accepted == 1


@both
def test_a_connection_made_ahead_resumes_and_keeps_sessions(kind):
    """TLS sessions are remembered after the first answer on a connection that was made ahead, as on any other."""
    with Server(answering(OK), tls=True) as server, client_of(kind, server.endpoint) as client:
        call(client, "connect")
        client.invoke("f")
        inner = client.client if kind == "asyncio" else client
        assert inner._transport().route.session(inner._next_origin(), tls_context.context(AUTHORITY))


@both
def test_an_authority_that_is_replaced(kind, tmp_path):
    """A new connection trusts what is in the file of certificates now, and resumes no session of the time before."""
    path = str(tmp_path / "ca.pem")
    shutil.copy(AUTHORITY, path)
    with Server(answering(OK), tls=True) as server, client_of(kind, server.endpoint, ca_file=path) as client:
        client.invoke("f")
        call(client, "close")
        shutil.copy(os.path.join(CERTIFICATES, "stranger.pem"), path)
        with pytest.raises(errors.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            client.invoke("f")
        shutil.copy(AUTHORITY, path)
        assert client.invoke("f").value == "Hello World"


@both
def test_connect_does_not_raise_but_the_invocation_does(kind):
    """Where nothing listens, or a setting is wrong, `connect` says nothing and the invocation raises."""
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        endpoint = "http://127.0.0.1:%d" % unheard.getsockname()[1]
        with client_of(kind, endpoint) as client:
            call(client, "connect")
            with pytest.raises(errors.ConnectError):
                client.invoke("f")
    with client_of(kind, "http://127.0.0.1:1", region="no region") as client:
        call(client, "connect")
        with pytest.raises(errors.SettingsError):
            client.invoke("f")


def test_connect_without_threads_is_left_to_the_invocation(monkeypatch):
    """Where no thread can be started, `connect` returns, and the invocation makes its connection itself."""

    def start(thread):
        raise RuntimeError("can't start new thread")

    with Server(answering(OK)) as server:
        with Client(endpoint=server.endpoint, ca_file=AUTHORITY, **KEYS) as client:
            with monkeypatch.context() as patch:
                patch.setattr(threading.Thread, "start", start)
                client.connect()
            assert client.invoke("f").value == "Hello World"


def test_connect_with_all_connections_in_use_makes_none():
    """`connect` never makes more connections than `max_connections`."""
    with Server(answering(OK)) as server:
        with Client(endpoint=server.endpoint, max_connections=1, **KEYS) as client:
            client.invoke("f")
            for _ in range(5):
                client.connect()
                client.invoke("f")
            assert server.accepted == 1
