"""Exceptions of signal handlers, which are for the caller wherever they come."""

import functools
import os
import signal

import pytest

from tencentserverless import exception as errors
from tencentserverless._signals import pass_on
from tests.clients import KINDS, client_of
from tests.loopback import Server, answering, http, result

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="this system has no such signals")


class Limit(Exception):
    """What a time limit raises, such as Celery's soft one."""


def raise_limit(number, frame):
    raise Limit("a recipe for time limits")


class Handlers:
    """Signal handlers of other forms."""

    def method(self, number, frame):
        raise OSError("from a method")

    def __call__(self, number, frame):
        raise RuntimeError("from an object")


@pytest.fixture
def handled_by():
    """Set the handler of SIGUSR1 for the time of a test."""
    before = signal.getsignal(signal.SIGUSR1)
    yield functools.partial(signal.signal, signal.SIGUSR1)
    signal.signal(signal.SIGUSR1, before)


@pytest.mark.parametrize(
    "handler", [raise_limit, Handlers().method, Handlers(), functools.partial(raise_limit), lambda *_: 1 // 0]
)
def test_an_exception_of_a_handler_is_known(handler, handled_by):
    """An exception of a signal handler passes on, whatever its class and whatever kind of handler raised it."""
    handled_by(handler)
    with pytest.raises((Limit, OSError, RuntimeError, ZeroDivisionError)) as caught:
        handler(signal.SIGUSR1, None)
    with pytest.raises(type(caught.value)):
        pass_on(caught.value)
    handled_by(signal.SIG_IGN)
    pass_on(caught.value)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("place", ["trace", "credentials"])
def test_a_limit_in_a_callable_of_the_caller(kind, place, handled_by):
    """A time limit that comes while a callable of the caller runs is raised as it is, and the client goes on."""
    if kind == "asyncio" and place == "credentials":
        pytest.skip("the callable runs in a thread, where no signal handler does")
    handled_by(raise_limit)
    limits = [1]

    def called(*step):
        if limits:
            limits.pop()
            os.kill(os.getpid(), signal.SIGUSR1)
        return "AKID", "key"

    with Server(answering(http(result()))) as server:
        with client_of(kind, server.endpoint, **{place: called}) as client:
            with pytest.raises(Limit):
                client.invoke("f")
            assert client.invoke("f").value == "Hello World"


def test_an_error_of_a_callable_is_not_a_limit(handled_by):
    """What a callable raises by itself becomes an error of ours with its cause, where signals are handled too."""
    handled_by(raise_limit)

    def fail():
        raise Limit("by itself")

    with client_of("blocking", "http://127.0.0.1:1", credentials=fail) as client:
        with pytest.raises(errors.SettingsError) as caught:
            client.invoke("f")
    assert isinstance(caught.value.__cause__, Limit)
