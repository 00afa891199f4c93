"""Hundreds of malformed and malicious answers: each ends in time, in a typed error or in the right result."""

import pickle
import select
import socket
import threading
import tracemalloc
from time import monotonic

import pytest

from tencentserverless import exception as errors
from tests.clients import KINDS, client_of
from tests.loopback import Server, answering, http, read_request, result
from tests.transport.hostile import FIELDS, HELLO, MUST_FAIL, UNUSUAL, chunked, head, sized

DEADLINE = 10.0  # seconds; every answer here is judged long before
OK = http(result())

pytestmark = pytest.mark.parametrize("kind", KINDS)


def saying(wires):
    """A `serve` that answers with the wire whose number is the event, and closes."""

    def serve(connection, number):
        request = read_request(connection)
        wire = wires[int(request[1].partition(b'"ClientContext": "')[2].partition(b'"')[0])]
        connection.sendall(wire)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass

    return serve


def outcomes(kind, named):
    """What comes of each named wire: {name: result or error}; the deadline is never reached."""
    names = sorted(named)
    told = {}
    with Server(answering(OK)) as elsewhere:
        wires = [named[name].replace(b"{port}", b"%d" % elsewhere.port) for name in names]
        with Server(saying(wires)) as server:
            for number, name in enumerate(names):
                with client_of(kind, server.endpoint, timeout=DEADLINE) as client:
                    began = monotonic()
                    try:
                        told[name] = client.invoke("f", data=number)
                    except errors.ServerlessError as error:
                        told[name] = error
                    assert monotonic() - began < DEADLINE, name
            assert elsewhere.accepted == 0
    return told


def is_whole(outcome):
    """Whether everything that can be asked of a result or an error can be told."""
    if isinstance(outcome, errors.ServerlessError):
        assert outcome.executed in ("no", "maybe", "yes")
        assert type(outcome.safe_to_retry) is bool
        assert str(outcome)
    else:
        assert type(outcome.log_tail) is str
        assert outcome.value is None or repr(outcome.value)
    copy = pickle.loads(pickle.dumps(outcome))
    return type(copy) is type(outcome) and repr(copy) == repr(outcome)


def test_there_are_hundreds_of_them(kind):
    """The catalogue holds more than two hundred different answers of every sort."""
    wires = [wire for _, named, _ in MUST_FAIL for wire in named.values()] + [wire for _, wire, _ in FIELDS]
    assert len(set(wires)) > 400


@pytest.mark.parametrize(("named", "family"), [case[1:] for case in MUST_FAIL], ids=[case[0] for case in MUST_FAIL])
def test_what_is_no_answer_is_a_typed_error(kind, named, family):
    """What is not HTTP, not whole or not the API's is an error of its class with its phase; no redirect is followed."""
    for name, outcome in outcomes(kind, named).items():
        assert isinstance(outcome, family), (name, outcome)
        assert (outcome.executed, outcome.phase) == ("maybe", "read"), (name, outcome)
        assert is_whole(outcome)


def test_what_is_only_unusual_is_understood(kind):
    """What is unusual but right is a result."""
    told = outcomes(kind, UNUSUAL)
    assert {name: outcome for name, outcome in told.items() if outcome != '"Hello World"'} == {}


def test_wrong_types_in_every_field(kind):
    """A value of the wrong type in any field ends in a result or a typed error, and what tells of a failure is one."""
    told = outcomes(kind, {name: wire for name, wire, _ in FIELDS})
    for name, _, failed in FIELDS:
        assert is_whole(told[name]), name
        assert isinstance(told[name], errors.ServerlessError) or not failed, (name, told[name])


def endlessly(*parts):
    """A `serve` that says the first part, and the others over and over until nobody listens."""

    def serve(connection, number):
        read_request(connection)
        connection.sendall(parts[0])
        while True:
            connection.sendall(b"".join(parts[1:]))

    return serve


CHUNKS = head("200 OK", "Transfer-Encoding: chunked") + b"\r\n"
ENDLESS = {
    "body": endlessly(head("200 OK") + b"\r\n", b"x" * 65536),
    "body of no text": endlessly(head("200 OK") + b"\r\n", b"\xff" * 65536),
    "status line": endlessly(b"HTTP/1.1 200 ", b"x" * 65536),
    "line end": endlessly(b"", b"\r\n" * 1000),
    "field": endlessly(head("200 OK") + b"X: ", b"x" * 65536),
    "fields": endlessly(head("200 OK"), b"X: y\r\n" * 1000),
    "one field": endlessly(head("200 OK"), b"X: y\r\n"),
    "lengths": endlessly(head("200 OK"), b"Content-Length: 5\r\n" * 1000),
    "interim responses": endlessly(b"", (head("100 Continue") + b"\r\n") * 100),
    "interim fields": endlessly(head("103 Early Hints"), b"Link: </>\r\n" * 1000),
    "chunks": endlessly(CHUNKS, b"10000\r\n" + b"x" * 65536 + b"\r\n"),
    "chunk size": endlessly(CHUNKS, b"0" * 65536),
    "chunk extension": endlessly(CHUNKS + b"1;", b"x" * 65536),
    "trailer": endlessly(CHUNKS + b"0\r\n", b"X: y\r\n" * 1000),
    "trailer field": endlessly(CHUNKS + b"0\r\nX: ", b"y" * 65536),
}


