"""Region, endpoint, time-outs and trust: from arguments, then the environment, then the defaults."""

import base64
import os

import pytest
from hypothesis import example, given
from hypothesis import settings as tries
from hypothesis import strategies as st

from tencentserverless import exception as errors
from tencentserverless._settings import settings

OURS = ("TENCENT", "TCCLI_", "TKE_", "SCF_", "QCLOUD_")
OTHERS = ("HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")


@pytest.fixture(autouse=True)
def environment(monkeypatch, tmp_path):
    """An environment without settings, in a home without files; a function that sets variables."""
    for name in list(os.environ):
        if name.startswith(OURS) or name in OTHERS:
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))

    def put(**variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return put


def refused(call, *arguments):
    """The SettingsError that a call raises."""
    with pytest.raises(errors.SettingsError) as caught:
        call(*arguments)
    assert (caught.value.executed, caught.value.safe_to_retry) == ("no", True)
    return caught.value


def test_the_region(environment):
    """The argument comes before the environment, and the environment before ap-guangzhou."""
    assert settings.region(None) == "ap-guangzhou"
    assert settings.region("") == "ap-guangzhou"
    environment(TENCENTCLOUD_REGION="ap-chengdu")
    assert settings.region(None) == "ap-chengdu"
    assert settings.region("ap-shanghai-fsi") == "ap-shanghai-fsi"


@pytest.mark.parametrize(
    "name",
    [
        "AP-GUANGZHOU",
        "ap guangzhou",
        "ap-guangzhou\n",
        " ap-guangzhou",
        "ap_guangzhou",
        "广州",
        "a\r\nX: y",
        "1",
        "a" * 99,
    ],
)
def test_what_is_no_region(environment, name):
    """A region that cannot be one is a SettingsError that names its place, and not the value: it may be a key."""
    error = refused(settings.region, name)
    assert error.message == (
        "region (argument) is not a region's name, such as ap-guangzhou; "
        "the order is Client(region, secret_id, secret_key, token)"
    )
    environment(TENCENTCLOUD_REGION=name + "!")
    message = refused(settings.region, None).message
    assert message == "region (TENCENTCLOUD_REGION) is not a region's name, such as ap-guangzhou"


@pytest.mark.parametrize("name", [5, True, b"ap-guangzhou"])
def test_a_region_is_a_text(name):
    """A region that is no text is a SettingsError."""
    refused(settings.region, name)


def address(origin):
    """An origin's parts."""
    return origin.scheme, origin.host, origin.port, origin.authority


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("scf.tencentcloudapi.com", ("https", "scf.tencentcloudapi.com", 443, "scf.tencentcloudapi.com")),
        ("https://scf.tencentcloudapi.com", ("https", "scf.tencentcloudapi.com", 443, "scf.tencentcloudapi.com")),
        ("https://h/", ("https", "h", 443, "h")),
        ("HTTPS://SCF.TencentCloudAPI.com", ("https", "scf.tencentcloudapi.com", 443, "scf.tencentcloudapi.com")),
        ("https://h:443", ("https", "h", 443, "h")),
        ("http://h:80", ("http", "h", 80, "h")),
        ("http://h:443", ("http", "h", 443, "h:443")),
        ("https://h:80", ("https", "h", 80, "h:80")),
        ("h:8443", ("https", "h", 8443, "h:8443")),
        ("http://127.0.0.1:9000", ("http", "127.0.0.1", 9000, "127.0.0.1:9000")),
        ("127.0.0.1:9000", ("http", "127.0.0.1", 9000, "127.0.0.1:9000")),
        ("127.1.2.3", ("http", "127.1.2.3", 80, "127.1.2.3")),
        ("localhost:9000", ("http", "localhost", 9000, "localhost:9000")),
        ("https://localhost:9000", ("https", "localhost", 9000, "localhost:9000")),
        ("http://[::1]:9000", ("http", "::1", 9000, "[::1]:9000")),
        ("[::1]:9000", ("http", "::1", 9000, "[::1]:9000")),
        ("https://[2001:DB8::1]", ("https", "2001:db8::1", 443, "[2001:db8::1]")),
        ("128.0.0.1", ("https", "128.0.0.1", 443, "128.0.0.1")),
        ("127.0.0.1.example.com", ("https", "127.0.0.1.example.com", 443, "127.0.0.1.example.com")),
        ("localhost.example.com", ("https", "localhost.example.com", 443, "localhost.example.com")),
        ("http://h:65535", ("http", "h", 65535, "h:65535")),
    ],
)
def test_endpoints(text, expected):
    """An endpoint is a host with or without scheme and port; plain HTTP unasked is for this machine only."""
    assert address(settings.parse_endpoint(text)) == expected


