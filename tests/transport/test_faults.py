"""Nothing bare leaves the package: whatever fails outside of it becomes an error of ours, and nothing is lost."""

import gc

import pytest

from tencentserverless import exception as errors
from tencentserverless._protocol import retry
from tencentserverless._transport.faults import fault_of
from tests.clients import KINDS, Driven, client_of
from tests.loopback import Server, http, proxying, read_request, result
from tests.transport.meddling import Calls

RAISED = (OSError, RuntimeError, NotImplementedError, TypeError, MemoryError)
SENDING = {"send", "write"}
WRITERS = {"write", "_send", "_flush"}  # the functions of a connection that hand bytes to the kernel
WAYS = ("http", "https", "proxy")


def pool_of(client):
    """The pool that a client uses."""
    if isinstance(client, Driven):
        return next(iter(client.client._transport()._pools.values()), None)
    return client._transport().pool


def assert_nothing_is_lost(client):
    """Every connection that is open is idle."""
    pool = pool_of(client)
    if pool is not None:
        assert len(pool.places) == len(pool.idle)


def caused_by(error, cause):
    """Whether `cause` stands in the chain of causes of `error`."""
    while error is not None and error is not cause:
        error = error.__cause__ or error.__context__
    return error is cause


class Way:
    """Servers of one way to the function, which answers with its event. `received` are the events."""

    def __init__(self, way):
        self.received = []
        self.target = Server(self._serve, tls=way != "http")
        self.proxy = Server(proxying([]), tls=True) if way == "proxy" else None

    def _serve(self, connection, number):
        while True:
            request = read_request(connection)
            if request is None:
                return
            body = request[1]
            event = body[body.index(b'"ClientContext": ') + 17 : -1]
            self.received.append(event)
            connection.sendall(http(result(event.decode("ascii").strip('"'))))

    def client(self, kind, **settings):
        proxy = self.proxy.endpoint.replace("127.0.0.1", "localhost") if self.proxy else ""
        endpoint = self.target.endpoint.replace("127.0.0.1", "localhost")
        return client_of(kind, endpoint, proxy=proxy, connect_timeout=5, **settings)

    def __enter__(self):
        self.target.__enter__()
        if self.proxy is not None:
            self.proxy.__enter__()
        return self

    def __exit__(self, *raised):
        if self.proxy is not None:
            self.proxy.__exit__(*raised)
        self.target.__exit__(*raised)


@pytest.fixture
def collected():
    """What a test leaves in cycles of garbage, such as sockets that were not closed, ends with the test."""
    yield
    gc.collect()


def writes(calls, before):
    """How many of the calls before this number handed bytes to the kernel."""
    passed = list(zip(calls.callers, calls.names))[:before]
    return sum(caller in WRITERS and name in SENDING for caller, name in passed)


def meddle(way, kind, is_warm, at, error):
    """One invocation with `error` raised at call number `at`; returns the calls and what came out, or None."""
    with way.client(kind) as client:
        if is_warm:
            client.invoke("f", data=0)
        calls, outcome = Calls(at, error), None
        try:
            with calls:
                value = client.invoke("f", data=1).value
            assert value == 1
        except errors.ServerlessError as failure:
            outcome = failure
        assert_nothing_is_lost(client)
        assert client.invoke("f", data=2).value == 2
        assert_nothing_is_lost(client)
    return calls, outcome


# A close that raises does not close.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("is_warm", [False, True])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", KINDS)
def test_whatever_a_call_outside_raises_is_an_error_of_ours(kind, way, is_warm, monkeypatch, collected, tries):
    """Every call that leaves a transport raises every kind of error in turn: a typed error with its cause comes out,
    nothing ran if it says so, and no connection is lost."""
    monkeypatch.setattr(retry, "ATTEMPTS", 1)
    with Way(way) as servers:
        whole = meddle(servers, kind, is_warm, None, None)[0]
        names = whole.names
        assert len(names) >= (3 if is_warm else 12)
        for at in tries(len(names))[:: 3 if way == "proxy" else 1]:
            name = names[at]
            for error in RAISED if way == "http" else RAISED[at % 5 :][:1]:  # each way to a function takes its time
                del servers.received[:]
                calls, outcome = meddle(servers, kind, is_warm, at, error)
                if calls.raised is None or outcome is None:  # another path this time; or the call was not needed
                    continue
                if "object is not callable" not in str(outcome):  # CPython 3.11 may lose what a profile function raises
                    assert caused_by(outcome, calls.raised), (name, error)
                assert isinstance(outcome, errors.TransportError), (name, error)
                if writes(calls, at) < writes(whole, len(names)):
                    assert (outcome.executed, b"1" in servers.received) == ("no", False), (name, error)


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("awaits", [False, True])
@pytest.mark.parametrize("name", ["getaddrinfo", "sock_connect", "create_connection"])
def test_what_an_event_loop_cannot_do_is_a_connect_error(name, awaits, monkeypatch):
    """Where a coroutine of the event loop raises, at once or when it is awaited, a ConnectError comes out."""
    monkeypatch.setattr(retry, "ATTEMPTS", 1)
    for error in RAISED:
        raised = error("not here")

        async def fail_later(*arguments, error=raised, **options):
            raise error

        def fail(*arguments, error=raised, **options):
            raise error

        with Way("http") as servers, servers.client("asyncio") as client:
            setattr(client.loop, name, fail_later if awaits else fail)
            if name == "getaddrinfo" and isinstance(raised, RuntimeError):  # then this thread asks the resolver
                assert client.invoke("f", data=1).value == 1
                continue
            with pytest.raises(errors.ConnectError) as caught:
                client.invoke("f", data=1)
            assert caused_by(caught.value, raised)
            assert caught.value.executed == "no"
            assert_nothing_is_lost(client)


class Limit(Exception):
    """What a time limit raises, such as Celery's soft one."""


def test_which_faults_may_pass():
    """What lacks in this environment will still lack at the next attempt; what failed for the moment may not."""
    assert fault_of("connect", NotImplementedError()).final is False  # a RuntimeError: an executor may be full
    assert fault_of("connect", OSError(24, "Too many open files")).final is False
    assert fault_of("connect", TypeError("unexpected keyword")).final is True
    assert fault_of("connect", TypeError("unexpected keyword")).reason == "TypeError unexpected keyword"
