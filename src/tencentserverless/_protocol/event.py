"""An event as JSON text.

An event is any value that `json.dumps` takes. What the platform measures and the handler parses is this text.
"""

import json
from json import encoder as _json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterator, List, Optional, Tuple

    Default = Callable[[Any], Any]
    Encoder = Callable[[Any], str]


quoted = _json.encode_basestring  # a text as a JSON string, what is not ASCII left as it is
quoted_ascii = _json.encode_basestring_ascii


def text_encoder(default: "Optional[Default]" = None, ascii_only: bool = False) -> "Encoder":
    """A function from an event to its JSON text; `default` is the hook of `json.dumps`. It raises what that raises."""
    slow = json.JSONEncoder(ensure_ascii=ascii_only, separators=(",", ":"), default=default)
    make, quote = getattr(_json, "c_make_encoder", None), quoted_ascii if ascii_only else quoted
    if make is None:
        return slow.encode

    def encode(event: "Any") -> str:
        # What json.dumps does, without its layers. The new dict holds the containers that it is in: an event that
        # contains itself is found in its first round, not when its text has filled the memory.
        return "".join(make({}, slow.default, quote, None, ":", ",", False, False, True)(event, 0))

    return encode


def ascii_text(event: "Any", default: "Optional[Default]") -> str:
    """The JSON text with everything beyond ASCII escaped: for lone surrogates, which UTF-8 has no bytes for."""
    return json.dumps(event, separators=(",", ":"), default=default)


LONGEST_PATH = 1000  # steps; as deep as the interpreter goes by default, and what lies deeper is too deep


def bad_part(event: "Any", encode: "Encoder") -> str:
    """Where in `event` the value stands that JSON does not take, and what it is: ``data["user"]["born"]: datetime``."""
    path = "data"
    around = []  # type: List[int]
    while len(around) < LONGEST_PATH:
        around.append(id(event))
        for step, child in _parts(event):
            if id(child) in around:
                return "%s%s: %s that contains itself" % (path, step, type(child).__name__)
            if not _takes(child, encode):
                path, event = path + step, child
                break
        else:
            return "%s: %s" % (path, _complaint(event))
    return "%s: %s nested too deeply" % (path, type(event).__name__)


def _parts(event: "Any") -> "Iterator[Tuple[str, Any]]":
    if isinstance(event, dict):
        for key, value in event.items():
            yield "[%s]" % (quoted(key) if isinstance(key, str) else repr(key)), value
    elif isinstance(event, (list, tuple)):
        for index, value in enumerate(event):
            yield "[%d]" % index, value


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
                return "a key of type %s" % type(key).__name__
    if isinstance(event, (dict, list, tuple)):
        return "%s nested too deeply" % type(event).__name__
    return type(event).__name__
