"""What a folder declares. Plain data."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from tencentserverless.local.functions.file_marks import Marks
from tencentserverless.local.model.function import Function

_OF_FILE = re.compile(r"(.+?:\d+): (.+)", re.DOTALL)
MOST_EQUAL = 3


class Refusal(NamedTuple):
    """A function that is declared and not served. name: "" if it is not known. reason: one or more lines."""

    name: str
    reason: str


@dataclass(slots=True)
class Reading:
    """What a folder declares.

    notices: about settings that have no effect, and the like. Each is one line.
    files: files in other folders that count, with their marks at the time of reading.
    """

    functions: list[Function] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    files: dict[str, Marks] = field(default_factory=dict)

    @property
    def reasons(self) -> list[str]:
        """The reasons of all refusals, each once, as single lines."""
        return list(dict.fromkeys(line for refusal in self.refusals for line in refusal.reason.splitlines()))

    @property
    def messages(self) -> list[str]:
        """All that has to be told about the folder, as single lines."""
        return [*self.notices, *self.reasons]


def folded(messages: Iterable[str]) -> list[str]:
    """The messages. If more than `MOST_EQUAL` say the same about several files, one of them tells how many files."""
    places: dict[str, list[str]] = {}
    for message in messages:
        place, text = found.groups() if (found := _OF_FILE.fullmatch(message)) else ("", message)
        places.setdefault(text, []).append(place)
    return [line for text, of_text in places.items() for line in _lines(text, of_text)]


def _lines(text: str, places: list[str]) -> list[str]:
    if not places[0]:
        return [text]
    if len(places) > MOST_EQUAL:
        return [f"{places[0]} and {len(places) - 1} more files: {text}"]
    return [f"{place}: {text}" for place in places]
