"""Times as the API writes them: in China Standard Time, to the second. Pure."""

from calendar import timegm
from time import gmtime, strftime, strptime

_FORMAT = "%Y-%m-%d %H:%M:%S"
_CHINA_SECONDS = 8 * 3600  # ahead of UTC, in summer too


def written(at: float) -> str:
    """A time in Unix seconds as the API writes it."""
    return strftime(_FORMAT, gmtime(at + _CHINA_SECONDS))


def parsed(text: str) -> int:
    """The Unix seconds of a time of the API. Raises ValueError."""
    return timegm(strptime(text, _FORMAT)) - _CHINA_SECONDS
