"""An event loop on a thread of its own."""

import asyncio
import os
import signal
import socket
import threading

import pytest

from tencentserverless.local.eventloop.loop_thread import LoopThread


def test_calls_from_another_thread():
    """A call runs on the thread of the loop, its result and its exception reach the caller, and the end ends it."""
    loop = LoopThread("some loop")
    assert loop.call(lambda: threading.current_thread().name) == "some loop"
    with pytest.raises(ZeroDivisionError):
        loop.call(divmod, 1, 0)
    loop.end()
    assert "some loop" not in [thread.name for thread in threading.enumerate()]


def test_no_thread_can_be_had(monkeypatch):
    """If the system refuses a thread, the error says so, as one of the system."""

    def refuse(_):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(OSError, match="does not allow another thread"):
        LoopThread("some loop")


class Interrupted(Exception):
    """What the signal handler of this test raises."""


@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="this system has no such signals")
def test_an_interrupted_call():
    """A call that a signal handler interrupts goes on, and has ended when the thread has."""
    done = []

    def handle(number, frame):
        raise Interrupted

    async def work():
        os.kill(os.getpid(), signal.SIGUSR1)
        await asyncio.sleep(0.1)
        done.append(True)

    before = signal.signal(signal.SIGUSR1, handle)
    loop = LoopThread("some loop")
    try:
        with pytest.raises(Interrupted):
            loop.wait_for(work())
    finally:
        loop.end()
        signal.signal(signal.SIGUSR1, before)
    assert done


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no forks")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_fork_lives_longer():
    """A socket that the loop watches ends when this process closes it, though a fork of this process lives on."""
    loop = LoopThread("some loop")
    ours, theirs = socket.socketpair()
    watching = loop.call(asyncio.get_running_loop)
    loop.call(watching.add_reader, ours, bool)
    life_line, end = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(end)
        os.read(life_line, 1)
        os._exit(not loop.is_inherited)
    os.close(life_line)
    try:
        loop.call(watching.remove_reader, ours)
        ours.close()
        with theirs:
            theirs.settimeout(20)
            assert theirs.recv(1) == b""
        assert not loop.is_inherited
    finally:
        os.close(end)
        loop.end()
    assert os.waitpid(child, 0)[1] == 0


def test_a_loop_that_has_ended():
    """Who waits for a loop that ends gets an error, as does who comes later; its end can be asked for once more."""
    loop = LoopThread("some loop")

    async def work():
        asyncio.get_running_loop().stop()
        await asyncio.get_running_loop().create_future()

    with pytest.raises(RuntimeError, match="the event loop has ended"):
        loop.wait_for(work())
    with pytest.raises(RuntimeError, match="the event loop has ended"):
        loop.call(bool)
    loop.end()
