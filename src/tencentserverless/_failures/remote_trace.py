"""A remote traceback, read: its parts, what was raised, its frames with those of the package folded."""

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Iterator, List, Optional, Tuple

HEAD = "Traceback (most recent call last):"
_CONTEXT = "During handling of the above exception, another exception occurred:"
_CAUSE = "The above exception was the direct cause of the following exception:"
_LINKS = rf"\n\n({_CONTEXT}|{_CAUSE})\n\n"

_PLACE = r'\s*File "(?P<path>[^"]*)", line (?P<number>[0-9]+)'
_CLIENT = (
    r"[/\\]tencentserverless[/\\](?:(?:scf|aio|otel|exception|_client)\.py\Z|"
    r"_(?:failures|functions|protocol|settings|transport)[/\\])"
)
_RUNTIME = r"/var/runtime/"
RUNTIME = "the runtime"  # the owner of the frames there


class Part:
    """One of the exceptions of a traceback: the frames, the line of the exception, and the lines of its text after it.

    is_from_cause: the exception was raised `from` that of the part before.
    """

    __slots__ = ("frames", "is_from_cause", "more", "raised")

    def __init__(self, text: str, is_from_cause: bool) -> None:
        lines = text.split("\n")
        start = _first_frame(lines)
        end = start
        while end < len(lines) and lines[end][:1] in ("", " "):
            end += 1
        self.frames = [line for line in lines[start:end] if line]
        self.raised = lines[end].strip() if end < len(lines) else _of_group(lines)
        self.more = lines[end + 1 :]
        self.is_from_cause = is_from_cause

    def place(self) -> "Optional[Tuple[str, int]]":
        """File and line of the last frame that belongs to the function."""
        for line in reversed(self.frames):
            found = re.match(_PLACE, line)
            if found is not None and not _owner(line) and "/var/lang/" not in line:
                return found.group("path"), int(found.group("number"))
        return None


def _first_frame(lines: "List[str]") -> int:
    """The index of the first line after the head; a traceback that was cut begins with a frame."""
    if HEAD in lines:
        return lines.index(HEAD) + 1
    frames = (index for index, line in enumerate(lines) if re.match(_PLACE, line))
    return next(frames, 0)


def _of_group(lines: "List[str]") -> str:
    """The line of an exception group, whose traceback is indented and has a bar in front of each line."""
    found = (re.match(r"  \| ([A-Za-z_][\w.]*(?::.*)?)\Z", line) for line in lines)
    return next((each.group(1) for each in found if each is not None), "")


def parts_of(trace: str) -> "List[Part]":
    """The exceptions of a traceback; the last one ended the function."""
    texts = re.split(_LINKS, trace.strip("\n"))
    links = ["", *texts[1::2]]
    return [Part(text, link == _CAUSE) for text, link in zip(texts[::2], links)]


def _in_english(owner: str, count: int) -> str:
    return f"[{count} frame{'s' if count > 1 else ''} of {owner}]"


def folded(lines: "List[str]", say: "Callable[[str, int], str]" = _in_english) -> "Iterator[str]":
    """The lines of frames, those of the client and of the platform's runtime folded into one line each time.

    say: the text of this line, for the owner of the frames and their number.
    """
    owner, count = "", 0
    for line in lines:
        if re.match(_PLACE, line):
            found = _owner(line)
            if found != owner:
                yield from _fold(owner, count, say)
                owner, count = found, 0
            count += 1
        elif line[:4].strip():  # not the source of a frame
            yield from _fold(owner, count, say)
            owner, count = "", 0
        if not owner:
            yield line
    yield from _fold(owner, count, say)


def _owner(line: str) -> str:
    """The code that a frame belongs to; "" for the function and its libraries."""
    found = re.match(_PLACE, line)
    path = found.group("path") if found is not None else ""
    if re.search(_CLIENT, path):
        return "tencentserverless"
    return RUNTIME if re.match(_RUNTIME, path) else ""


def _fold(owner: str, count: int, say: "Callable[[str, int], str]") -> "Iterator[str]":
    if owner:
        yield f"  {say(owner, count)}"
