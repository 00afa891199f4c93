"""How many columns of a terminal a text takes. Pure."""

import re

WIDE = re.compile("[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]")
SECOND_COLUMN = "\0"  # of a wide character, where lines are measured in characters; no other text has it
_COLOUR = re.compile("\x1b\\[[0-9]*m")


def padded(text: str, columns: int) -> str:
    """Text with spaces behind it, so that it takes so many columns."""
    return text + " " * (columns - width_of(text))


def width_of(line: str) -> int:
    """The columns of a line. Colours have none, Chinese characters have two."""
    plain = _COLOUR.sub("", line)
    return len(plain) if plain.isascii() else len(plain) + len(WIDE.findall(plain))
