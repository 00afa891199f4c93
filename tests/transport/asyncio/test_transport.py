"""What only the asyncio transport can get wrong: cancellation, loops, many in flight."""

import asyncio
import gc
import json
import threading

import pytest

from tencentserverless import exception as errors
from tencentserverless.aio import AsyncClient
from tests.clients import Driven
from tests.loopback import AUTHORITY, KEYS, Server, answering, http, read_request, result

OK = http(result())


def run(coroutine):
    """Run in an event loop of its own, shut down as asyncio.run does."""
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(coroutine)
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


def echo(head, body):
    """Answer with the event."""
    return http(result(json.loads(body.decode("utf-8")).get("ClientContext", "null")))


@pytest.mark.parametrize("tls", [False, True])
def test_many_invocations_in_flight_get_their_own_answers(tls):
    """Two hundred invocations at a time over at most eight connections each get their own answer."""

    async def main(endpoint):
        async with AsyncClient(endpoint=endpoint, ca_file=AUTHORITY, max_connections=8, timeout=60, **KEYS) as client:
            return await asyncio.gather(*[client.invoke("f", data=number) for number in range(200)])

    with Server(answering(echo), tls=tls) as server:
        outcomes = run(main(server.endpoint))
        assert server.accepted <= 8
    assert [outcome.value for outcome in outcomes] == list(range(200))


def test_one_client_works_in_one_loop_after_the_other():
    """A client outlives its event loop and makes new connections in the next one."""
    with Server(answering(OK)) as server:
        client = AsyncClient(endpoint=server.endpoint, timeout=20, **KEYS)
        for _ in range(3):
            assert run(client.invoke("f")).value == "Hello World"
        gc.collect()
        assert server.accepted == 3


def test_a_cancelled_invocation_closes_its_connection():
    """Cancelling while waiting for the answer closes that connection; the next invocation gets its own answer."""
    taken, ended = threading.Event(), threading.Event()

    def serve(connection, number):
        if number > 1:
            return answering(OK)(connection, number)
        read_request(connection)
        taken.set()
        ended.set() if connection.recv(1) == b"" else None
        return None

    async def main(client):
        task = asyncio.ensure_future(client.invoke("f"))
        await asyncio.get_event_loop().run_in_executor(None, taken.wait, 20)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.get_event_loop().run_in_executor(None, ended.wait, 20)
        return await client.invoke("f")

    with Server(serve) as server, Driven(endpoint=server.endpoint, timeout=20, **KEYS) as driven:
        assert driven.run(main(driven.client)).value == "Hello World"
        assert server.accepted == 2


def test_a_cancelled_wait_gives_its_place_to_the_next():
    """Cancelling an invocation that waits for a connection leaves the others waiting in line, none of them stuck."""

    async def main(client):
        tasks = [asyncio.ensure_future(client.invoke("f", data=number)) for number in range(6)]
        await asyncio.sleep(0)
        for task in tasks[1:4]:
            task.cancel()
        return await asyncio.gather(*tasks, return_exceptions=True)

    with Server(answering(echo)) as server:
        with Driven(endpoint=server.endpoint, max_connections=1, timeout=20, **KEYS) as driven:
            outcomes = driven.run(main(driven.client))
    assert [isinstance(outcome, asyncio.CancelledError) for outcome in outcomes] == [False] + [True] * 3 + [False] * 2
    assert [outcomes[number].value for number in (0, 4, 5)] == [0, 4, 5]


def test_a_timeout_is_the_event_loop_s_too():
    """The time-out of the asyncio client is caught as InvokeTimeoutError, TimeoutError and asyncio.TimeoutError."""

    def serve(connection, number):
        read_request(connection)
        connection.recv(1)

    with Server(serve) as server, Driven(endpoint=server.endpoint, **KEYS) as driven:
        with pytest.raises(asyncio.TimeoutError) as caught:
            driven.invoke("f", timeout=0.1)
    assert isinstance(caught.value, errors.InvokeTimeoutError)
    assert isinstance(caught.value, TimeoutError)
    assert caught.value.executed == "maybe"


def test_a_later_invocation_with_a_shorter_timeout_ends_in_time():
    """The timer of a connection is set anew for a deadline that comes before the one it was set for."""

    def serve(connection, number):
        read_request(connection)
        connection.sendall(OK)
        read_request(connection)
        connection.recv(1)

    with Server(serve) as server, Driven(endpoint=server.endpoint, **KEYS) as driven:
        driven.invoke("f", timeout=3600)
        with pytest.raises(errors.InvokeTimeoutError):
            driven.invoke("f", timeout=0.1)


def test_data_on_an_idle_connection_closes_it():
    """A server that goes on talking to an idle connection loses it, and nothing piles up."""
    cut = threading.Event()

    def serve(connection, number):
        read_request(connection)
        connection.sendall(OK)
        if number == 1:
            try:
                while True:
                    connection.sendall(b"x" * 65536)
            except OSError:
                cut.set()
        read_request(connection)

    async def wait():
        return await asyncio.get_event_loop().run_in_executor(None, cut.wait, 20)

    with Server(serve) as server, Driven(endpoint=server.endpoint, timeout=20, **KEYS) as driven:
        driven.invoke("f")
        assert driven.run(wait())
        assert driven.invoke("f").value == "Hello World"


def test_a_request_that_is_not_read_is_not_taken():
    """A server that never reads a large request leaves it unsent: the deadline says that nothing ran."""
    release = threading.Event()
    with Server(lambda connection, number: release.wait(20)) as server:
        with Driven(endpoint=server.endpoint, timeout=0.3, **KEYS) as driven:
            with pytest.raises(errors.InvokeTimeoutError) as caught:
                driven.invoke("f", data="x" * 6000000)
        release.set()
    assert (caught.value.phase, caught.value.executed) == ("write", "no")


def test_nothing_is_left_open_without_closing():
    """A client that nobody closed leaves no open socket behind when its event loop shuts down."""
    gone = threading.Event()

    def serve(connection, number):
        answering(OK)(connection, number)
        gone.set()

    with Server(serve) as server:
        run(AsyncClient(endpoint=server.endpoint, timeout=20, **KEYS).invoke("f"))
        gc.collect()  # an unclosed transport would warn here, and a warning is an error
        assert gone.wait(20)
