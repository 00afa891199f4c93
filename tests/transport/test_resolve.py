"""The resolver: it may be slow, fail, or be asked by many at once."""

import _thread
import signal
import socket
import threading
from time import monotonic

import pytest

from tencentserverless import exception as errors
from tencentserverless._protocol import retry
from tencentserverless._transport.blocking import resolve as blocking
from tests.clients import KINDS, client_of
from tests.transport.test_faults import RAISED, caused_by

both = pytest.mark.parametrize("kind", KINDS)
FOUND = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 1))]


@pytest.fixture
def resolver(monkeypatch):
    """Answer questions about names by `resolver.answer()`, and those about addresses as the system does."""
    usual = socket.getaddrinfo

    class Resolver:
        release = threading.Event()
        asked = 0

        def wait(self):
            self.release.wait(20)
            return FOUND

        answer = wait

    answering = Resolver()

    def getaddrinfo(host, port, *rest, **options):
        if host != "name.test" or rest[-1:] == (socket.AI_NUMERICHOST,):
            return usual(host, port, *rest, **options)
        answering.asked += 1
        return answering.answer()

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    yield answering
    answering.release.set()


@both
def test_a_resolver_that_does_not_answer(kind, resolver):
    """A resolver that does not answer is waited for until the deadline or the connect time-out, and nothing ran."""
    try:
        began = monotonic()
        with client_of(kind, "http://name.test", connect_timeout=0.1) as client:
            with pytest.raises(errors.InvokeTimeoutError) as late:
                client.invoke("f", timeout=0.05)
            with pytest.raises(errors.ConnectError) as timed_out:
                client.invoke("f")
        assert monotonic() - began < 10
    finally:
        resolver.release.set()
    for caught in (late, timed_out):
        assert (caught.value.phase, caught.value.executed) == ("resolve", "no")


@both
@pytest.mark.parametrize("error", [*RAISED, socket.gaierror])
def test_whatever_the_resolver_raises(kind, error, resolver, monkeypatch):
    """Whatever the resolver raises becomes a ConnectError with it as the cause."""
    monkeypatch.setattr(retry, "ATTEMPTS", 1)
    raised = error("not here")

    def fail():
        raise raised

    resolver.answer = fail
    with client_of(kind, "http://name.test") as client, pytest.raises(errors.ConnectError) as caught:
        client.invoke("f")
    assert (caught.value.phase, caught.value.executed) == ("resolve", "no")
    assert caused_by(caught.value, raised)


def test_without_another_thread(resolver, monkeypatch):
    """Where no thread can be started, the thread that needs the addresses asks for them."""
    resolver.release.set()

    def fail(function, arguments):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(_thread, "start_new_thread", fail)
    assert blocking.resolve("name.test", 1, 20) == FOUND


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no interval timers")
def test_a_signal_while_the_resolver_works(resolver):
    """What a signal handler raises while the resolver works reaches the caller at once."""

    def ring(number, frame):
        raise OSError("a limit")

    before = signal.signal(signal.SIGALRM, ring)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with client_of("blocking", "http://name.test") as client, pytest.raises(OSError, match="a limit") as caught:
            client.invoke("f")
    finally:
        signal.signal(signal.SIGALRM, before)
    assert not isinstance(caught.value, errors.ServerlessError)
