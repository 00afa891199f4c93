"""A tunnel through an HTTP proxy, driven by hand."""

import pytest

from tencentserverless._protocol.effects import READ, Fault, Origin, Proxy, Write
from tencentserverless._protocol.tunnel import tunnel

OK = b"HTTP/1.1 200 Connection established\r\n\r\n"


def target(host="scf.tencentcloudapi.com", port=443, authorization=None):
    """An origin behind a proxy."""
    return Origin("https", host, port, host, Proxy("http", "proxy.example", 3128, authorization))


def ask(origin, *steps):
    """What is sent to the proxy that answers with these steps, bytes or a Fault; at their end it hangs up."""
    steps, driven = list(steps), tunnel(origin)
    effect = next(driven)
    assert type(effect) is Write
    sent = bytes(effect.data)
    if steps and isinstance(steps[0], Fault) and steps[0].phase == "write":
        driven.throw(steps[0])
    effect = driven.send(None)
    try:
        while True:
            assert effect is READ
            step = steps.pop(0) if steps else b""
            effect = driven.throw(step) if isinstance(step, Fault) else driven.send(step)
    except StopIteration:
        assert not steps
        return sent


def test_what_a_proxy_is_asked():
    """The proxy is asked for host and port, in whatever pieces it answers."""
    expected = b"CONNECT scf.tencentcloudapi.com:443 HTTP/1.1\r\nHost: scf.tencentcloudapi.com:443\r\n\r\n"
    assert ask(target(), OK) == expected
    assert ask(target(), *[OK[at : at + 1] for at in range(len(OK))]) == expected
    assert ask(target(), b"HTTP/1.1 100 Continue\r\n\r\n", OK) == expected


def test_an_address_in_brackets():
    """An IPv6 address is asked for in brackets."""
    assert ask(target("::1", 9000), OK).startswith(b"CONNECT [::1]:9000 HTTP/1.1\r\nHost: [::1]:9000\r\n")


def test_who_asks():
    """A proxy that has credentials in its address is sent them, and their line only then."""
    assert b"\r\nProxy-Authorization: Basic eA==\r\n" in ask(target(authorization="Basic eA=="), OK)
    assert b"Authorization" not in ask(target(), OK)


def test_a_proxy_shows_no_credentials():
    """What a proxy shows of itself is its address."""
    assert repr(target(authorization="Basic eA==").proxy) == "http://proxy.example:3128"


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (b"HTTP/1.1 403 Forbidden\r\n\r\n", "403"),
        (b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 5\r\n\r\nhello", "502"),
        (b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", "302"),
        (b"SSH-2.0\r\n\r\n", "HTTP/1.1"),
        (b"HTTP/1.1 200 OK\r\n\r\nhello", "before the tunnel was used"),
        (b"HTTP/1.1 200", "HTTP/1.1"),
        (b"", "HTTP/1.1"),
    ],
)
def test_a_proxy_that_does_not_help(answer, word):
    """A refusal, a page, what is not HTTP, words into the tunnel and silence are faults of the proxy."""
    with pytest.raises(Fault) as caught:
        ask(target(authorization="Basic c2VjcmV0"), answer)
    fault = caught.value
    assert (fault.phase, fault.final, fault.deadline) == ("proxy", False, False)
    assert word in fault.reason
    assert "http://proxy.example:3128" in fault.reason
    assert "c2VjcmV0" not in fault.reason


def test_a_proxy_that_wants_credentials():
    """A proxy that wants (other) credentials is not asked again, and the error says where they go."""
    with pytest.raises(Fault) as caught:
        ask(target(), b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
    assert (caught.value.phase, caught.value.final) == ("proxy", True)
    assert "http://name:password@host:port" in caught.value.reason


@pytest.mark.parametrize("phase", ["write", "read"])
@pytest.mark.parametrize("deadline", [False, True])
def test_a_connection_that_breaks(phase, deadline):
    """A fault on the way to the proxy's answer is one of phase proxy, and keeps its cause and its deadline."""
    broken = Fault(phase, "it broke", deadline)
    broken.__cause__ = ConnectionResetError("reset")
    with pytest.raises(Fault) as caught:
        ask(target(), broken)
    assert (caught.value.phase, caught.value.deadline) == ("proxy", deadline)
    assert "it broke" in caught.value.reason
    assert type(caught.value.__cause__) is ConnectionResetError
