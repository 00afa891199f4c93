"""Credentials of the asyncio client that take time."""

import asyncio
import gc
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tencentserverless import exception as errors
from tencentserverless.aio import AsyncClient
from tencentserverless.scf import Client
from tests.clients import Driven
from tests.loopback import Server, answering, header, http, result


def who(head, body):
    """Answer with the secret id that the request was signed with."""
    return http(result(json.dumps(header(head, "Authorization").split("Credential=")[1].split("/")[0])))


def test_a_coroutine_function_is_awaited_once_for_all_that_wait():
    """Fifty invocations at a time share one answer of a coroutine function, and go on using it while it lives."""
    asked = []

    async def credentials():
        asked.append(1)
        await asyncio.sleep(0.01)
        return "AKID", "key", None, time.time() + 3600

    async def main(client):
        found = await asyncio.gather(*[client.invoke("f") for _ in range(50)])
        return [result.value for result in [*found, await client.invoke("f")]]

    with Server(answering(who)) as server, Driven(endpoint=server.endpoint, credentials=credentials) as driven:
        assert driven.run(main(driven.client)) == ["AKID"] * 51
    assert len(asked) == 1


def test_credentials_without_an_end_are_awaited_each_time():
    """A coroutine function that tells no end is awaited for each invocation."""
    numbers = iter(range(9))

    async def credentials():
        return f"AKID{next(numbers)}", "key"

    with Server(answering(who)) as server, Driven(endpoint=server.endpoint, credentials=credentials) as driven:
        assert [driven.invoke("f").value for _ in range(3)] == ["AKID0", "AKID1", "AKID2"]


def test_a_blocking_callable_does_not_hold_up_the_event_loop():
    """A callable that blocks is asked in a thread; the event loop goes on, and lets it answer here."""
    release = threading.Event()

    def credentials():
        assert release.wait(20)
        return "AKID", "key"

    async def main(client):
        task = asyncio.ensure_future(client.invoke("f"))
        asyncio.get_event_loop().call_soon(release.set)
        return (await task).value

    with Server(answering(who)) as server, Driven(endpoint=server.endpoint, credentials=credentials) as driven:
        assert driven.run(main(driven.client)) == "AKID"


def test_waiting_for_a_coroutine_ends_at_the_deadline():
    """Credentials that do not come cost the timeout, and nothing ran."""

    async def credentials():
        await asyncio.get_event_loop().create_future()

    async def main(client):
        try:
            await client.invoke("f", timeout=0.05)
        finally:
            client._source._asking.cancel()

    with Driven(endpoint="http://127.0.0.1:1", credentials=credentials) as driven:
        with pytest.raises(errors.InvokeTimeoutError) as caught:
            driven.run(main(driven.client))
    assert isinstance(caught.value, asyncio.TimeoutError)
    assert caught.value.executed == "no"


def test_credentials_that_need_themselves():
    """Credentials that invoke the client they are for end at once in both clients, and not at the deadline."""

    async def credentials():
        return await driven.client.invoke("f")

    own = Client(endpoint="http://127.0.0.1:1", credentials=lambda: own.invoke("f"))
    with Driven(endpoint="http://127.0.0.1:1", credentials=credentials) as driven:
        for client in (own, driven):
            with pytest.raises(errors.SettingsError, match=r"credentials\(\) invoked its own client"):
                client.invoke("f", timeout=None)


def test_what_a_coroutine_raises_is_heard():
    """What a coroutine function raises is the cause of a SettingsError, and the next invocation awaits it again."""
    answers = [RuntimeError("no network"), ("AKID", "key")]

    async def credentials():
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    with Server(answering(who)) as server, Driven(endpoint=server.endpoint, credentials=credentials) as driven:
        with pytest.raises(errors.SettingsError, match="RuntimeError") as caught:
            driven.invoke("f")
        assert str(caught.value.__cause__) == "no network"
        assert driven.invoke("f").value == "AKID"


def test_a_source_works_in_one_loop_after_the_other():
    """Credentials asked for in one event loop serve in the next one, and can be asked for again there."""

    async def credentials():
        return "AKID", "key"

    with Server(answering(who)) as server:
        client = AsyncClient(endpoint=server.endpoint, credentials=credentials)
        for _ in range(2):
            with Driven() as driven:
                driven.client = client
                assert driven.invoke("f").value == "AKID"


class Executor:
    """In the place of an event loop's `run_in_executor`: raises, at once or in the future that it returns."""

    def __init__(self, loop, error, is_late):
        self.loop = loop
        self.error = error
        self.is_late = is_late

    def __call__(self, executor, function, *arguments):
        if not self.is_late:
            raise self.error
        future = self.loop.create_future()
        future.set_exception(self.error)
        return future


@pytest.mark.parametrize("is_late", [False, True])
@pytest.mark.parametrize("error", [RuntimeError, NotImplementedError, TypeError, OSError, MemoryError])
def test_an_executor_that_fails(error, is_late):
    """Where no thread can be had, the callable is called at once; other failures are a SettingsError with the cause."""
    raised = error("not here")
    with Server(answering(who)) as server:
        with Driven(endpoint=server.endpoint, credentials=lambda: ("AKID", "key")) as driven:
            driven.loop.run_in_executor = Executor(driven.loop, raised, is_late)
            if isinstance(raised, RuntimeError):
                assert driven.invoke("f").value == "AKID"
                return
            with pytest.raises(errors.SettingsError, match=error.__name__) as caught:
                driven.invoke("f")
    assert (caught.value.__cause__, caught.value.executed) == (raised, "no")


def test_a_failure_after_the_deadline_is_not_reported(caplog):
    """A callable that fails after all who waited for it have given up is not reported by asyncio."""
    release = threading.Event()

    def credentials():
        release.wait(20)
        raise OSError("no network")

    async def main(client):
        with pytest.raises(errors.InvokeTimeoutError):
            await client.invoke("f", timeout=0.05)
        release.set()

    with Driven(endpoint="http://127.0.0.1:1", credentials=credentials) as driven:
        driven.loop.set_default_executor(ThreadPoolExecutor(1))  # one thread: what comes next waits for the callable
        driven.run(main(driven.client))
        driven.run(driven.loop.run_in_executor(None, time.time))
    gc.collect()
    assert not caplog.records
