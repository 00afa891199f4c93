"""Waiting for sockets while signals come."""

import signal
import socket
import time
from contextlib import suppress

import pytest

from tencentserverless._transport.readiness import Readiness
from tests.signals import Interrupted, interrupt_elsewhere


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="this system has no signal masks")
@pytest.mark.parametrize("seconds", [None, 50.0])
@pytest.mark.parametrize("event", ["readable", "writable"])
def test_a_signal_that_interrupts_no_wait(event, seconds, monkeypatch):
    """The handler of a signal runs during a long wait of the main thread also if another thread got the signal."""
    monkeypatch.setattr("tencentserverless._transport.readiness.LONGEST_SECONDS", 0.2)
    one, other = socket.socketpair()
    with one, other:
        one.setblocking(False)
        if event == "writable":
            with suppress(BlockingIOError):
                while True:
                    one.send(bytes(10000))
        with pytest.raises(Interrupted):
            interrupt_elsewhere(lambda: getattr(Readiness(one), event)(seconds))


def test_a_wait_ends_when_its_time_is_over(monkeypatch):
    """A wait without an event is as long as asked, also if it is longer than one wait of the kernel."""
    monkeypatch.setattr("tencentserverless._transport.readiness.LONGEST_SECONDS", 0.1)
    one, other = socket.socketpair()
    with one, other:
        one.setblocking(False)
        began = time.monotonic()
        assert not Readiness(one).readable(0.25)
        assert time.monotonic() - began > 0.249
        other.send(b"x")
        assert Readiness(one).readable(5.0)
        assert Readiness(one).is_readable()
