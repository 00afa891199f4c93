"""Texts of limited length: notices, messages and logs. Pure."""

from collections.abc import Iterable

MESSAGE_CHARACTERS = 2000
LINE_CHARACTERS = 2000
FIRST_LINES, LAST_LINES = 100, 400
MOST_NAMES = 20


def shortened(text: str, most: int = 80) -> str:
    """The text, or its beginning and a mark if it has more than `most` characters."""
    return text if len(text) <= most else f"{text[:most]}…"


def one_line(text: str) -> str:
    """The text of a notice as one line. If it is too long, its middle is left out."""
    return " ".join(without_middle(text).splitlines())


def without_middle(text: str) -> str:
    """The text, or its beginning and its end if it has more than `MESSAGE_CHARACTERS`."""
    half = MESSAGE_CHARACTERS // 2
    return text if len(text) <= MESSAGE_CHARACTERS else f"{text[:half]} … {text[-half:]}"


def few_lines(text: str) -> str:
    """The first and the last lines of a text, with a note on those between them. Long lines are shortened."""
    lines = text.split("\n")
    if len(lines) > FIRST_LINES + LAST_LINES:
        note = f"[{len(lines) - FIRST_LINES - LAST_LINES} lines are left out here]"
        lines = [*lines[:FIRST_LINES], note, *lines[-LAST_LINES:]]
    return "\n".join(shortened(line, LINE_CHARACTERS) for line in lines)


def few_names(names: Iterable[str]) -> str:
    """The names, separated by commas. If there are too many, their number follows."""
    found = list(names)
    more = f" and {len(found) - MOST_NAMES} more" if len(found) > MOST_NAMES else ""
    return ", ".join(found[:MOST_NAMES]) + more
