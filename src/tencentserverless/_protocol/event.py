"""An event as JSON text.

An event is any value that `json.dumps` takes. The platform measures this text, and the handler's runtime parses it.
"""

import json
from json import encoder as _json
from math import isfinite

__tracebackhide__ = True  # from pytest: it shows the caller's frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterator, List, Optional, Tuple

    Default = Callable[[Any], Any]
    Encoder = Callable[[Any], str]


quoted = _json.encode_basestring  # a text as a JSON string; characters beyond ASCII stay as they are
quoted_ascii = _json.encode_basestring_ascii


def text_encoder(default: "Optional[Default]" = None, ascii_only: bool = False) -> "Encoder":
    """A function from an event to its JSON text. `default` and the errors are those of `json.dumps`.

    NaN and Infinity are refused: `json.dumps` writes them by default, but JSON has neither, and the API refuses them.
    """
    slow = json.JSONEncoder(ensure_ascii=ascii_only, allow_nan=False, separators=(",", ":"), default=default)
    make, quote = getattr(_json, "c_make_encoder", None), quoted_ascii if ascii_only else quoted
    if make is None:
        return slow.encode

    def encode(event: "Any") -> str:
        # This is what json.dumps does, without its layers. The new dict marks the containers that the encoder is inside
        # of, so an event that contains itself is refused at once, not when its text has filled the memory.
        return "".join(make({}, slow.default, quote, None, ":", ",", False, False, False)(event, 0))

    return encode


def ascii_text(event: "Any", default: "Optional[Default]") -> str:
    """The JSON text with all characters beyond ASCII escaped: for lone surrogates, which UTF-8 cannot encode."""
    return json.dumps(event, allow_nan=False, separators=(",", ":"), default=default)


SHOWN_PATH = 200  # characters
LONGEST_PATH = 1000  # steps; the interpreter's default recursion limit, so what lies deeper is nested too deeply


def bad_part(event: "Any", encode: "Encoder") -> str:
    """The path and the type of the value in `event` that JSON does not take: ``data["user"]["born"]: datetime``."""
    path = "data"
    around: "List[int]" = []
    while len(around) < LONGEST_PATH:
        around.append(id(event))
        for step, child in _parts(event):
            if id(child) in around:
                return f"{_short(path + step)}: {type(child).__name__} that contains itself"
            if not _takes(child, encode):
                path, event = path + step, child
                break
        else:
            return f"{_short(path)}: {_complaint(event)}"
    return f"{_short(path)}: {type(event).__name__} nested too deeply"


def _short(path: str) -> str:
    return path if len(path) <= SHOWN_PATH else f"{path[: SHOWN_PATH // 2]}…{path[-SHOWN_PATH // 2 :]}"


def _parts(event: "Any") -> "Iterator[Tuple[str, Any]]":
    if isinstance(event, dict):
        for key, value in event.items():
            yield f"[{quoted(key) if isinstance(key, str) else repr(key)}]", value
    elif isinstance(event, (list, tuple)):
        for index, value in enumerate(event):
            yield f"[{index}]", value


def _takes(event: "Any", encode: "Encoder") -> bool:
    try:
        encode(event)
    except (TypeError, ValueError, RecursionError):
        return False
    return True


def _complaint(event: "Any") -> str:
    if isinstance(event, dict):
        for key in event:
            if not isinstance(key, (str, int, float, type(None))):
                return f"a key of type {type(key).__name__}"
            if isinstance(key, float) and not isfinite(key):
                return f"a key that is {key!r}"
    if isinstance(event, float) and not isfinite(event):
        return repr(event)
    if isinstance(event, (dict, list, tuple)):
        return f"{type(event).__name__} nested too deeply"
    return type(event).__name__
