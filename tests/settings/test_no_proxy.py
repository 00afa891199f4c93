"""The rules of NO_PROXY."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tencentserverless._settings.no_proxy import bypasses

HOST = "scf.tencentcloudapi.com"


@pytest.mark.parametrize(
    "rules",
    [
        "*",
        HOST,
        HOST.upper(),
        HOST + ".",
        "tencentcloudapi.com",
        ".tencentcloudapi.com",
        "*.tencentcloudapi.com",
        "com",
        HOST + ":443",
        ".tencentcloudapi.com:443",
        "other.com," + HOST,
        "other.com, " + HOST,
        "other.com " + HOST,
        " , ," + HOST + ", ",
        "other.com;" + HOST,
    ],
)
def test_what_is_reached_directly(rules):
    """Everything, a host, its domain in each spelling, a host with the port, alone or in a list, bypass the proxy."""
    assert bypasses(HOST, 443, rules)


@pytest.mark.parametrize(
    "rules",
    [
        "",
        " ",
        ",",
        ".",
        "*.",
        "other.com",
        "cf.tencentcloudapi.com",
        "api.com",
        "x." + HOST,
        HOST + ":80",
        HOST + ".cn",
        "10.0.0.0/8",
        "/",
        HOST + "/24",
        ":443",
    ],
)
def test_what_goes_through_the_proxy(rules):
    """Nothing, other hosts, ends of a name that are no domain, and other ports do not bypass the proxy."""
    assert not bypasses(HOST, 443, rules)


@pytest.mark.parametrize(
    ("host", "rules", "expected"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("127.0.0.1", "127.0.0.1:9000", True),
        ("127.0.0.1", "127.0.0.1:9001", False),
        ("127.0.0.1", "127.0.0.0/8", True),
        ("127.0.0.1", "127.0.0.5/8", True),
        ("128.0.0.1", "127.0.0.0/8", False),
        ("10.1.2.3", "10.1.2.0/24,192.168.0.0/16", True),
        ("10.1.3.3", "10.1.2.0/24,192.168.0.0/16", False),
        ("::1", "::1", True),
        ("::1", "[::1]", True),
        ("::1", "[::1]:9000", True),
        ("::1", "[::1]:9001", False),
        ("2001:db8::5", "2001:db8::/32", True),
        ("2001:db8::5", "[2001:db8::]/32", True),
        ("2001:db8::5", "2001:0DB8:0:0::0005", True),
        ("2001:db8::5", "[2001:0DB8:0:0::0005]:9000", True),
        ("2001:db8::5", "2001:db8::6", False),
        ("2001:db8::5", "2001:db8::5%eth0, a:b:c, [, http://x/y, host:\u00b2", False),
        ("2001:db9::5", "2001:db8::/32", False),
        ("10.0.0.1", "2001:db8::/32", False),
        ("10.0.0.1", "10.0.0.0/99", False),
        ("localhost", "localhost", True),
        ("localhost", "127.0.0.1", False),
    ],
)
def test_addresses(host, rules, expected):
    """Addresses match by themselves, by port and by block, in IPv4 and IPv6; names are not resolved."""
    assert bypasses(host, 9000, rules) is expected


@settings(max_examples=300, deadline=None)
@given(st.text("scf.tencent:/*[]0123456789, -", max_size=30))
def test_any_rules(rules):
    """Whatever stands in NO_PROXY, it is a set of rules: each of them matches alone as it does among the others."""
    alone = [bypasses(HOST, 443, rule) for rule in rules.replace(",", " ").split()]
    assert bypasses(HOST, 443, rules) is any(alone)