@pytest.mark.parametrize("name", sorted(ENDLESS))
def test_an_endless_answer_is_ended(kind, name):
    """An answer without end is refused at a limit, in a bounded part of the memory."""
    with Server(ENDLESS[name]) as server, client_of(kind, server.endpoint, timeout=60) as client:
        tracemalloc.start()
        try:
            with pytest.raises(errors.ProtocolError) as caught:
                client.invoke("f")
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert caught.value.executed == "maybe"
    assert peak < (200 if name in ("body", "body of no text", "chunks") else 8) * 1024 * 1024


def test_endless_small_chunks_end_at_the_deadline(kind):
    """Chunks of one byte, which cost the most for the least, are read until the deadline at most."""
    with Server(endlessly(CHUNKS, b"1\r\nx\r\n" * 10000)) as server, client_of(kind, server.endpoint) as client:
        began = monotonic()
        with pytest.raises(errors.InvokeTimeoutError) as caught:
            client.invoke("f", timeout=0.5)
        assert monotonic() - began < DEADLINE
    assert (caught.value.executed, caught.value.phase) == ("maybe", "read")


@pytest.mark.parametrize("wire", [sized(HELLO), chunked(HELLO), (head("100 Continue") + b"\r\n") * 10, b"H", b""])
def test_an_answer_that_drips_ends_at_the_deadline(kind, wire):
    """A byte now and then does not keep an invocation alive beyond its deadline."""
    gone = threading.Event()

    def serve(connection, number):
        read_request(connection)
        for at in range(len(wire)):
            connection.sendall(wire[at : at + 1])
            if gone.wait(0.05):
                return
        gone.wait(DEADLINE)

    with Server(serve) as server, client_of(kind, server.endpoint) as client:
        began = monotonic()
        with pytest.raises(errors.InvokeTimeoutError) as caught:
            client.invoke("f", timeout=0.3)
        assert monotonic() - began < DEADLINE / 2
        gone.set()
    assert (caught.value.executed, caught.value.phase) == ("maybe", "read")


@pytest.mark.parametrize(
    "said",
    [b"", b"\x15\x03\x01\x00\x02\x02\x28", b"\x16\x03\x03\xff\xff" + b"\0" * 70000, OK, b"SSH-2.0-x\r\n", b"\0" * 1000],
    ids=["nothing", "alert", "record", "HTTP", "SSH", "zeros"],
)
def test_a_server_that_does_not_speak_tls_is_a_connect_error(kind, said):
    """Where the handshake fails nothing was sent: a ConnectError of phase tls that says that nothing ran."""

    def serve(connection, number):
        connection.recv(65536)
        connection.sendall(said)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass

    with Server(serve) as server, client_of(kind, server.endpoint.replace("http", "https")) as client:
        with pytest.raises(errors.ConnectError) as caught:
            client.invoke("f")
    assert (caught.value.executed, caught.value.phase) == ("no", "tls")


@pytest.mark.parametrize("said", [OK, b"\x15\x03\x03\x00\x02\x01\x00", b"\x17\x03\x03\x00\x20" + b"x" * 32, b"\0" * 99])
def test_bytes_put_into_an_encrypted_stream_are_no_answer(kind, said):
    """Whoever sits on the way and puts bytes into a TLS connection breaks it: they are never read as an answer."""
    armed = threading.Event()

    def meddle(connection, number):
        with socket.create_connection(("127.0.0.1", server.port)) as beyond:
            while True:
                for end in select.select([connection, beyond], [], [])[0]:
                    data = end.recv(65536)
                    if end is connection and armed.is_set():
                        connection.sendall(said)
                        connection.recv(1)
                        return
                    if not data:
                        return
                    (beyond if end is connection else connection).sendall(data)

    with Server(answering(OK), tls=True) as server, Server(meddle) as between:
        with client_of(kind, between.endpoint.replace("http", "https")) as client:
            assert client.invoke("f").value == "Hello World"
            armed.set()
            with pytest.raises(errors.TransportError) as caught:
                client.invoke("f")
    assert type(caught.value) is errors.TransportError
    assert (caught.value.executed, caught.value.phase) == ("maybe", "read")
