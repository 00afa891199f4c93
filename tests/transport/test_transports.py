"""What both transports do, against real servers on loopback."""

import gzip
import json
import os
import socket
import threading
import time

import pytest

from tencentserverless import exception as errors
from tests.clients import KINDS, client_of
from tests.loopback import AUTHORITY, Server, answering, failure, http, read_request, refusal, result

OK = http(result())
pytestmark = pytest.mark.parametrize("kind", KINDS)


@pytest.mark.parametrize("tls", [False, True])
def test_a_thousand_invocations_open_one_connection(kind, tls, tries):
    """A thousand invocations of one client travel on one connection, over TCP and over TLS."""
    with Server(answering(OK), tls=tls) as server, client_of(kind, server.endpoint) as scf:
        for number in tries(1000):
            assert scf.invoke("f", data=number).value == "Hello World"
        assert server.accepted == 1


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("announced", [False, True])
def test_a_connection_closed_after_each_answer_is_noticed(kind, tls, announced, tries):
    """Where the server closes after each answer, every invocation finds that out before it writes."""
    gone = threading.Semaphore(0)
    answer = http(result(), "Connection: close\r\n" if announced else "")

    def serve(connection, number):
        read_request(connection)
        connection.sendall(answer)
        connection.shutdown(socket.SHUT_RDWR)
        gone.release()

    with Server(serve, tls=tls) as server, client_of(kind, server.endpoint) as scf:
        for number, _ in enumerate(tries(50), 1):
            assert scf.invoke("f").value == "Hello World"
            gone.acquire()
            assert server.accepted == number


def test_unasked_bytes_on_an_idle_connection_discard_it(kind):
    """A response that nobody asked for never becomes the answer to the next invocation."""
    said = threading.Event()

    def serve(connection, number):
        while read_request(connection) is not None:
            connection.sendall(http(result(str(number))))
            if number == 1:
                connection.sendall(http(result('"not yours"'), status="408 Request Timeout"))
                said.set()

    with Server(serve) as server, client_of(kind, server.endpoint) as scf:
        assert scf.invoke("f").value == 1
        said.wait(20)
        assert scf.invoke("f").value == 2


def test_credentials_that_fail_between_attempts(kind):
    """Where an idempotent invocation may have run and the next attempt finds no credentials, the error says maybe."""
    answers = [("AKID", "key"), ()]

    def serve(connection, number):
        read_request(connection)

    with Server(serve) as server, client_of(kind, server.endpoint, credentials=lambda: answers.pop(0)) as scf:
        with pytest.raises(errors.SettingsError) as caught:
            scf.invoke("f", idempotent=True)
    assert (caught.value.executed, answers, server.accepted) == ("maybe", [], 1)


def test_time_without_end(kind):
    """A deadline further away than any system can wait for is none: the invocation succeeds."""
    with Server(answering(OK)) as server, client_of(kind, server.endpoint, timeout=float("inf")) as scf:
        assert scf.invoke("f").value == "Hello World"


def test_a_silent_server_ends_at_the_deadline_and_says_maybe(kind):
    """A server that takes the request and says nothing costs the deadline, and the handler may have run."""
    taken = []

    def serve(connection, number):
        taken.append(read_request(connection))
        connection.recv(1)

    with Server(serve) as server, client_of(kind, server.endpoint) as scf:
        with pytest.raises(errors.InvokeTimeoutError) as caught:
            scf.invoke("f", timeout=0.2, idempotent=True)
    assert isinstance(caught.value, TimeoutError)
    assert (caught.value.executed, caught.value.phase, len(taken)) == ("maybe", "read", 1)


def test_a_lost_answer_is_not_asked_for_again(kind):
    """A connection that ends after the request was taken leads to an error, not to a second execution."""
    with Server(lambda connection, number: read_request(connection)) as server, client_of(kind, server.endpoint) as scf:
        with pytest.raises(errors.TransportError) as caught:
            scf.invoke("f")
        assert server.accepted == 1
    assert (caught.value.executed, caught.value.safe_to_retry) == ("maybe", False)


def test_an_idempotent_invocation_is_tried_again(kind):
    """With idempotent=True a lost answer is asked for again."""

    def serve(connection, number):
        read_request(connection)
        if number > 1:
            connection.sendall(OK)

    with Server(serve) as server, client_of(kind, server.endpoint) as scf:
        assert scf.invoke("f", idempotent=True).value == "Hello World"
        assert server.accepted == 2


def test_a_throttled_invocation_is_tried_again_on_the_same_connection(kind):
    """RequestLimitExceeded is tried again after a while, and costs no connection."""
    answers = [http(refusal("RequestLimitExceeded")), OK]
    with Server(answering(lambda head, body: answers.pop(0))) as server, client_of(kind, server.endpoint) as scf:
        assert scf.invoke("f").value == "Hello World"
        assert server.accepted == 1


