"""Which Host headers are served."""

import socket

import pytest

from tencentserverless.local.http.hosts import check_names, refusal, url_host


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
        "LOCALHOST.:9000",
        "127.0.0.1:",
        "host.docker.internal:9000",
    ],
)
def test_hosts_that_are_ours(host):
    """Loopback, the platform's own names and the names of --host-name are served, in any spelling."""
    assert refusal("/", {"host": host}, names=check_names(["Host.docker.internal"])) is None


@pytest.mark.parametrize(
    ("host", "status"),
    [
        *(
            (name, 403)
            for name in ("evil.example", "127.0.0.1.evil.example", "scf.tencentcloudapi.com.evil", "10.0.0.1")
        ),
        *((none, 400) for none in ("", "127.0.0.1,127.0.0.1", "me@127.0.0.1", "::1", "local host", "a:b", "http://")),
    ],
)
def test_hosts_that_are_not(host, status):
    """Any other name is refused: a page may have its own name lead to this machine. So is what is not one host."""
    assert refusal("/", {"host": host})[0] == status


@pytest.mark.parametrize(
    ("path", "host", "status"),
    [
        ("http://127.0.0.1:9000/", "evil.example", None),
        ("HTTPS://scf.tencentcloudapi.com", "a", None),
        ("http://evil.example/", "127.0.0.1", 403),
        ("http://me@127.0.0.1/", "127.0.0.1", 400),
        ("http://127.0.0.1/", "", 400),
    ],
)
def test_the_host_in_the_path(path, host, status):
    """A request in the form for proxies is for the host in its path, whatever its Host header is."""
    found = refusal(path, {"host": host})
    assert (found and found[0]) == status


@pytest.mark.parametrize("name", ["", "a b", "http://a", "a:9000", "a.", "*", "名"])
def test_names_that_are_none(name):
    """What is no host name is a ValueError that repeats it."""
    with pytest.raises(ValueError, match="is not a host name"):
        check_names([name])


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
    assert (refusal("/", {"host": host}, listens_on) is None) is is_served


@pytest.mark.parametrize(("host", "where"), [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::", "[::1]")])
def test_where_clients_find_it(host, where):
    """What listens on every address is found on loopback."""
    assert url_host(host) == where
    assert url_host("10.0.0.1") == "10.0.0.1"
