"""Waiting for sockets while signals come."""

import os
import signal
import socket
import threading
from contextlib import suppress

import pytest

from tencentserverless._transport.readiness import Readiness

pytestmark = pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="this system has no signal masks")


class Interrupted(Exception):
    """What the signal handler of this test raises."""


@pytest.fixture
def taken_by_others():
    """The kernel gives SIGUSR1 to other threads than this one, whose wait it does not interrupt."""

    def handle(number, frame):
        raise Interrupted

    before = signal.signal(signal.SIGUSR1, handle)
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    yield
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGUSR1])
    signal.signal(signal.SIGUSR1, before)


@pytest.mark.parametrize("seconds", [None, 50.0])
@pytest.mark.parametrize("event", ["readable", "writable"])
def test_a_signal_that_interrupts_no_wait(taken_by_others, event, seconds):
    """The handler of a signal runs during a long wait of the main thread also if another thread got the signal."""
    one, other = socket.socketpair()
    over = threading.Event()

    def interrupt():
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGUSR1])
        os.kill(os.getpid(), signal.SIGUSR1)
        if not over.wait(30):
            one.close() if event == "readable" else other.close()

    with one, other:
        one.setblocking(False)
        if event == "writable":
            with suppress(BlockingIOError):
                while True:
                    one.send(bytes(10000))
        thread = threading.Thread(target=interrupt)

        def wait():
            thread.start()
            getattr(Readiness(one), event)(seconds)

        with pytest.raises(Interrupted):
            wait()
        over.set()
        thread.join()


def test_a_wait_ends_when_its_time_is_over():
    """A wait without an event is as long as asked, also if it is longer than one wait of the kernel."""
    one, other = socket.socketpair()
    with one, other:
        one.setblocking(False)
        assert not Readiness(one).readable(1.2)
        other.send(b"x")
        assert Readiness(one).readable(5.0)
        assert Readiness(one).is_readable()
