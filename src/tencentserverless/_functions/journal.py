"""The journal of one `map`: a file that says which events were sent, and what came back.

It survives `kill -9`. It is forced to the disk ten times a second at most, since that takes much longer than writing: a
crash of the machine may take the lines after the last time.

Each line is JSON. The first one says what the journal is about. "started", the index and the digest of an event are
written before the event is sent for the first time; "ended" or "failed" and the outcome when it has come; "withdrawn"
if the event did not run and is to be sent again. An event that was started and has no later line may have run.
"""

import hashlib
import json
import os
import stat
import time

from tencentserverless import exception as errors
from tencentserverless._protocol.invoke import InvokeResult

__tracebackhide__ = True  # from pytest: it shows the caller's frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterator, Optional, Set, Tuple, Union

    Outcome = Union[InvokeResult, Exception]

FORMAT = 1
STARTED, ENDED, FAILED, WITHDRAWN = "started", "ended", "failed", "withdrawn"
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
FLUSH_SECONDS = 0.1  # at least, between two times that the file is forced to the disk
_FLUSH_SHARE = 0.1  # of the time, at most, for that: some disks are slow
_LOCKED_BYTE = (1 << 31) - 2  # Windows locks bytes, up to this one; nobody else can read a locked byte
_HERE = (
    "another `map` of this program: call close() of its iterator first. "
    "A traceback, for example in a notebook, may keep that alive"
)
_OF_RESULTS = ("request_id", "function_request_id", "duration_ms", "billed_ms", "memory_bytes", "log_tail")
_OF_ERRORS = ("status_code", "executed", "log_tail", "function_name", "region", "namespace")
_INTERRUPTED = "the program ended before the answer came; `idempotent` sends such an event again"


_open_here: "Set[Tuple[int, int]]" = set()  # device and number of the files that this process has open


class Journal:
    """An open journal. It is this process's alone.

    about: what it is about, as JSON takes it. Raises SettingsError if the file is about something else, is not a
    journal, or is in use; and OSError if it cannot be read or written.
    """

    def __init__(self, path: "Any", about: "Dict[str, Any]") -> None:
        self.path = os.fspath(path)
        self._digests: "Dict[int, str]" = {}
        self._places: "Dict[int, Tuple[int, int]]" = {}  # of outcomes: offset and length of the line
        self._size = 0
        self._file: "Optional[Tuple[int, int]]" = None  # once this journal has the lock
        self._flush_at = 0.0  # monotonic
        self._descriptor: "Optional[int]" = os.open(self.path, _FLAGS, 0o600)
        try:
            self._open(json.loads(json.dumps(about)))
        except BaseException:
            self.close()
            raise

    def _open(self, about: "Dict[str, Any]") -> None:
        found = os.fstat(self._descriptor)  # type: ignore[arg-type]
        if not stat.S_ISREG(found.st_mode):  # a device may never end
            raise _wrong(f"{self.path} is not a journal of `map`")
        file = found.st_dev, found.st_ino
        if not _locked(self._descriptor):
            raise _wrong(f"{self.path} is in use by {_HERE if file in _open_here else 'another program'}")
        self._file = file
        _open_here.add(file)
        header = _line({"journal": FORMAT, "about": about})
        self._reader = open(self.path, "rb")  # noqa: SIM115
        first = self._reader.readline()
        if not header.startswith(first):
            self._refuse(first, about)
        if first != header:  # a new file, or one whose first line was cut off
            self._truncate()
            self._write(header)
            return
        self._size = len(first)
        for offset, line in _lines(self._reader, self._size):
            try:
                self._note(offset, len(line), *json.loads(line.decode("ascii")))
            except (ValueError, TypeError):
                raise _wrong(f"{self.path} is damaged at byte {offset}, so it cannot say what was sent") from None
            self._size = offset + len(line)
        self._truncate()  # the last line may have been cut off

    def _refuse(self, first: bytes, about: "Dict[str, Any]") -> None:
        theirs: "Dict[str, Any]" = {}
        try:
            found = json.loads(first.decode("utf-8"))
            theirs = found["about"] if found["journal"] == FORMAT else {}
            named = [name for name in about if theirs[name] != about[name]]
        except (ValueError, TypeError, KeyError):
            named = []
        if not named:  # or its lines have other ends now
            raise _wrong(f"{self.path} is not a journal of `map`") from None
        was = ", ".join(_changed(name, theirs.get(name), about[name]) for name in named)
        raise _wrong(f"{self.path} is the journal of another `map`: {was}; to begin anew, name another file")

    def _note(self, offset: int, length: int, what: str, index: int, value: "Any" = None) -> None:
        if what == STARTED:
            self._digests[index] = value
        elif what == WITHDRAWN:
            self._digests.pop(index, None)
            self._places.pop(index, None)
        else:
            self._places[index] = offset, length

    def recall(self, index: int, digest: str, may_run_twice: bool) -> "Optional[Outcome]":
        """The outcome of an event; None if the event is to be sent. Raises SettingsError if it is another event.

        may_run_twice: send an event again that may have run. Otherwise its outcome is an error that says "maybe".
        """
        known = self._digests.get(index)
        if known is None:
            return None
        if known != digest:
            raise _wrong(f"event {index} is not the one in {self.path}: the events have changed")
        if index in self._places:
            return self._outcome(index)
        if may_run_twice:
            return None
        error = errors.TransportError("ClientNetworkError", _INTERRUPTED)
        self.finish(index, error)
        return error

    def start(self, index: int, digest: str) -> None:
        """To be called before an event is sent."""
        if index not in self._digests:
            self._write(_line([STARTED, index, digest]))
            self._digests[index] = digest

    def finish(self, index: int, outcome: "Outcome") -> None:
        """Keep the outcome of an event."""
        what, data = (ENDED, _of_result(outcome)) if isinstance(outcome, str) else (FAILED, _of_error(outcome))
        line = _line([what, index, data])
        place = self._size, len(line)
        self._write(line)
        self._places[index] = place

    def withdraw(self, index: int) -> None:
        """Note that an event did not run, and is to be sent again by the next `map`."""
        if self._digests.pop(index, None) is not None:
            self._places.pop(index, None)
            self._write(_line([WITHDRAWN, index]))

    @property
    def is_blank(self) -> bool:
        """Whether no event was sent, so that nothing would be lost with the file."""
        return not self._digests and not self._places

    def is_finished(self, index: int) -> bool:
        return index in self._places

    def _outcome(self, index: int) -> "Outcome":
        offset, length = self._places[index]
        self._reader.seek(offset)
        what, _, data = json.loads(self._reader.read(length).decode("ascii"))
        return _result(data) if what == ENDED else _error(data)

    def _write(self, line: bytes) -> None:
        """Append a line. After a failure the file ends with the line before."""
        if self._descriptor is None:
            raise ValueError(f"{self.path} is closed")
        rest = line
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except BaseException:
            self._truncate()
            raise
        self._size += len(line)
        if time.monotonic() >= self._flush_at:
            self._flush()

    def _flush(self) -> None:
        """Force what was written to the disk."""
        began = time.monotonic()
        os.fsync(self._descriptor)  # type: ignore[arg-type]
        ended = time.monotonic()
        self._flush_at = ended + max(FLUSH_SECONDS, (ended - began) / _FLUSH_SHARE)

    def _truncate(self) -> None:
        if self._descriptor is not None and os.fstat(self._descriptor).st_size > self._size:
            os.ftruncate(self._descriptor, self._size)

    def close(self) -> None:
        """Let other processes use the journal."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            _open_here.discard(self._file)
            os.close(descriptor)
        if hasattr(self, "_reader"):
            self._reader.close()

    def __del__(self) -> None:
        if hasattr(self, "_descriptor"):
            self.close()


def digest_of(text: str) -> str:
    """The digest of an event's JSON text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _changed(name: str, then: "Any", now: "Any") -> str:
    """How a journal differs from what it is opened for. Of events only a digest is known."""
    return "the events have changed" if name == "events" else f"{name} {then} then, {now} now"


