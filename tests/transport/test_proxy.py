"""Connections through HTTP proxies on loopback."""

import contextlib
import socket
import ssl
from time import monotonic

import pytest

from tencentserverless import exception as errors
from tests.clients import KINDS, Driven, client_of
from tests.loopback import Server, answering, http, proxying, read_head, result

OK = http(result())
pytestmark = pytest.mark.parametrize("kind", KINDS)


@pytest.mark.parametrize("proxy_tls", [False, True])
@pytest.mark.parametrize("target_tls", [False, True])
def test_every_kind_of_proxy_to_every_kind_of_endpoint(kind, proxy_tls, target_tls):
    """Plain and TLS proxies lead to plain and TLS endpoints; the connection through them is kept alive."""
    heads = []
    with Server(answering(OK), tls=target_tls) as target, Server(proxying(heads), tls=proxy_tls) as proxy:
        with client_of(kind, target.endpoint, proxy=proxy.endpoint) as client:
            for _ in range(20):
                assert client.invoke("f", data="x" * 100000).value == "Hello World"
        assert (target.accepted, proxy.accepted) == (1, 1)
    assert heads[0].split("\r\n")[0] == f"CONNECT 127.0.0.1:{target.port} HTTP/1.1"


def test_a_proxy_is_told_who_we_are(kind):
    """Name and password in the proxy's address are sent as Basic credentials, percent escapes decoded."""
    heads = []
    with Server(answering(OK)) as target, Server(proxying(heads, b"user:p@ss")) as proxy:
        address = proxy.endpoint.replace("://", "://user:p%40ss@")
        with client_of(kind, target.endpoint, proxy=address) as client:
            assert client.invoke("f").value == "Hello World"


def test_wrong_proxy_credentials_are_not_tried_again(kind):
    """HTTP 407 is a ConnectError of phase proxy at the first attempt, and shows no password."""
    heads = []
    with Server(answering(OK)) as target, Server(proxying(heads, b"user:right")) as proxy:
        address = proxy.endpoint.replace("://", "://user:wrongword@")
        with client_of(kind, target.endpoint, proxy=address) as client, pytest.raises(errors.ConnectError) as caught:
            client.invoke("f")
    assert (caught.value.phase, caught.value.executed, len(heads)) == ("proxy", "no", 1)
    assert "407" in str(caught.value)
    assert "wrongword" not in str(caught.value)


def test_a_proxy_that_refuses_is_tried_again_and_then_named(kind):
    """A proxy that answers 503 is tried three times; nothing ran."""

    def serve(connection, number):
        read_head(connection)
        connection.sendall(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")

    with Server(serve) as proxy, client_of(kind, "http://127.0.0.1:1", proxy=proxy.endpoint) as client:
        with pytest.raises(errors.ConnectError, match="503") as caught:
            client.invoke("f")
    assert (caught.value.phase, caught.value.executed, proxy.accepted) == ("proxy", "no", 3)


@pytest.mark.parametrize("said", [b"", b"garbage\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\nsurplus"])
def test_a_proxy_that_does_not_speak_http_is_a_connect_error(kind, said):
    """Whatever a broken proxy says, the error is a ConnectError of phase proxy."""

    def serve(connection, number):
        read_head(connection)
        connection.sendall(said)

    with Server(serve) as proxy, client_of(kind, "http://127.0.0.1:1", proxy=proxy.endpoint) as client:
        with pytest.raises(errors.ConnectError) as caught:
            client.invoke("f")
    assert (caught.value.phase, caught.value.executed) == ("proxy", "no")


def test_a_silent_proxy_ends_at_the_connect_timeout(kind):
    """A proxy that never answers costs connect_timeout for each attempt, and nothing ran."""
    with Server(lambda connection, number: connection.recv(65536) and connection.recv(1)) as proxy:
        with client_of(kind, "http://127.0.0.1:1", proxy=proxy.endpoint, connect_timeout=0.1) as client:
            with pytest.raises(errors.ConnectError) as caught:
                client.invoke("f")
    assert (caught.value.phase, caught.value.executed, proxy.accepted) == ("proxy", "no", 3)


def test_the_environment_names_the_proxy_for_https(kind, monkeypatch):
    """HTTPS_PROXY is used for https endpoints, unless NO_PROXY names them; never for http ones."""
    heads = []
    with Server(answering(OK), tls=True) as target, Server(answering(OK)) as plain, Server(proxying(heads)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.endpoint)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        with client_of(kind, target.endpoint) as client:
            assert client.invoke("f")
            assert proxy.accepted == 1
            monkeypatch.setenv("NO_PROXY", "127.0.0.0/8")
            assert client.invoke("f")
        monkeypatch.delenv("NO_PROXY")
        with client_of(kind, plain.endpoint) as client:
            assert client.invoke("f")
        with client_of(kind, target.endpoint, proxy="") as client:
            assert client.invoke("f")
        assert (proxy.accepted, target.accepted, plain.accepted) == (1, 3, 1)


def test_a_handshake_that_drips_through_a_proxy_ends_at_the_deadline(kind):
    """An https proxy that sends the other side's handshake byte by byte does not hold up the deadline."""
    record = b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc\x03\x03" + bytes(200)

    def serve(connection, number):
        read_head(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        connection.recv(65536)
        for byte in record:
            connection.sendall(bytes((byte,)))
            connection.settimeout(0.2)
            with contextlib.suppress(socket.timeout, ssl.SSLError):
                connection.recv(1)

    with Server(serve, tls=True) as proxy:
        with client_of(kind, "https://127.0.0.1:1", proxy=proxy.endpoint) as client:
            began = monotonic()
            with pytest.raises(errors.InvokeTimeoutError) as caught:
                client.invoke("f", timeout=1)
    assert (caught.value.phase, caught.value.executed) == ("tls", "no")
    assert monotonic() - began < 10


def test_a_proxy_address_for_each_session(kind):
    """A program with another proxy login for each invocation keeps neither sessions nor old connections for it."""
    heads = []
    with Server(answering(OK), tls=True) as target, Server(proxying(heads)) as proxy:
        with client_of(kind, target.endpoint) as client:
            transport = (client.client if isinstance(client, Driven) else client)._transport()
            for number in range(5):
                (client.client if isinstance(client, Driven) else client)._proxy = proxy.endpoint.replace(
                    "://", f"://session{number}:word@"
                )
                assert client.invoke("f").value == "Hello World"
                pool = transport.pool if hasattr(transport, "pool") else next(iter(transport._pools.values()))
                pool.idle.most_idle = 0.0
            assert len(transport.route._sessions) == 1
            assert len(pool.places) <= 1
            assert len(pool.idle._by_origin) <= 1
