"""An event loop on a thread of its own."""

import asyncio
import os
import signal
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
