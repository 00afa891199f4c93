"""The check of credentials that were found, and their end."""

import datetime as dt
import itertools

import pytest

from tencentserverless import exception as errors
from tencentserverless._settings.credentials import Source
from tencentserverless._settings.found import Found, end_of
from tests.settings.identities import triple


def test_the_repr_has_the_places_only():
    """Credentials that are not checked yet are shown by their places."""
    shown = repr(Found("AKIDx", "hush", "token", ("here", "there", "everywhere")))
    assert shown == "<Found here, there, everywhere>"


def test_the_end_in_every_form():
    """The end of credentials may be a number, ISO 8601 text or a datetime, with a time zone or in local time."""
    later = dt.datetime(2099, 1, 2, 3, 4, 5, tzinfo=dt.timezone.utc)
    local = dt.datetime(2099, 1, 2, 3, 4, 5)
    unix = later.timestamp()
    for text in ("2099-01-02T03:04:05Z", "2099-01-02 03:04:05+00:00", "2099-01-02T11:04:05+0800", str(int(unix))):
        assert end_of(text, "end") == unix
    assert end_of("2099-01-02T01:34:05.25-01:30", "end") == unix
    assert (end_of(later, "end"), end_of(unix, "end"), end_of(str(int(unix)) + "000", "end")) == (unix, unix, unix)
    assert end_of(local, "end") == end_of("2099-01-02T03:04:05", "end") == local.timestamp()
    numbers = itertools.count()
    for end in (later, local, "2099-01-02T03:04:05Z", unix):
        source = Source(lambda end=end: (f"AKID{next(numbers)}", "key", None, end))
        assert triple(source) == triple(source)


@pytest.mark.parametrize("end", ["tomorrow", "2099-13-01T00:00:00Z", [], object(), dt.timedelta(1), b"5"])
def test_an_end_that_is_not_a_time(end):
    """Another end is a SettingsError that says where it came from."""
    with pytest.raises(errors.SettingsError, match=r"the end that credentials\(\) returned is not a time"):
        triple(Source(lambda: ("AKID", "key", None, end)))
