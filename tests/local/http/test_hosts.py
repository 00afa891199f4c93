"""Which Host headers are served."""

import socket

import pytest

from tencentserverless.local.http.hosts import refusal_reason, url_host


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:9000",
        "127.0.0.1",
        "localhost:9000",
        "http://127.0.0.1:9000",
        "[::1]:9000",
        "scf.tencentcloudapi.com",
        "scf.ap-guangzhou.tencentcloudapi.com",
        "scf.internal.tencentcloudapi.com:443",
    ],
)
def test_hosts_that_are_ours(host):
    """Loopback and the platform's own names are served."""
    assert refusal_reason({"host": host}) == ""


@pytest.mark.parametrize(
    "host", ["", "evil.example", "127.0.0.1.evil.example", "scf.tencentcloudapi.com.evil", "10.0.0.1"]
)
def test_hosts_that_are_not(host):
    """Any other name is refused: a page may have its own name lead to this machine."""
    assert refusal_reason({"host": host})


@pytest.mark.parametrize(
    ("host", "listens_on", "is_served"),
    [
        ("10.0.0.1:9000", "0.0.0.0", True),
        ("[fe80::1]", "::", True),
        (socket.gethostname().upper(), "10.0.0.1", True),
        ("evil.example", "0.0.0.0", False),
        ("10.0.0.1", "127.0.0.2", False),
    ],
)
def test_hosts_beyond_loopback(host, listens_on, is_served):
    """Where it listens beyond loopback, addresses and this machine's name are served; names of others never are."""
    assert (refusal_reason({"host": host}, listens_on) == "") is is_served


@pytest.mark.parametrize(("host", "where"), [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::", "[::1]")])
def test_where_clients_find_it(host, where):
    """What listens on every address is found on loopback."""
    assert url_host(host) == where
    assert url_host("10.0.0.1") == "10.0.0.1"
