"""Makes the lines of an account few enough for a screen: a failed test of a user then takes at most 25 lines."""

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterator, List

MOST_LINES = 17  # without the first one
_MARKS = r"\s*[~^]+\s*\Z"  # below the source line of a frame


def shortened(lines: "List[str]") -> "List[str]":
    """The same lines if they are few. Else those of frames and long messages, which are indented, are left out in part:
    each function of a chain keeps the same number of them. `stack_trace` has them all."""
    if len(lines) <= MOST_LINES:
        return lines
    lines = [line for line in lines if re.match(_MARKS, line) is None]
    blocks = list(_blocks(lines))
    own = sum(len(block) for block in blocks if not _is_indented(block[0]))
    most = max(0, MOST_LINES - own) // max(1, sum(_is_indented(block[0]) for block in blocks))
    return [line for block in blocks for line in (_cut(block, most) if _is_indented(block[0]) else block)]


def _is_indented(line: str) -> bool:
    return line[:1] in ("", " ")


def _blocks(lines: "List[str]") -> "Iterator[List[str]]":
    """The lines in turns: some that are indented, some that are not."""
    block: "List[str]" = []
    for line in lines:
        if block and _is_indented(line) != _is_indented(block[0]):
            yield block
            block = []
        block.append(line)
    if block:
        yield block


def _cut(block: "List[str]", most: int) -> "List[str]":
    if len(block) <= most:
        return block
    if most < 3:
        return block[:most]
    first = (most - 1) // 2
    last = len(block) - (most - 1 - first)
    return [*block[:first], f"  [{last - first} more lines]", *block[last:]]
