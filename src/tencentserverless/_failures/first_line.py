"""The first line of an error's text, written and read.

``Prices (ap-guangzhou/default) raised KeyError: 'price'; it ran [430, request 62ad...]``: which function, where, what
happened, whether the function ran, and the numbers to search by. For a chain of functions the names stand in the order
of the invocations, the last one failed first, and the first one is the one that this program invoked:
``Gateway → Prices (ap-guangzhou/default) raised KeyError: 'price'; Gateway ran [430, request 0f7d...]``.
"""

import re
from collections import namedtuple

from tencentserverless._failures.wording import CHINESE, ENGLISH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional, Sequence

    from tencentserverless._failures.wording import Wording

ARROW = " → "
GAVE_NO_RESULT = " gave no result"  # the reason stands after the words about whether it ran
LEFT_OUT = "…"  # in the place of names, in a chain too long to be printed
LONGEST_WHAT = 400  # characters
LONGEST_LINE = 4000

Hop = namedtuple("Hop", ("function_name", "region", "namespace", "what", "executed", "request_id"))
Hop.__doc__ = """One function of a chain of invocations that failed.

what: what happened, such as "raised KeyError: 'price'".
executed: whether the handler ran: "no", "maybe" or "yes".
request_id: the id to search the logs by; None if the function was not reached.
"""

Line = namedtuple("Line", ("names", "place", "region", "namespace", "what", "executed", "why", "marks", "wording"))

_NAME = r"[^\s()\[\]→:;；：]{1,128}"
_LINE = (
    rf"(?P<names>{_NAME}(?:{ARROW}{_NAME})*) \((?P<place>(?:(?P<region>[^/()\s]*)/)?(?P<namespace>[^/()\s]*))\)"
    rf"(?P<what>(?: |: |：).+)"
    rf"(?:; (?:it|{_NAME}) (?P<english>ran|did not run|may have run)"
    rf"|；(?:{_NAME} )?(?P<chinese>已运行|没有运行|可能已运行))"
    r"(?:(?:: |：)(?P<why>.*?))?(?: \[(?P<marks>(?:[^\[\]]|\[[0-9A-Fa-f:.]*\])*)\])?\Z"
)


def written(
    names: "Sequence[str]",
    place: str,
    what: str,
    executed: str,
    marks: "Sequence[str]",
    wording: "Wording",
    why: str = "",
) -> str:
    """The first line. place: region/namespace. what: begins with a blank or a colon. marks: numbers to search by."""
    ran = (names[0] + " " if len(names) > 1 else wording.it) + wording.ran.get(executed, wording.ran["maybe"])
    line = f"{ARROW.join(names)} ({place}){what}{wording.semicolon}{ran}"
    if why:
        line += wording.colon + why
    return line + bracketed(marks)


def bracketed(marks: "Sequence[str]") -> str:
    return f" [{', '.join(marks)}]" if marks else ""


def read(line: str) -> "Optional[Line]":
    """The parts of a first line; None if `line` is not one."""
    found = re.match(_LINE, line) if len(line) <= LONGEST_LINE else None
    if found is None:
        return None
    wording = ENGLISH if found.group("english") else CHINESE
    ran = found.group("english") or found.group("chinese")
    executed = next(word for word, text in wording.ran.items() if text == ran)
    names, marks = found.group("names").split(ARROW), (found.group("marks") or "").split(", ")
    place, region, namespace, what = found.group("place", "region", "namespace", "what")
    return Line(names, place, region, namespace, what, executed, found.group("why") or "", marks, wording)


def hop_of(line: Line) -> Hop:
    request_ids = [mark.split(" ")[1] for mark in line.marks if mark.startswith(("request ", "请求 "))]
    what = line.what.lstrip(" :：")
    return Hop(line.names[0], line.region, line.namespace, what, line.executed, request_ids[0] if request_ids else None)


def one_line(text: object) -> str:
    """`text` without line ends and other control characters, which a terminal would obey, and not too long."""
    flat = re.sub(r"[\x00-\x1f\x7f-\x9f]", "\ufffd", " ".join(str(text).split()))
    return flat if len(flat) <= LONGEST_WHAT else flat[: LONGEST_WHAT - 1] + "…"
