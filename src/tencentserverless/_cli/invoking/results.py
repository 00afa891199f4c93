"""The file of results of a fan-out, and beside it its journal and the events that failed."""

import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tencentserverless._cli import output
from tencentserverless._cli.exit_codes import WRONG_USE, Failure
from tencentserverless._cli.language import text

if TYPE_CHECKING:
    from tencentserverless._protocol.invoke import InvokeResult


def journal_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.journal")


def failures_of(path: Path) -> Path:
    return path.with_name(f"{path.stem}.failed{path.suffix or '.jsonl'}")


def line_of(index: int, outcome: "tuple[Any, InvokeResult] | Exception") -> str:
    """One result as a line of JSON."""
    if isinstance(outcome, Exception):
        return json.dumps({"index": index, "error": _failure(outcome), **_about(outcome)}, ensure_ascii=False)
    value, result = outcome
    row = {"index": index, "value": value, "executed": "yes", **_about(result)}
    try:
        return json.dumps(row, ensure_ascii=False, allow_nan=False)
    except ValueError:  # NaN, which the function returned and JSON does not have
        return json.dumps({**row, "value": str(result)}, ensure_ascii=False)


def _failure(error: Any) -> dict[str, Any]:
    names = ("code", "message", "stack_trace")
    found = {name: getattr(error, name, None) for name in names}
    return {"type": type(error).__name__, **{name: value for name, value in found.items() if value}}


def _about(outcome: Any) -> dict[str, Any]:
    request_id = getattr(outcome, "function_request_id", None) or getattr(outcome, "request_id", None)
    if not isinstance(outcome, Exception):
        return {"request_id": request_id, "duration_ms": outcome.duration_ms}
    executed = getattr(outcome, "executed", "maybe")
    return {"executed": executed, "request_id": request_id, "duration_ms": _duration_of(outcome)}


def _duration_of(error: Exception) -> float | None:
    """How long a function ran that failed; None if that is not known."""
    try:
        return float(error.response["Response"]["Result"]["Duration"])  # type: ignore[attr-defined]
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


class StandardOutput:
    """Results that go to standard output."""

    @property
    def may_draw(self) -> bool:
        """Whether a bar on standard error does not stand among the results."""
        return sys.stdout is None or not sys.stdout.isatty()

    def has(self, _index: int) -> bool:
        return False

    def add(self, _index: int, line: str) -> None:
        output.write_json_text(line)

    def add_failed(self, source: bytes) -> None:
        """Events that failed are not kept."""

    def close(self) -> None:
        """Nothing is open."""


def check(path: Path, is_resumed: bool, events: str) -> None:
    """Raise Failure if there are results that would be overwritten, or nothing that a resumed run could go on with.

    events: the file of the events. This run must not write to it.
    """
    if any(_is_same(events, each) for each in (path, journal_of(path), failures_of(path))):
        raise Failure(text("{name} would be overwritten by this run: choose another -o", name=events), WRONG_USE)
    if not is_resumed and (path.exists() or journal_of(path).exists()):
        name = path if path.exists() else journal_of(path)
        message = text("{name} exists: --resume goes on with it, another -o begins anew", name=name)
        raise Failure(message, WRONG_USE)
    if is_resumed and path.exists() and not journal_of(path).exists():
        message = text("{name} is missing: without it --resume cannot go on", name=journal_of(path))
        raise Failure(message, WRONG_USE)


def _is_same(events: str, path: Path) -> bool:
    with suppress(OSError):
        return path.samefile(events)
    return False


class Results:
    """Results that go to a file. The lines that the file has already are not written again.

    The journal must be open: its lock keeps others from the file.
    """

    may_draw = True

    def __init__(self, path: Path) -> None:
        self.path = path
        self.failures = failures_of(path)
        self._file = _File(path, os.O_CREAT | os.O_APPEND)
        self._written = self._read()
        self._failed: _File | None = None
        with suppress(FileNotFoundError):
            self.failures.unlink()  # written anew by this run

    def _read(self) -> set[int]:
        """The indexes of the lines in the file. A line that was cut off is removed."""
        found, size = set(), 0
        with self.path.open("rb") as file:
            for line in file:
                if not line.endswith(b"\n"):
                    break
                try:
                    found.add(json.loads(line)["index"])
                except (ValueError, TypeError, KeyError):
                    raise Failure(text("{name} has other lines than results", name=self.path), WRONG_USE) from None
                size += len(line)
        self._file.cut(size)
        return found

    def has(self, index: int) -> bool:
        """Whether an earlier run has written this result."""
        return index in self._written

    def add(self, index: int, line: str) -> None:
        if index not in self._written:
            self._file.write(line.encode("utf-8", "as-in-json"))
            self._written.add(index)

    def add_failed(self, source: bytes) -> None:
        if self._failed is None:
            self._failed = _File(self.failures, os.O_CREAT | os.O_TRUNC)
        self._failed.write(source)

    def remove_if_empty(self) -> None:
        """Remove the file if it has no line. It is closed."""
        if not self._written:
            with suppress(OSError):
                self.path.unlink()

    def close(self) -> None:
        self._file.close()
        if self._failed is not None:
            self._failed.close()


class _File:
    """A file that gets complete lines only. Its errors say which file it is."""

    def __init__(self, path: Path, flags: int) -> None:
        self._path = path
        try:
            self._descriptor = os.open(path, flags | os.O_WRONLY | getattr(os, "O_BINARY", 0), 0o666)
        except OSError as error:
            raise Failure(f"{path}: {error.strerror}") from None

    def write(self, line: bytes) -> None:
        size, rest = os.fstat(self._descriptor).st_size, line + b"\n"
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError as error:
            with suppress(OSError):  # it may be a device
                self.cut(size)
            raise output.NotWrittenError(f"{self._path}: {error.strerror}") from None

    def cut(self, size: int) -> None:
        if os.fstat(self._descriptor).st_size > size:
            os.ftruncate(self._descriptor, size)

    def close(self) -> None:
        os.close(self._descriptor)