def _line(row: "Any") -> bytes:
    return json.dumps(row, separators=(",", ":"), sort_keys=True).encode("ascii") + b"\n"


def _lines(file: "Any", offset: int) -> "Iterator[Tuple[int, bytes]]":
    """The complete lines of the rest of a file, with their offsets."""
    for line in file:
        if line.endswith(b"\n"):
            yield offset, line
        offset += len(line)


def _locked(descriptor: "Any") -> bool:
    """Take the lock, which the system releases when the process ends. False if another process has it."""
    try:
        if os.name == "nt":
            import msvcrt

            os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _of_result(result: "Any") -> "Dict[str, Any]":
    return {"text": str(result), **{name: getattr(result, name) for name in _OF_RESULTS}}


def _result(data: "Dict[str, Any]") -> InvokeResult:
    result = InvokeResult(data.pop("text"))
    result.__dict__.update(data)
    return result


def _of_error(error: "Any") -> "Dict[str, Any]":
    if not isinstance(error, errors.ServerlessError):
        return {"type": "ServerlessError", "arguments": [type(error).__name__, str(error)], "attributes": {}}
    arguments = [error.code, error.message, error.request_id, _plain(error.response), error.stack_trace]
    attributes = {name: _plain(getattr(error, name)) for name in _OF_ERRORS}
    return {"type": type(error).__name__, "arguments": arguments, "attributes": attributes}


def _plain(value: "Any") -> "Any":
    """The value, or None if JSON does not take it."""
    try:
        json.dumps(value)
    except (TypeError, ValueError, RecursionError):
        return None
    return value


def _error(data: "Dict[str, Any]") -> Exception:
    kind = getattr(errors, data["type"], errors.ServerlessError)
    error = kind(*data["arguments"])
    error.__dict__.update(data["attributes"])
    return error


def _wrong(message: str) -> errors.SettingsError:
    return errors.SettingsError("ClientParamsError", message)
