"""Times on the command line: how they are written, and how long ago. Pure, but for the time zone."""

import re
from datetime import datetime

_PARTS = re.compile(r"(\d+(?:\.\d+)?)([smhdw])")
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}


def parsed(text: str, now: float) -> float:
    """The time that a text names, in Unix seconds: "2h" ago, "1d12h" ago, or an ISO date, with a time or without.

    A time without a zone is local. Raises ValueError.
    """
    parts = _PARTS.findall(text)
    if parts and "".join(number + unit for number, unit in parts) == text:
        return now - sum(float(number) * _SECONDS[unit] for number, unit in parts)
    try:
        return datetime.fromisoformat(re.sub("[zZ]$", "+00:00", text)).timestamp()
    except (ValueError, OverflowError, OSError):
        raise ValueError(f"not a time: {text}") from None


def shown(at: float) -> str:
    """A time (Unix seconds) in the local zone, to the second."""
    return datetime.fromtimestamp(at).strftime("%Y-%m-%d %H:%M:%S")