BAD_ENDPOINTS = ["", " ", "http://", "://h", "ftp://h", "http:/h", "http//h", "h/path", "http://h/path", "http://h?x=1"]
BAD_ENDPOINTS += ["http://h#x", "http://a b", "http://h\r\nX: y", "h\n", "http://-h", "http://h-", "http://.h", "h:"]
BAD_ENDPOINTS += ["h:x", "h:-1", "h:+1", "h:65536", "h:999999", "h:1:2", "::1", "http://[::1", "http://::1]", "[::g]"]
BAD_ENDPOINTS += ["http://u@h", "http://\u4e3b.cn", "http://h\x00", "h:\u0661", 5, None, b"http://h", ["h"]]


@pytest.mark.parametrize("text", BAD_ENDPOINTS, ids=repr)
def test_what_is_no_endpoint(text):
    """What is no endpoint is a SettingsError that shows what one looks like."""
    error = refused(settings.parse_endpoint, text)
    assert "http://127.0.0.1:9000" in error.message
    assert isinstance(error, ValueError)


@tries(max_examples=300, deadline=None)
@given(st.text(max_size=20) | st.text("htps:/[]0123456789abc.-_@ \u017f\u212a", max_size=30))
@example("\u017fcf.tencentcloudapi.com")
@example("http\u017f://h")
@example("http://h:0")
def test_any_endpoint_is_safe_or_refused(text):
    """Whatever text is given, it is refused, or its parts are safe to write into a request in ASCII."""
    try:
        origin = settings.parse_endpoint(text)
    except errors.SettingsError:
        return
    assert origin.scheme in ("http", "https")
    assert 0 < origin.port < 65536
    assert origin.authority.encode("ascii").decode("ascii") == origin.authority == origin.authority.lower()
    assert not set(origin.authority) & set(" \r\n\t/@?#\0")


def test_where_requests_go(environment):
    """Without an endpoint requests go to the public host; inside SCF, and there only, to the private network's."""
    assert repr(settings.origin(None, "ap-chengdu")) == "https://scf.tencentcloudapi.com"
    environment(TENCENTCLOUD_RUNENV="SCF")
    assert repr(settings.origin(None, "ap-chengdu")) == "https://scf.internal.tencentcloudapi.com"
    environment(TENCENTCLOUD_RUNENV="scf")
    assert repr(settings.origin(None, "ap-chengdu")) == "https://scf.tencentcloudapi.com"


@pytest.mark.parametrize("region", ["ap-shanghai-fsi", "ap-shenzhen-fsi"])
def test_where_requests_of_finance_regions_go(region):
    """Finance regions are known to their own hosts only."""
    assert repr(settings.origin(None, region)) == f"https://scf.{region}.tencentcloudapi.com"


def test_the_endpoint_that_is_given_wins(environment):
    """The argument comes before TENCENTSERVERLESS_ENDPOINT, and that before every host of the cloud."""
    environment(TENCENTSERVERLESS_ENDPOINT="http://127.0.0.1:9000", TENCENTCLOUD_RUNENV="SCF")
    assert repr(settings.origin(None, "ap-shanghai-fsi")) == "http://127.0.0.1:9000"
    assert repr(settings.origin("http://127.0.0.1:9001", "ap-guangzhou")) == "http://127.0.0.1:9001"
    environment(TENCENTSERVERLESS_ENDPOINT="")
    assert repr(settings.origin("", "ap-guangzhou")) == "https://scf.internal.tencentcloudapi.com"


def test_one_origin_for_one_endpoint():
    """An endpoint is one object however often it is asked for: connections and its clock belong to it."""
    one = settings.origin("http://127.0.0.1:9000", "ap-guangzhou")
    assert settings.origin("http://127.0.0.1:9000", "ap-chengdu") is one
    assert settings.origin("http://127.0.0.1:9001", "ap-guangzhou") is not one
    for port in range(1, 300):
        assert settings.origin(f"http://127.0.0.1:{port}", "ap-guangzhou").port == port


@pytest.mark.parametrize(("given", "expected"), [(5, 5), (0.25, 0.25), (None, None), (86400, 86400)])
def test_a_timeout_that_is_given(environment, given, expected):
    """A time-out is a positive number of seconds; None means no limit, whatever the environment says."""
    environment(TENCENTSERVERLESS_TIMEOUT="7")
    assert settings.timeout(given) == expected
    assert settings.timeout(float("inf")) == 1e6


@pytest.mark.parametrize("given", [0, -1, 0.0, float("nan"), float("-inf"), "5", [], b"1", 1j])
def test_what_is_no_timeout(given):
    """A time-out that is zero, negative, or no number is a SettingsError."""
    assert "timeout is a positive number of seconds, not " in refused(settings.timeout, given).message


