"""An invocation that is broken off, wherever it was, loses no place of the pool and mixes up no answer."""

import asyncio
import contextlib
import gc
import os
import random
import signal
import sys
import threading
import time

import pytest

from tests.clients import KINDS, Driven
from tests.transport.meddling import Lines
from tests.transport.test_faults import Limit, Way, assert_nothing_is_lost, pool_of

# A socket that is broken off while Python makes it is closed by the garbage collector, which warns.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
TIMES = 500
STRIDE = {"http": 7, "https": 25}  # lines
both = pytest.mark.parametrize("kind", KINDS)


class BrokenOff(BaseException):
    """What gevent.Timeout and GreenletExit are to a program that does not have gevent."""


@pytest.mark.parametrize("is_warm", [False, True])
@pytest.mark.parametrize("way", ["http", "https"])
@both
def test_broken_off_at_any_line(kind, way, is_warm):
    """An exception at any line of a transport passes through at once; every open connection is idle afterwards, and
    the next invocation gets its own answer."""
    # asyncio stops its event loop for a KeyboardInterrupt
    raised = (BrokenOff, Limit) if kind == "asyncio" else (BrokenOff, Limit, KeyboardInterrupt)
    stride = STRIDE[way]
    with Way(way) as servers:
        total = count_lines(servers, kind, is_warm)
        assert total > 30
        for at in range(random.randrange(stride), total, stride):
            with servers.client(kind) as client:
                break_off(client, is_warm, at, random.choice(raised))
                assert_nothing_is_lost(client)
                assert client.invoke("f", data=2).value == 2
                assert_nothing_is_lost(client)


def count_lines(servers, kind, is_warm):
    """The number of lines that an invocation runs through."""
    with servers.client(kind) as client:
        return len(break_off(client, is_warm, None, None).names)


def break_off(client, is_warm, at, error):
    """Invoke, and break that off at line number `at`."""
    if is_warm:
        client.invoke("f", data=0)
    lines, caught = Lines(at, error), None
    try:
        with lines:
            assert client.invoke("f", data=1).value == 1
    except (BrokenOff, KeyboardInterrupt, Limit) as broken_off:
        caught = broken_off
    assert caught is lines.raised
    if caught is not None:
        lines.raised = caught.__traceback__ = None  # frames that are remembered keep their variables
        del caught
    return lines


@pytest.mark.parametrize("way", ["http", "https"])
def test_connect_broken_off_at_any_line(way):
    """An exception at any line of `connect` loses no connection, and the next invocation does not wait for it."""
    with Way(way) as servers:
        with servers.client("asyncio") as client:
            total = len(connect_broken_off(client, None, None).names)
        assert total > 30
        for at in range(random.randrange(5), total, 5):
            with servers.client("asyncio") as client:
                lines = connect_broken_off(client, at, random.choice((BrokenOff, Limit)))
                assert lines.raised is not None
                assert_nothing_is_lost(client)
                assert client.invoke("f", data=2, timeout=None).value == 2


def connect_broken_off(client, at, error):
    """Connect ahead, and break that off at line number `at`."""
    lines = Lines(at, error)
    with contextlib.suppress(BrokenOff, Limit), lines:
        client.run(client.client.connect())
    return lines


def test_an_invocation_that_waits_for_a_cancelled_connect_connects_itself():
    """Where `connect` is cancelled while an invocation waits for it, the invocation makes the connection."""

    async def scenario(client):
        connecting = asyncio.ensure_future(client.connect())
        await asyncio.sleep(0)
        invoking = asyncio.ensure_future(client.invoke("f", data=1, timeout=None))
        await asyncio.sleep(0)
        connecting.cancel()
        return (await invoking).value, connecting.cancelled()

    with Way("https") as servers, servers.client("asyncio") as client:
        assert client.run(scenario(client.client)) == (1, True)
        assert_nothing_is_lost(client)


