"""The asyncio client's own class of time-outs; everything else is tested for both clients at once."""

import asyncio
import copy
import pickle
import threading

import pytest

from tencentserverless import exception as errors
from tencentserverless.aio import AsyncClient
from tests.clients import Driven
from tests.loopback import KEYS, Server, answering, http, read_request, result


@pytest.mark.parametrize("way", ["invoke", "the native form", "a function's call", "send", "map", "wait"])
def test_without_an_event_loop_of_asyncio(way):
    """Under trio, for example, the error says what is missing, and neither a connection nor a task is made."""
    asked = []

    async def scenario():
        async with AsyncClient(endpoint=server.endpoint, credentials=lambda: asked.append(1)) as client:
            await client.connect()
            await client.close()
            await WAYS[way](client)

    with Server(answering(http(result()))) as server, pytest.raises(errors.SettingsError) as caught:
        scenario().send(None)  # as another event loop begins a coroutine
    assert "needs a running event loop of asyncio" in str(caught.value)
    assert (caught.value.executed, asked, server.accepted) == ("no", [], 0)


async def values(iterator):
    """The values of an asynchronous iterator."""
    return [value async for value in iterator]


WAYS = {
    "invoke": lambda client: client.invoke("f"),
    "the native form": lambda client: client.f(a="b"),
    "a function's call": lambda client: client.function("f")(a="b"),
    "send": lambda client: client.function("f").send(),
    "map": lambda client: values(client.function("f").map([1])),
    "status": lambda client: client.invocation("id", "f").status(),
    "wait": lambda client: client.invocation("id", "f").wait(),
    "result": lambda client: client.invocation("id", "f").result(),
    "cancel": lambda client: client.invocation("id", "f").cancel(),
}


@pytest.mark.parametrize("way", sorted(WAYS))
def test_every_time_out_is_asyncio_s_too(way):
    """Whatever meets its deadline, `except asyncio.TimeoutError` catches it, on every Python."""

    def serve(connection, number):
        read_request(connection)
        connection.recv(1)

    with Server(serve) as server, Driven(endpoint=server.endpoint, timeout=0.1, **KEYS) as driven:
        with pytest.raises(asyncio.TimeoutError) as caught:
            driven.run(WAYS[way](driven.client))
    assert isinstance(caught.value, errors.InvokeTimeoutError)


def test_a_failure_of_map_is_handed_out_with_its_class():
    """A time-out that map returns at its place is asyncio's too."""

    def serve(connection, number):
        read_request(connection)
        connection.recv(1)

    with Server(serve) as server, Driven(endpoint=server.endpoint, timeout=0.1, **KEYS) as driven:
        mapped = driven.client.function("f").map([1, 2], return_exceptions=True)
        outcomes = driven.run(values(mapped))
    assert [isinstance(outcome, asyncio.TimeoutError) for outcome in outcomes] == [True, True]


def test_waiting_for_a_result_ends_with_asyncio_s_class():
    """The time-out of `result`, which no deadline of an invocation ends, is asyncio's too."""
    running = {"Response": {"Result": {"Status": "RUNNING"}, "RequestId": "r"}}
    with Server(answering(http(running))) as server, Driven(endpoint=server.endpoint, **KEYS) as driven:
        with pytest.raises(asyncio.TimeoutError) as caught:
            driven.run(driven.client.invocation("id", "f").result(timeout=0.05))
    assert isinstance(caught.value, errors.InvokeTimeoutError)


def test_credentials_of_a_thread_end_with_asyncio_s_class():
    """A blocking callable that does not answer in time is asyncio's time-out too, and nothing ran."""
    release = threading.Event()

    def credentials():
        release.wait(20)
        return "AKID", "key"

    with Driven(endpoint="http://127.0.0.1:1", credentials=credentials, timeout=0.1) as driven:
        try:
            with pytest.raises(asyncio.TimeoutError) as caught:
                driven.invoke("f")
        finally:
            release.set()
    assert isinstance(caught.value, errors.InvokeTimeoutError)
    assert caught.value.executed == "no"


def test_its_time_out_can_be_copied():
    """The class survives pickle and copy with everything in it."""
    error = AsyncClient._timeout_error("ClientNetworkError", "too late", "r")
    error.phase = "read"
    for other in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert type(other) is type(error)
        assert (other.code, other.message, other.request_id, other.phase) == (
            "ClientNetworkError",
            "too late",
            "r",
            "read",
        )
