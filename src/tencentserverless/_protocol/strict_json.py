"""JSON text as the standard has it: Python's extensions NaN and Infinity are refused. RFC 8259."""

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def _refuse(name: str) -> "Any":
    raise ValueError(f"{name} is not JSON")


_decoder = json.JSONDecoder(parse_constant=_refuse)


def decoded(text: str) -> "Any":
    """The value that `text` stands for. Raises ValueError, and RecursionError for what is nested too deeply."""
    return _decoder.decode(text)
