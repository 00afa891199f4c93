"""Many events as lines of JSON: a file, or standard input. They are read one after the other, so memory is bounded."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tencentserverless._cli.exit_codes import WRONG_USE, Failure
from tencentserverless._cli.language import text
from tencentserverless._protocol import strict_json

_MARKS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}
_BOM = b"\xef\xbb\xbf"
SHOWN = 60  # characters of a line


class Line(NamedTuple):
    """One event. source: its bytes in the input, without the end of the line."""

    source: bytes
    event: object


class Survey(NamedTuple):
    """What is known of a file before anything is sent."""

    events: int
    digest: str


def survey(path: str) -> Survey:
    """Read all events of a file. Raises Failure for a line that is not an event, and OSError."""
    digest, count = hashlib.sha256(), 0
    with open(path, "rb") as file:
        for line in read(file, path):
            digest.update(line.source + b"\n")
            count += 1
    return Survey(count, digest.hexdigest()[:32])


def read(file: Iterable[bytes], name: str) -> Iterator[Line]:
    """The events of a file, without empty lines. Raises Failure for a line that is not JSON in UTF-8."""
    for number, raw in enumerate(file, start=1):
        source = (raw.removeprefix(_BOM) if number == 1 else raw).strip(b" \t\r\n")
        if source:
            yield Line(source, _event(source, f"{name}:{number}"))


def _event(source: bytes, place: str) -> object:
    try:
        return strict_json.decoded(source.decode("utf-8"))
    except UnicodeDecodeError:
        raise Failure(text("{place}: {why}", place=place, why=_encoding(source)), WRONG_USE) from None
    except (ValueError, RecursionError) as error:
        raise Failure(text("{place}: {why}", place=place, why=_mistake(source, error)), WRONG_USE) from None


def _encoding(source: bytes) -> str:
    found = _MARKS.get(source[:2])
    if found:
        return text("this is {encoding}; save the file as UTF-8", encoding=found)
    try:
        source.decode("gbk")
    except UnicodeDecodeError:
        return text("this is not UTF-8")
    return text("this is not UTF-8, perhaps GBK; convert it: iconv -f GBK -t UTF-8")


def _mistake(source: bytes, error: Exception) -> str:
    shown = source.decode("utf-8")[:SHOWN]
    if source in (b"[", b"{"):
        return text("each line is one event; jq -c '.[]' makes such lines of a JSON array")
    reason, column = (error.msg, error.colno) if isinstance(error, json.JSONDecodeError) else (str(error), 1)
    return text("not JSON: {reason}. The line begins with: {shown}", reason=reason, shown=shown, column=column)
