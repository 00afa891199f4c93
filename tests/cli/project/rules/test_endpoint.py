"""`endpoint`: the settings, the endpoint and the clock."""

import pytest

from tencentserverless._cli.project.rules import endpoint
from tencentserverless._protocol.effects import Fault
from tencentserverless._settings.settings import parse_endpoint, parse_proxy

CLOUD = parse_endpoint("https://scf.tencentcloudapi.com")
BEHIND_PROXY = parse_endpoint("https://scf.tencentcloudapi.com")
BEHIND_PROXY.proxy = parse_proxy("http://127.0.0.1:3128")
NOON = "Thu, 01 Jan 1970 12:00:00 GMT"


@pytest.mark.parametrize(
    ("date", "now", "told"),
    [
        (NOON, 43200 - 61, "61 s behind"),
        (NOON, 43200 + 61, "61 s ahead"),
        (NOON, 43200 - 60, None),
        (NOON, 43200 + 60, None),
        ("", 0, None),
        ("yesterday", 0, None),
        ("Thu, 99 Jan 99999 12:00:00 GMT", 0, None),
    ],
)
def test_clock(date, now, told):
    """A clock that is more than a minute off is a finding with the seconds; an answer without a date gives none."""
    found = list(endpoint.clock(CLOUD, endpoint.seconds_behind(date, now)))
    assert [(each.rule, each.file) for each in found] == [("D32", repr(CLOUD))] * (told is not None)
    assert all(told in each.reason for each in found)


@pytest.mark.parametrize(
    ("name", "near"),
    [("guangzhou", "ap-guangzhou"), ("ap-gaungzhou", "ap-guangzhou"), ("xyz", "ap-guangzhou"), ("ap-beijing", None)],
)
def test_region(name, near):
    """A region that is not known is a warning with the one that may be meant."""
    found = [(each.rule, each.level, f"Did you mean {near}?" == each.fix) for each in endpoint.region(name)]
    assert found == [("D33", "warning", True)] * (near is not None)


@pytest.mark.parametrize(
    ("origin", "phase", "fix"),
    [
        (CLOUD, "resolve", "HTTPS_PROXY"),
        (CLOUD, "connect", "HTTPS_PROXY"),
        (CLOUD, "tls", "SSL_CERT_FILE"),
        (CLOUD, "read", "its server runs"),
        (BEHIND_PROXY, "proxy", "NO_PROXY"),
        (parse_endpoint("127.0.0.1:9000"), "connect", "its server runs"),
    ],
)
def test_unreached(origin, phase, fix):
    """The reason has the phase that failed, and the fix is for that phase."""
    found = endpoint.unreached(origin, Fault(phase, "the reason"), is_needed=True)
    assert (found.rule, found.file, found.level) == ("D31", repr(origin), "error")
    assert found.reason == f"not reached ({phase}): the reason"
    assert fix in found.fix
