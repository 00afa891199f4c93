"""What clients of this field are known to get wrong on the way to the cloud, done right by both of ours."""

import os
import threading

import pytest

from tencentserverless import exception as errors
from tests.clients import KINDS, client_of
from tests.loopback import AUTHORITY, Server, answering, header, http, proxying, read_request, refusal, result

OK = http(result())
STRANGER = os.path.join(os.path.dirname(AUTHORITY), "stranger.pem")
TEMPORARY = {"secret_id": "AKIDTEMPORARY", "secret_key": "key", "token": "a-token"}

pytestmark = pytest.mark.parametrize("kind", KINDS)


def remembering(requests, answer=OK):
    """A `serve` that keeps the head of every request."""

    def tell(head, body):
        requests.append(head)
        return answer

    return answering(tell)


@pytest.mark.parametrize("tls", [False, True])
def test_a_proxy_that_was_asked_for_is_used(kind, tls):
    """With proxy= every connection goes through it, and a proxy that is not there is an error, not a way around it."""
    heads = []
    with Server(answering(OK), tls=tls) as target:
        with Server(proxying(heads)) as proxy:
            with client_of(kind, target.endpoint, proxy=proxy.endpoint) as client:
                assert client.invoke("f").value == "Hello World"
            assert (len(heads), proxy.accepted, target.accepted) == (1, 1, 1)
        with client_of(kind, target.endpoint, proxy=proxy.endpoint) as client:
            with pytest.raises(errors.ConnectError) as caught:
                client.invoke("f")
        assert (caught.value.phase, target.accepted) == ("proxy", 1)


def test_a_ca_file_decides_whom_to_trust(kind):
    """The certificates in ca_file are trusted and no others; it is not taken for a certificate of our own."""
    with Server(answering(OK), tls=True) as server:
        with client_of(kind, server.endpoint, ca_file=AUTHORITY) as client:
            assert client.invoke("f").value == "Hello World"
        with client_of(kind, server.endpoint, ca_file=STRANGER) as client:
            with pytest.raises(errors.ConnectError) as caught:
                client.invoke("f")
    assert (caught.value.phase, caught.value.executed) == ("tls", "no")


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
def test_the_environment_names_the_ca_file(kind, name, monkeypatch):
    """SSL_CERT_FILE and REQUESTS_CA_BUNDLE are honoured where ca_file is not given."""
    for other in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(other, raising=False)
    with Server(answering(OK), tls=True) as server:
        for path, trusted in ((AUTHORITY, True), (STRANGER, False)):
            monkeypatch.setenv(name, path)
            with client_of(kind, server.endpoint, ca_file=None) as client:
                if trusted:
                    assert client.invoke("f").value == "Hello World"
                    continue
                with pytest.raises(errors.ConnectError):
                    client.invoke("f")


def test_a_region_that_fails_stays_the_region_asked(kind):
    """However often a region fails, every request goes to its endpoint with its name, and every failure is raised."""
    heads = []
    failing = http(refusal("InternalError.System", "the region is down"))
    with Server(remembering(heads, failing)) as server, client_of(kind, server.endpoint, region="ap-chengdu") as client:
        for _ in range(20):
            with pytest.raises(errors.APIError) as caught:
                client.invoke("f")
            assert (caught.value.code, caught.value.executed) == ("InternalError.System", "maybe")
    assert len(heads) == 20
    assert {(header(head, "X-TC-Region"), header(head, "Host")) for head in heads} == {
        ("ap-chengdu", f"127.0.0.1:{server.port}")
    }


def test_an_endpoint_that_is_gone_is_an_error_each_time(kind):
    """Where nobody listens, every invocation raises: none returns None, and none goes elsewhere."""
    with Server(answering(OK)) as server:
        pass
    with client_of(kind, server.endpoint, region="ap-chengdu") as client:
        for _ in range(10):
            with pytest.raises(errors.ConnectError) as caught:
                client.invoke("f")
            assert f"127.0.0.1:{server.port}" in str(caught.value)


@pytest.mark.parametrize("way", ["arguments", "callable", "environment"])
def test_the_token_of_temporary_credentials_is_sent(kind, way, monkeypatch):
    """Temporary credentials go out with their token in every request, also the ones tried again."""
    heads = []
    answers = [http(refusal("RequestLimitExceeded")), OK, OK]

    def tell(head, body):
        heads.append(head)
        return answers.pop(0)

    settings = TEMPORARY
    if way == "callable":
        settings = {"credentials": lambda: tuple(TEMPORARY[name] for name in ("secret_id", "secret_key", "token"))}
    elif way == "environment":
        monkeypatch.setenv("TENCENTCLOUD_SECRETID", TEMPORARY["secret_id"])
        monkeypatch.setenv("TENCENTCLOUD_SECRETKEY", TEMPORARY["secret_key"])
        monkeypatch.setenv("TENCENTCLOUD_SESSIONTOKEN", TEMPORARY["token"])
        settings = {"secret_id": None, "secret_key": None}
    with Server(answering(tell)) as server, client_of(kind, server.endpoint, **settings) as client:
        assert client.invoke("f").value == "Hello World"
        assert client.invoke("f").value == "Hello World"
    assert [header(head, "X-TC-Token") for head in heads] == ["a-token"] * 3
    assert all("Credential=AKIDTEMPORARY/" in header(head, "Authorization") for head in heads)


def test_the_address_is_a_plain_slash(kind):
    """The request is for `/`, without a question mark behind it."""
    heads = []
    with Server(remembering(heads)) as server, client_of(kind, server.endpoint) as client:
        client.invoke("f", data={"a": "?"})
    assert heads[0].split("\r\n")[0] == "POST / HTTP/1.1"


def test_a_success_after_a_failure_is_the_result(kind):
    """Where a second attempt succeeds, its result is returned, and there is no third one."""
    answers = [http(refusal("RequestLimitExceeded")), OK]
    with Server(answering(lambda head, body: answers.pop(0))) as server, client_of(kind, server.endpoint) as client:
        assert client.invoke("f").value == "Hello World"
    assert answers == []


def test_one_invocation_is_one_request_however_slow(kind):
    """A handler that takes its time is waited for: there is no second request before the deadline."""
    requests, first = [], threading.Event()

    def serve(connection, number):
        requests.append(read_request(connection))
        first.wait(0.5)  # nobody sets it: the time that passes is the fact
        connection.sendall(OK)

    with Server(serve) as server, client_of(kind, server.endpoint, connect_timeout=0.2) as client:
        assert client.invoke("f").value == "Hello World"
    assert sum(request is not None for request in requests) == 1  # a busy machine may need two connections
