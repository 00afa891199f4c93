"""JSON text to values, within bounds."""

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MAX_DIGITS = 4300  # the limit of Python 3.11: the time to parse a number grows with the square of its digits


def _integer(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        raise ValueError(f"a number of {len(digits)} digits")
    return int(digits)


_decode, _decode_long = json.JSONDecoder().decode, json.JSONDecoder(parse_int=_integer).decode


def parsed(text: str) -> "Any":
    """The value that `json.loads` returns for `text`. Raises ValueError or RecursionError."""
    return (_decode if len(text) <= _MAX_DIGITS else _decode_long)(text)
