"""Expands references such as ``${env:NAME}`` and ``${stage}`` in the texts of a file. Pure."""

import re
from collections import ChainMap
from collections.abc import Callable, Mapping
from typing import NamedTuple

_BRACE = re.compile(r"\$\{|\}")
_VARIABLE = re.compile(r"env[:.](.+)")
_MOST_LEVELS = 10


class Expanded(NamedTuple):
    """A text with its references expanded.

    missing: the references that have no value here, without ``${`` and ``}``. Then `text` is not usable.
    """

    text: str
    missing: tuple[str, ...]


class References:
    """Expands the references of one file.

    values: for ``stage``, ``app``, ``name``, ``org`` and other words.
    variable: returns the value of an environment variable, None if it has none.
    """

    def __init__(self, values: Mapping[str, str], variable: Callable[[str], str | None]) -> None:
        self._values = values
        self._variable = variable

    def expand(self, text: str) -> Expanded:
        """Expand a text. References may have others inside: ``${output:${stage}:${app}:db.url}``."""
        missing: list[str] = []
        return Expanded(self._expanded(text, missing, _MOST_LEVELS), tuple(missing))

    def _expanded(self, text: str, missing: list[str], levels: int) -> str:
        parts, position = [], 0
        while levels and (start := text.find("${", position)) >= 0 and (end := _closing(text, start)) >= 0:
            reference = self._expanded(text[start + 2 : end], missing, levels - 1).strip()
            value = self._value(reference)
            if value is None:
                missing.append(reference)
            parts += [text[position:start], value or ""]
            position = end + 1
        return "".join(parts) + text[position:]

    def with_values(self, more: Mapping[str, str]) -> "References":
        """The same references, with more values."""
        return References(ChainMap(dict(more), self._values), self._variable)  # type: ignore[arg-type]  # only read

    def with_own_values(self, texts: Mapping[str, str]) -> "References":
        """The same references, with values that may have references to each other."""
        references = self
        for _ in range(2):
            known = {name: references.expand(text) for name, text in texts.items()}
            references = self.with_values({name: each.text for name, each in known.items() if not each.missing})
        return references

    def _value(self, reference: str) -> str | None:
        first, comma, default = reference.partition(",")
        if comma:
            value = self._value(first.strip())
            return self._default(default.strip()) if value is None else value
        found = _VARIABLE.fullmatch(reference)
        return self._variable(found[1]) if found else self._values.get(reference.removeprefix("opt:"))

    def _default(self, text: str) -> str | None:
        """The value of what follows a comma: a text in quotes, another reference, or a plain word."""
        if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
            return text[1:-1]
        value = self._value(text)
        return text if value is None and ":" not in text else value


def _closing(text: str, start: int) -> int:
    """Where the brace is that closes the reference at `start`, -1 if there is none."""
    depth = 0
    for brace in _BRACE.finditer(text, start):
        depth += 1 if brace[0] == "${" else -1
        if not depth:
            return brace.start()
    return -1
