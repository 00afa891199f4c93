"""Waiting for sockets while signals come."""

import signal
import socket
from contextlib import suppress

import pytest

from tencentserverless._transport.readiness import Readiness
from tests.signals import Interrupted, interrupt_elsewhere


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="this system has no signal masks")
@pytest.mark.parametrize("seconds", [None, 50.0])
@pytest.mark.parametrize("event", ["readable", "writable"])
def test_a_signal_that_interrupts_no_wait(event, seconds):
    """The handler of a signal runs during a long wait of the main thread also if another thread got the signal."""
    one, other = socket.socketpair()
    with one, other:
        one.setblocking(False)
        if event == "writable":
            with suppress(BlockingIOError):
                while True:
                    one.send(bytes(10000))
        with pytest.raises(Interrupted):
            interrupt_elsewhere(lambda: getattr(Readiness(one), event)(seconds))


def test_a_wait_ends_when_its_time_is_over():
    """A wait without an event is as long as asked, also if it is longer than one wait of the kernel."""
    one, other = socket.socketpair()
    with one, other:
        one.setblocking(False)
        assert not Readiness(one).readable(1.2)
        other.send(b"x")
        assert Readiness(one).readable(5.0)
        assert Readiness(one).is_readable()