def test_a_wrong_clock_is_corrected_once_and_remembered(kind):
    """A refused timestamp is corrected by the server's time, and the next invocation needs no second request."""
    requests = []

    def answer(head, body):
        requests.append(int(head.split("X-TC-Timestamp: ")[1].split("\r")[0]))
        if requests[-1] < 4000000000:
            message = "Signature expired ... avoid a deviation between `Timestamp` and the server time 4000000001."
            return http(refusal("AuthFailure.SignatureExpire", message))
        return OK

    with Server(answering(answer)) as server, client_of(kind, server.endpoint) as scf:
        assert scf.invoke("f")
        assert scf.invoke("f")
    assert [stamp >= 4000000000 for stamp in requests] == [False, True, True]


def test_nobody_listening_is_a_connect_error(kind):
    """A refused connection never ran anything, and says where it tried to go."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with client_of(kind, endpoint) as scf, pytest.raises(errors.ConnectError) as caught:
            scf.invoke("f", timeout=5)
    assert (caught.value.executed, caught.value.phase) == ("no", "connect")
    assert endpoint in str(caught.value)


def test_the_pauses_between_attempts(kind, monkeypatch):
    """Between its attempts a client waits a random part of half a second, then of a second."""
    monkeypatch.setattr("random.random", lambda: 0.1)
    monkeypatch.setattr("tencentserverless._transport.asyncio.transport.random", lambda: 0.1)
    began = time.monotonic()
    with client_of(kind, "http://127.0.0.1:1") as scf, pytest.raises(errors.ConnectError):
        scf.invoke("f", timeout=5)
    assert time.monotonic() - began > 0.149


def test_an_unknown_host_is_a_connect_error(kind):
    """A name that does not resolve is a ConnectError of phase resolve."""
    with client_of(kind, "http://no-such-host.invalid") as scf, pytest.raises(errors.ConnectError) as caught:
        scf.invoke("f", timeout=5)
    assert (caught.value.executed, caught.value.phase) == ("no", "resolve")


def test_a_certificate_that_is_not_trusted_is_not_tried_again(kind):
    """An untrusted certificate is a ConnectError at the first attempt, before anything is sent."""
    with Server(answering(OK), tls=True) as server:
        other = os.path.join(os.path.dirname(AUTHORITY), "stranger.pem")
        with client_of(kind, server.endpoint, ca_file=other) as scf, pytest.raises(errors.ConnectError) as caught:
            scf.invoke("f", timeout=5)
        assert server.accepted == 1
    assert (caught.value.executed, caught.value.phase) == ("no", "tls")


def test_a_ca_file_that_is_not_there_is_named(kind):
    """A missing ca_file is named in the error."""
    with Server(answering(OK), tls=True) as server, client_of(kind, server.endpoint, ca_file="nowhere.pem") as scf:
        with pytest.raises(errors.ConnectError, match=r"nowhere\.pem"):
            scf.invoke("f", timeout=5)


def test_a_function_that_fails_leaves_the_connection_usable(kind):
    """A failed result is raised, and the next invocation uses the same connection."""
    answers = [http(failure(430, stackTrace="Traceback ...")), OK]
    with Server(answering(lambda head, body: answers.pop(0))) as server, client_of(kind, server.endpoint) as scf:
        with pytest.raises(errors.FunctionError) as caught:
            scf.invoke("f")
        assert scf.invoke("f").value == "Hello World"
        assert server.accepted == 1
    assert (caught.value.status_code, caught.value.executed) == (430, "yes")


def test_six_megabytes_travel_both_ways(kind):
    """An event of almost 6 MB arrives whole, and a result as large comes back."""
    text = "x" * (6 * 1024 * 1024 - 2)
    sizes = []

    def answer(head, body):
        sizes.append(len(body))
        return http(result(f'"{text}"'))

    with Server(answering(answer), tls=True) as server, client_of(kind, server.endpoint) as scf:
        assert scf.invoke("f", data=text).value == text
    assert sizes[0] > len(text)


def test_an_early_refusal_is_read(kind):
    """A server that refuses a large request before it has read it all is quoted, and nothing ran."""

    def serve(connection, number):
        connection.recv(1000)
        connection.sendall(http(b"too large", status="413 Payload Too Large"))
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass

    with Server(serve) as server, client_of(kind, server.endpoint) as scf:
        with pytest.raises(errors.ProtocolError) as caught:
            scf.invoke("f", data="x" * 5000000)
    assert "413" in str(caught.value)


def test_a_compressed_answer_that_nobody_asked_for(kind):
    """An answer with Content-Encoding is a ProtocolError that says so, and shows no compressed bytes."""
    answer = http(gzip.compress(json.dumps(result()).encode("ascii")), "Content-Encoding: gzip\r\n")
    with Server(answering(answer)) as server, client_of(kind, server.endpoint) as scf:
        with pytest.raises(errors.ProtocolError, match="Content-Encoding b'gzip', which was not asked for") as caught:
            scf.invoke("f")
    assert caught.value.executed == "maybe"