def test_the_time_for_a_connection():
    """It is a positive number of seconds, bounded by what systems can wait for, and ten without one."""
    assert [settings.connect_timeout(given) for given in (None, 3, float("inf"))] == [10.0, 3, 1e6]
    assert "connect_timeout" in refused(settings.connect_timeout, 0).message


def test_a_login_is_not_repeated():
    """The error for an endpoint or a proxy that is none names the place of it and repeats nothing of it."""
    texts = ["http://me:secret@ho st", "http://me:secret@host/path", "me:secret@", "http://me:se@cret@h:x"]
    texts += ["http://me:secret", "http://me:secret%40host:8080", "me:secret%40host:8080", "socks5://me:secret@h:1"]
    for parse in (settings.parse_endpoint, settings.parse_proxy):
        for text in texts:
            message = refused(parse, text, "HTTPS_PROXY").message
            assert "(HTTPS_PROXY)" in message
            assert "cret" not in message


@pytest.mark.parametrize(
    ("login", "heard"),
    [
        ("user:p#a?s/s", b"user:p#a?s/s"),
        ("user:p@ss:w:rd", b"user:p@ss:w:rd"),
        ("user:a://b", b"user:a://b"),
        ("corp%5Cuser:p%40%23%25", b"corp\\user:p@#%"),
        ("user:100%", b"user:100%"),
        ("m:\u0118d\u0104", "m:\u0118d\u0104".encode()),
        ("user:p\udce4ss", b"user:p\xe4ss"),  # Latin-1, as Python reads it from a UTF-8 environment
    ],
)
def test_logins_of_proxies(login, heard):
    """The proxy is told the login that was meant, however it is written, with and without a scheme before it."""
    for scheme in ("http://", "HTTPS://", ""):
        proxy = settings.parse_proxy(f"{scheme}{login}@127.0.0.1:3128\n")
        assert base64.b64decode(proxy.authorization[6:]) == heard
        assert (proxy.host, proxy.port) == ("127.0.0.1", 3128)


@pytest.mark.parametrize(
    "text", ["http://u:\ud800@h:1", "h:65536", "http://http://h", "socks5://h:1", 5, b"h:1", ["h"]]
)
def test_what_is_no_proxy(text):
    """A login that cannot be written, a wrong port, another kind of proxy and what is no text are SettingsErrors."""
    assert "proxy (argument)" in refused(settings.parse_proxy, text).message
    assert "proxy (argument)" in refused(settings.origin, "https://h", "ap-guangzhou", text).message


def test_the_timeout_of_the_environment(environment):
    """Without an argument the environment decides, and without that it is 310 s: the platform cuts at 300."""
    assert settings.timeout() == 310.0
    environment(TENCENTSERVERLESS_TIMEOUT="")
    assert settings.timeout() == 310.0
    environment(TENCENTSERVERLESS_TIMEOUT="12.5")
    assert settings.timeout() == 12.5


@pytest.mark.parametrize("text", ["x", "0", "-5", "nan", "5s", "1,5"])
def test_what_is_no_timeout_in_the_environment(environment, text):
    """A time-out of the environment that is none is a SettingsError that names the variable."""
    environment(TENCENTSERVERLESS_TIMEOUT=text)
    assert "TENCENTSERVERLESS_TIMEOUT" in refused(settings.timeout).message


def test_the_certificates_to_trust(environment):
    """The argument comes before SSL_CERT_FILE, that before REQUESTS_CA_BUNDLE, and that before the system's store."""
    assert settings.ca_file(None) is None
    environment(REQUESTS_CA_BUNDLE="/requests.pem")
    assert settings.ca_file(None) == "/requests.pem"
    environment(SSL_CERT_FILE="/ssl.pem")
    assert settings.ca_file(None) == "/ssl.pem"
    assert settings.ca_file("/given.pem") == "/given.pem"
    environment(SSL_CERT_FILE="")
    assert settings.ca_file(None) == "/requests.pem"


def test_the_environment_is_read_when_it_is_used(environment, monkeypatch):
    """A variable that changes, comes or goes is noticed at the next use."""
    for value in ("ap-chengdu", "ap-beijing"):
        environment(TENCENTCLOUD_REGION=value)
        assert settings.region(None) == value
    monkeypatch.delenv("TENCENTCLOUD_REGION")
    assert settings.region(None) == "ap-guangzhou"


def test_another_environment(monkeypatch):
    """A program that puts a dict of its own in the place of `os.environ` is heard too."""
    monkeypatch.setattr(os, "environ", {"TENCENTCLOUD_REGION": "ap-nanjing"})
    assert settings.region(None) == "ap-nanjing"