def interrupt_by_alarm(servers, times, chance):
    """Invoke `times` times with an alarm at a moment of chance. The number that were broken off."""
    broken_off = 0
    usual = 0.002
    errors = [Limit, TimeoutError, BrokenOff, KeyboardInterrupt, RuntimeError]

    def ring(number, frame):
        raise chance.choice(errors)("broken off")

    before = signal.signal(signal.SIGALRM, ring)
    try:
        with servers.client("blocking", max_connections=2) as client:
            client.invoke("f", data=0)  # Python's own imports are not made to be broken off
            for number in range(times):
                started = time.perf_counter()
                try:
                    signal.setitimer(signal.ITIMER_REAL, chance.uniform(0.00005, usual))
                    value = client.invoke("f", data=number).value
                    signal.setitimer(signal.ITIMER_REAL, 0)
                    assert value == number
                    usual = 0.9 * usual + 0.1 * (time.perf_counter() - started)
                except tuple(errors) as error:
                    assert type(error) in errors  # none of ours
                    broken_off += 1
                finally:
                    signal.setitimer(signal.ITIMER_REAL, 0)
                assert_nothing_is_lost(client)
    finally:
        signal.signal(signal.SIGALRM, before)
    return broken_off


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no interval timers")
def test_broken_off_by_an_alarm_at_any_moment():
    """What a signal handler raises, at any moment, reaches the caller as it is, and costs the pool nothing."""
    if threading.current_thread() is not threading.main_thread():
        pytest.skip("signals reach the main thread only")
    with Way("http") as servers:
        assert interrupt_by_alarm(servers, TIMES, random.Random(1)) > TIMES // 20


async def cancel_often(client, times, chance):
    """Run `times` invocations, some of them cancelled at a moment of chance. The number that were cancelled."""
    cancelled = 0
    for first in range(0, times, 4):
        tasks = [asyncio.ensure_future(client.invoke("f", data=number)) for number in range(first, first + 4)]
        for task in tasks[::2]:
            asyncio.get_event_loop().call_later(chance.uniform(0, 0.004), task.cancel)
        for number, outcome in enumerate(await asyncio.gather(*tasks, return_exceptions=True), first):
            if isinstance(outcome, asyncio.CancelledError):
                cancelled += 1
            else:
                assert outcome.value == number
    return cancelled


def test_cancelled_at_any_moment():
    """Invocations cancelled at any moment, three to a place, lose no place and get no answer of another."""
    with Way("http") as servers, servers.client("asyncio", max_connections=2) as client:
        assert client.run(cancel_often(client.client, TIMES, random.Random(1))) > TIMES // 20
        client.run(asyncio.sleep(0))
        assert_nothing_is_lost(client)


def test_a_lost_connection_gives_its_place_back():
    """A connection that nothing refers to any more is closed, and its place is free again."""
    with Way("http") as servers, servers.client("blocking", max_connections=1) as client:
        client.invoke("f", data=1)
        pool = pool_of(client)
        connection = pool.idle.take_any()
        assert len(pool.places) == 1
        del connection
        gc.collect()
        assert len(pool.places) == 0
        assert client.invoke("f", data=2).value == 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
@both
def test_a_fork_at_any_moment_leaves_the_child_a_working_client(kind, tries):
    """A child that was forked at any line of an invocation of another thread, locks held or not, can invoke."""
    with Way("http") as servers:
        for at in (20 * number for number in tries(count_lines(servers, kind, False) // 20)):
            with servers.client(kind) as client:
                reached, go_on = threading.Event(), threading.Event()
                thread = threading.Thread(target=pause_at, args=(client, at, reached, go_on))
                thread.start()
                reached.wait(10)
                child = os.fork()
                if child == 0:
                    os._exit(invoke_in_child(client))
                status = os.waitpid(child, 0)[1]
                go_on.set()
                thread.join(20)
                assert status == 0, at


def pause_at(client, at, reached, go_on):
    """Invoke, and stop at line number `at` until told to go on."""

    def pause():
        reached.set()
        go_on.wait(10)
        return BrokenOff()

    with contextlib.suppress(BrokenOff), Lines(at, pause):
        client.invoke("f", data=1)
    reached.set()


def invoke_in_child(client):
    """Whether an invocation in a child process fails."""
    sys.settrace(None)
    if isinstance(client, Driven):
        client.loop = asyncio.new_event_loop()
    return client.invoke("f", data=2, timeout=10).value != 2
