"""The code of a function, as the API describes it.

This reads files, so it must not be called on the thread of the event loop.
"""

from contextlib import suppress
from typing import NamedTuple

from tencentserverless._protocol import api_times
from tencentserverless.local.model.function import Function, entry_of

MOST_TEXT_BYTES = 1024 * 1024


class CodeInfo(NamedTuple):
    """The code of a function.

    entry_text: the text of the file with the handler, at most `MOST_TEXT_BYTES`. None if it cannot be read.
    size_bytes: the size of all files.
    modified: the time when the file with the handler was saved, in the format of the API.
    """

    entry_text: str | None
    size_bytes: int
    modified: str


def read(function: Function) -> CodeInfo:
    """Read the code of a function."""
    return CodeInfo(_entry_text(function), _size_bytes(function), modified(function))


def modified(function: Function) -> str:
    """The time when the file with the handler was saved, in the format of the API."""
    try:
        return api_times.written(entry_of(function).stat().st_mtime)
    except OSError:
        return api_times.written(0.0)


def _entry_text(function: Function) -> str | None:
    try:
        with entry_of(function).open("rb") as file:
            return file.read(MOST_TEXT_BYTES).decode("utf-8", "replace")
    except OSError:
        return None


def _size_bytes(function: Function) -> int:
    total = 0
    with suppress(OSError):
        for path in function.code.rglob("*"):
            if path.is_file():
                total += path.stat().st_size
    return total
