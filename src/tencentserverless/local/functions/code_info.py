"""What lies in a function's folder, as `GetFunction` tells of it."""

import time
from contextlib import suppress
from pathlib import Path

from tencentserverless.local.model.function import Function


def entry_text(function: Function) -> str | None:
    """The file with the handler; None where it cannot be read."""
    try:
        return _entry(function).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None


def size_bytes(function: Function) -> int:
    total = 0
    with suppress(OSError):
        for path in function.code.rglob("*"):
            if path.is_file():
                total += path.stat().st_size
    return total


def modified(function: Function) -> float:
    """When the file with the handler was, Unix seconds; 0 where there is none."""
    try:
        return _entry(function).stat().st_mtime
    except OSError:
        return 0.0


def shown_time(at: float) -> str:
    """As the API shows times, which are China's."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(at + 8 * 3600))


def _entry(function: Function) -> Path:
    return function.code / (function.handler.rpartition(".")[0] + ".py")
