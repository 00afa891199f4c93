"""JSON text to values, in one step and within bounds."""

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MAX_DIGITS = 4300  # the limit of Python 3.11: the time to parse a number grows with the square of its digits


def _integer(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        raise ValueError(f"a number of {len(digits)} digits")
    return int(digits)


_scan = json.JSONDecoder().scan_once  # type: ignore[attr-defined]
_scan_long = json.JSONDecoder(parse_int=_integer).scan_once  # type: ignore[attr-defined]


def parsed(text: str) -> "Any":
    """The value that `json.loads` returns for `text`, without its layers. Raises ValueError or RecursionError."""
    text = text.strip(" \t\r\n")
    try:
        value, end = (_scan if len(text) <= _MAX_DIGITS else _scan_long)(text, 0)
    except StopIteration:
        raise ValueError("no JSON") from None
    if end != len(text):
        raise ValueError("more than one value")
    return value
