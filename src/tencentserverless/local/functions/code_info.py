"""The code in a function's folder, as the API describes it. Reads files: not for the event loop's thread."""

import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from tencentserverless.local.model.function import Function


class CodeInfo(NamedTuple):
    """entry_text: the file with the handler; None if it cannot be read. size_bytes: of all files. modified: when the
    file with the handler was saved, as the API shows times."""

    entry_text: str | None
    size_bytes: int
    modified: str


def of(function: Function) -> CodeInfo:
    return CodeInfo(_entry_text(function), _size_bytes(function), modified(function))


def modified(function: Function) -> str:
    """When the file with the handler was saved."""
    try:
        return shown_time(_entry(function).stat().st_mtime)
    except OSError:
        return shown_time(0.0)


def shown_time(at: float) -> str:
    """A time (Unix seconds) as the API shows it: in China's zone."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(at + 8 * 3600))


def _entry_text(function: Function) -> str | None:
    try:
        return _entry(function).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None


def _size_bytes(function: Function) -> int:
    total = 0
    with suppress(OSError):
        for path in function.code.rglob("*"):
            if path.is_file():
                total += path.stat().st_size
    return total


def _entry(function: Function) -> Path:
    return function.code / (function.handler.rpartition(".")[0] + ".py")
