"""Times on the command line."""

import pytest

from tencentserverless._cli.looking.times import parsed, shown


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("90s", 999_910.0),
        ("2h", 992_800.0),
        ("1d12h", 870_400.0),
        ("1970-01-02", 86_400.0),
        ("1970-01-01T01:00", 3600.0),
        ("1970-01-01 01:00:00Z", 3600.0),
        ("1970-01-01T01:00+01:00", 0.0),
    ],
)
def test_what_is_a_time(text, at):
    """A time is a duration ago, or an ISO date, local if it names no zone."""
    assert parsed(text, 1_000_000.0) == at


@pytest.mark.parametrize("text", ["", "2", "h", "2 h", "yesterday", "-2h", "2026-13-01"])
def test_what_is_not(text):
    """Another text is refused."""
    with pytest.raises(ValueError, match="not a time"):
        parsed(text, 0.0)


def test_times_are_shown_to_the_second():
    """A time is shown in the local zone."""
    assert shown(86_400.9) == "1970-01-02 00:00:00"
