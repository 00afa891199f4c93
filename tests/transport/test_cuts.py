"""The connection is cut after every single byte of a request and of its response, by end and by reset."""

import contextlib
import socket
import threading

import pytest

from tencentserverless import exception as errors
from tests.clients import KINDS, client_of
from tests.loopback import Server, http, result
from tests.transport.cutter import Counting, Plan, cutting, reset

OK = http(result())
TLS_STRIDE = 11  # bytes between two cuts of an encrypted stream

pytestmark = pytest.mark.parametrize("kind", KINDS)
by_end_and_by_reset = pytest.mark.parametrize("reset", [False, True], ids=["end", "reset"])
fresh_and_reused = pytest.mark.parametrize("reused", [False, True], ids=["fresh", "reused"])


def attempted(client, event):
    """The result of an invocation, or its TransportError."""
    try:
        return client.invoke("f", data=event)
    except errors.TransportError as error:
        return error


def is_right(outcome, executions):
    """Whether what the client says agrees with what the server counted."""
    if isinstance(outcome, errors.TransportError):
        allowed = {"no": (0,), "maybe": (0, 1), "yes": (1,)}[outcome.executed]
        return executions in allowed and bool(outcome.phase) and outcome.safe_to_retry == (outcome.executed == "no")
    return executions == 1 and outcome.value == "Hello World"


def wrong(told, ran):
    """What the client said that does not agree with the server's count, and where it was cut."""
    return [(plan.passed, outcome) for plan, event, outcome in told if not is_right(outcome, ran.get(event, 0))]


def sweep(kind, endpoint, cutter, plans, reused):
    """One invocation for each plan, on a connection that is new or was used once: a list of (plan, event, outcome)."""
    told = []
    for number, plan in enumerate(plans):
        with client_of(kind, endpoint) as client:
            if reused:
                cutter.plan = Plan()
                client.invoke("f", data="warm")
            cutter.plan = plan
            event = f"{number:06}"  # always of the same length
            told.append((plan, event, attempted(client, event)))
    return told


def lengths(kind, endpoint, cutter, reused):
    """How many bytes one exchange takes each way, and the handshake where the connection is fresh."""
    with client_of(kind, endpoint) as client:
        cutter.plan = Plan()
        if reused:
            client.invoke("f", data="warm")
            cutter.plan = Plan()
        assert client.invoke("f", data=f"{0:06}")
        return cutter.plan.passed


@fresh_and_reused
@by_end_and_by_reset
def test_a_cut_after_every_byte(kind, reset, reused, tries):
    """Wherever the connection is cut, the function ran once at most and the client never says of that what is not so.

    Every cut leads to a result or to a TransportError with its phase; a response that came whole is a result.
    """
    with cutting(OK) as (counting, cutter, endpoint):
        up, down = lengths(kind, endpoint, cutter, reused)
        assert (up, down) == (counting.length, len(OK))
        counting.ran.clear()
        plans = [Plan(up=count, reset=reset) for count in tries(up + 1)]
        plans += [Plan(down=count, reset=reset) for count in tries(down + 1)]
        told = sweep(kind, endpoint, cutter, plans, reused)
    assert all(plan.was_cut for plan in plans)
    assert not wrong(told, counting.ran)
    assert isinstance(told[-1][2], str)
    assert {outcome.executed for _, _, outcome in told[:-1]} == {"maybe"}  # the kernel took these requests at once


@fresh_and_reused
@by_end_and_by_reset
def test_a_cut_of_the_encrypted_stream(kind, reset, reused, tries):
    """Under TLS too, wherever the stream is cut, handshake included: one execution at most, and nothing wrong said."""
    with cutting(OK, tls=True) as (counting, cutter, endpoint):
        up, down = lengths(kind, endpoint, cutter, reused)
        counting.ran.clear()
        plans = [Plan(up=number * TLS_STRIDE, reset=reset) for number in tries(-(-up // TLS_STRIDE) + 1)]
        plans += [Plan(down=number * TLS_STRIDE, reset=reset) for number in tries(-(-down // TLS_STRIDE) + 1)]
        told = sweep(kind, endpoint, cutter, plans, reused)
    assert sum(not plan.was_cut for plan in plans) <= max(2, len(plans) // 10)
    assert not wrong(told, counting.ran)
    assert all(isinstance(outcome, str) for plan, _, outcome in told if not plan.was_cut)


def cut_while_writing(connection, read_bytes):
    """Read a part of a request that the kernel cannot take whole, then reset the connection."""
    left = read_bytes
    while left:
        left -= len(connection.recv(left))
    reset(connection)


@contextlib.contextmanager
def narrow(serve):
    """A server whose connections take little that it does not read."""
    server = Server(serve)
    server._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    with server:
        yield server


LARGE = "x" * 6000000


@pytest.mark.parametrize("read_bytes", [1, 200, 100000])
def test_a_request_cut_while_it_is_written_goes_out_again(kind, read_bytes):
    """A request whose last byte the kernel never took is sent again at once, and the function runs once."""
    counting = Counting(OK)

    def serve(connection, number):
        return cut_while_writing(connection, read_bytes) if number == 1 else counting(connection, number)

    with narrow(serve) as server, client_of(kind, server.endpoint) as client:
        assert client.invoke("f", data=LARGE).value == "Hello World"
        assert server.accepted == 2
    assert list(counting.ran.values()) == [1]


def test_a_request_that_is_cut_at_each_attempt_never_ran(kind):
    """Where every attempt is cut while it is written, the error says that nothing ran, after three connections."""
    with narrow(lambda connection, number: cut_while_writing(connection, 1000 * number)) as server:
        with client_of(kind, server.endpoint) as client:
            outcome = attempted(client, LARGE)
        assert server.accepted == 3
    assert (type(outcome), outcome.phase, outcome.executed) == (errors.TransportError, "write", "no")


def test_a_handler_slower_than_the_deadline_runs_once(kind):
    """A handler that outlives the deadline runs once, also with idempotent=True; the error says that it may have."""
    counting, left = Counting(OK), threading.Event()

    def serve(connection, number):
        counting(Slow(connection, left), number)

    with Server(serve) as server, client_of(kind, server.endpoint) as client:
        with pytest.raises(errors.InvokeTimeoutError) as caught:
            client.invoke("f", data=1, timeout=0.3, idempotent=True)
        left.set()
        assert client.invoke("f", data=2).value == "Hello World"
        assert server.accepted == 2
    assert (caught.value.executed, caught.value.phase) == ("maybe", "read")
    assert sorted(counting.ran.values()) == [1, 1]


class Slow:
    """A connection that answers once `go` is set."""

    def __init__(self, connection, go):
        self.recv, self._connection, self._go = connection.recv, connection, go

    def sendall(self, data):
        self._go.wait(20)
        self._connection.sendall(data)
