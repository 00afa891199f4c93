"""The records of invocations, in an SQLite file. Their number and their size are limited.

Records of running invocations are in memory. Those of ended invocations are written by another thread, many at a time,
so that no invocation waits for the disk. If large ones wait, it writes at once.
"""

import json
import os
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from tencentserverless.local.model.function import Function
from tencentserverless.local.model.invocation import Invocation, Outcome, Record

BATCH_SECONDS = 0.5
WRITING_SHARE = 0.02  # of the time, at most: the writer competes with the event loop for the interpreter
URGENT_BYTES = 4 * 1024 * 1024  # if so much waits, it is written without a pause
BATCH_BYTES = 16 * 1024 * 1024  # of one transaction
BUSY_SECONDS = 2.0  # how long a write waits for another program that writes to the same file
_COLUMNS = """
    number request_id parent callers region namespace function_name function qualifier invocation_type event
    received_at started_at ended_at status_code ret_msg error_message duration_ms memory_bytes output init_output
    init_ms instance_id bytes
""".split()
_NAMED = ", ".join(_COLUMNS)
_OPEN = (
    # Not WAL: it maps a file into memory. If another program truncates that, the kernel kills this process (SIGBUS).
    "PRAGMA journal_mode = DELETE",
    "PRAGMA synchronous = OFF",  # records may be lost if the machine crashes
    "BEGIN IMMEDIATE",  # fails if the file cannot be written
    f"CREATE TABLE IF NOT EXISTS invocations (number INTEGER PRIMARY KEY, {', '.join(_COLUMNS[1:])})",
    "CREATE INDEX IF NOT EXISTS invocation_sizes ON invocations (bytes)",
    f"SELECT {_NAMED} FROM invocations LIMIT 0",  # noqa: S608  fails if the table is of another program
    "COMMIT",
)
_INSERT = f"INSERT INTO invocations ({_NAMED}) VALUES ({', '.join('?' * len(_COLUMNS))})"  # noqa: S608  without values
_FORGET = "DELETE FROM invocations WHERE request_id = ?"
_SELECT = f"SELECT {_NAMED} FROM invocations"  # noqa: S608
# This uses the index, so that the rows, which may have 64 MB, are not read.
_DROP = """
    DELETE FROM invocations WHERE number IN (
        SELECT number FROM (
            SELECT number, row_number() OVER newer AS position, sum(bytes) OVER newer AS total
            FROM invocations INDEXED BY invocation_sizes WINDOW newer AS (ORDER BY number DESC)
        ) WHERE position > ? OR (total > ? AND position > 1)
    )
"""
_SETTINGS = ("handler", "runtime", "memory_mb", "timeout", "init_timeout", "description", "origin")


class Records:
    """The records of an endpoint's invocations.

    path: returns the path of the SQLite file. It is called at the first record. If the file exists, records are added
        to it. Several endpoints may use one file.
    notify: is called once if the file cannot be read or written. Then records wait in memory, within the same limits.
    most: the largest number of records. The oldest ones are removed first.
    most_bytes: the largest size of all records.
    running: the records of invocations that have not ended, by request id.
    """

    def __init__(
        self,
        path: Callable[[], Path],
        notify: Callable[[str], None],
        most: int = 1000,
        most_bytes: int = 64 * 1024 * 1024,
    ) -> None:
        self._path = path
        self._notify = notify
        self._most = most
        self._most_bytes = most_bytes
        self.running: dict[str, Record] = {}
        self._ended = _Newest(most, most_bytes)
        self._begun = 0
        self._own: deque[str] = deque(maxlen=most)  # the request ids since the start, or since `forget`
        self._lock = threading.RLock()  # `notify` is called with the lock, and may call `all`
        self._wake, self._hurry, self._closing = threading.Event(), threading.Event(), threading.Event()
        self._writer: threading.Thread | None = None
        self._database: sqlite3.Connection | None = None
        self._opened_file: os.stat_result | None = None
        self._file_exists = False  # as far as this endpoint knows
        self._has_notified = False
        self._damaged_rows = 0
        self._last: list[Record] | None = None  # after `close`

    def check(self) -> None:
        """Create the file, or check that the existing one can be used. Raises ValueError if not."""
        try:
            _opened(self._path()).close()
        except (OSError, sqlite3.Error) as error:
            why = getattr(error, "strerror", None) or error
            raise ValueError(f"records: {self._path()}: {why}") from None
        self._file_exists = True

    def begin(self, invocation: Invocation) -> Record:
        """Create the record of a new invocation."""
        if self._writer is None:
            self._start_writer()
        self._begun += 1
        self._own.append(invocation.request_id)
        record = self.running[invocation.request_id] = Record(invocation, self._begun)
        return record

    def _start_writer(self) -> None:
        writer = threading.Thread(target=self._write_on, name="LocalSCF records", daemon=True)
        with suppress(RuntimeError):  # the system refuses another thread now; `all` and `close` write as well
            writer.start()
            self._writer = writer

    def end(self, record: Record, outcome: Outcome, at: float) -> None:
        """The invocation has ended at this time (Unix seconds). Its record is written later."""
        record.outcome, record.ended_at = outcome, at
        if record.request_id not in self.running:  # it is forgotten
            return
        self._ended.add(record)
        self.running.pop(record.invocation.request_id, None)
        if self._ended.bytes > URGENT_BYTES:
            self._hurry.set()
        if not self._wake.is_set():
            self._wake.set()

    def all(self) -> list[Record]:
        """All records, also of running invocations, in the order in which the invocations came. This reads the file."""
        if self._last is not None:
            return list(self._last)
        running = dict(self.running)
        with self._lock:
            self._write()
            ended = [*self._read(), *self._ended.all()]
        # An invocation that ends meanwhile is in both.
        found = [record for record in ended if record.invocation.request_id not in running]
        return sorted([*found, *running.values()], key=lambda each: (each.invocation.received_at, each.number))

    def own(self) -> list[Record]:
        """The records of this endpoint, without those that were in the file before, as `all` returns them."""
        ids = set(self._own)
        return [record for record in self.all() if record.request_id in ids]

    def forget(self) -> None:
        """Remove the records of this endpoint. Those that were in the file before stay."""
        with self._lock, suppress(sqlite3.Error):  # the next write gives a notice
            self._ended.take(1 << 62)
            if self._file_exists:
                self._connected().executemany(_FORGET, [(request_id,) for request_id in self._own])
        self.running.clear()
        self._own.clear()

    def close(self) -> None:
        """Write the remaining records and close the file. After that `all` returns the same records as now."""
        if self._last is not None:
            return
        if self._writer is not None:
            for event in (self._closing, self._hurry, self._wake):
                event.set()
            self._writer.join()
        self._last = self.all()
        if left := len(self._ended.all()):
            self._notify(f"records: {self._path()}: the last {left} records could not be written")
        self._disconnect()

    def _write_on(self) -> None:
        took, succeeded = 0.0, True
        while True:
            self._wake.wait()
            (self._hurry if succeeded else self._closing).wait(max(BATCH_SECONDS, took / WRITING_SHARE))
            if self._closing.is_set():
                return  # `close` writes the rest
            self._wake.clear()
            self._hurry.clear()
            started = time.monotonic()
            with self._lock:
                succeeded = self._write()
                if not succeeded:
                    self._wake.set()
            took = time.monotonic() - started

    def _write(self) -> bool:
        """Write the records of ended invocations, and remove the oldest ones. The caller has the lock.

        Returns whether that succeeded.
        """
        while records := self._ended.take(BATCH_BYTES):
            try:
                database = self._connected()
                with database:
                    database.execute("BEGIN IMMEDIATE")
                    database.executemany(_INSERT, map(_row, records))
                    database.execute(_DROP, (self._most, self._most_bytes))
            except Exception as error:  # noqa: BLE001  the thread continues after any error
                self._ended.put_back(records)
                self._notify_once(f"{error} (until this is solved, records are kept in memory)")
                self._give_up(error)
                return False
            self._has_notified = False
        return True

    def _read(self) -> list[Record]:
        """Read the file. The caller has the lock."""
        if not self._file_exists:
            return []
        found: list[Record] = []
        damaged = 0
        try:
            for row in self._connected().execute(_SELECT):
                try:
                    found.append(_record(row))
                except Exception:  # noqa: BLE001  another program has changed this row
                    damaged += 1
        except Exception as error:  # noqa: BLE001  the other records are returned anyway
            self._notify_once(str(error))
            self._give_up(error)
        if damaged > self._damaged_rows:
            self._notify(f"records: {self._path()}: {damaged} rows are damaged, and are left out")
        self._damaged_rows = damaged
        return found

    def _connected(self) -> sqlite3.Connection:
        if self._database is not None and self._is_gone():
            self._notify(f"records: {self._path()}: the file was removed. A new one is begun")
            self._disconnect()
        if self._database is None:
            self._database = _opened(self._path())
            self._opened_file = os.stat(self._path())
            self._file_exists = True
        return self._database

    def _is_gone(self) -> bool:
        """Whether the path does not lead to the open file any more."""
        try:
            return self._opened_file is None or not os.path.samestat(os.stat(self._path()), self._opened_file)
        except FileNotFoundError:
            return True
        except OSError:
            return False

    def _give_up(self, error: Exception) -> None:
        """Open the file anew at the next attempt. If it has been damaged since it was opened, begin a new file."""
        is_damaged = type(error) is sqlite3.DatabaseError and self._file_exists
        if "locked" not in str(error):
            self._disconnect()
        if is_damaged:
            aside = f"{self._path()}.damaged"
            with suppress(OSError):
                os.replace(self._path(), aside)
                self._notify(f"records: the damaged file is now {aside}. A new one is begun")

    def _disconnect(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None

    def _notify_once(self, problem: str) -> None:
        if not self._has_notified:
            self._has_notified = True
            self._notify(f"records: {self._path()}: {problem}")


class _Newest:
    """The newest records, within a limit of number and of bytes. Any thread may use it."""

    def __init__(self, most: int, most_bytes: int) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._records: deque[tuple[Record, int]] = deque()
        self._lock = threading.Lock()
        self.bytes = 0

    def add(self, record: Record) -> None:
        size = record.kept_bytes
        with self._lock:
            self._records.append((record, size))
            self.bytes += size
            self._drop()

    def put_back(self, records: list[Record]) -> None:
        """Add records that are older than the others."""
        with self._lock:
            for record in reversed(records):
                self._records.appendleft((record, record.kept_bytes))
                self.bytes += record.kept_bytes
            self._drop()

    def take(self, most_bytes: int) -> list[Record]:
        """Remove the oldest records and return them: at least one if there is one, but not more than these bytes."""
        taken: list[Record] = []
        with self._lock:
            while self._records and (not taken or self._records[0][1] <= most_bytes):
                record, size = self._records.popleft()
                self.bytes -= size
                most_bytes -= size
                taken.append(record)
        return taken

    def all(self) -> list[Record]:
        with self._lock:
            return [record for record, _ in self._records]

    def _drop(self) -> None:
        while len(self._records) > self._most or (self.bytes > self._most_bytes and len(self._records) > 1):
            self.bytes -= self._records.popleft()[1]


def _opened(path: Path) -> sqlite3.Connection:
    """Open the file, which only its owner may read: events and variables may be secret."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    with suppress(OSError):  # it belongs to somebody else
        os.chmod(path, 0o600)
    database = sqlite3.connect(path, timeout=BUSY_SECONDS, check_same_thread=False, isolation_level=None)
    try:
        for statement in _OPEN:
            database.execute(statement)
    except BaseException:
        database.close()
        raise
    return database


def _row(record: Record) -> tuple[Any, ...]:
    invocation, outcome = record.invocation, record.outcome
    assert outcome is not None
    function = invocation.function
    settings = {name: getattr(function, name) for name in _SETTINGS}
    settings.update(code=str(function.code), variables=dict(function.variables))
    return (
        None,  # SQLite chooses the number: other endpoints may write to the same file
        invocation.request_id,
        invocation.parent,
        json.dumps(invocation.callers),
        function.region,
        function.namespace,
        function.name,
        json.dumps(settings),
        invocation.qualifier,
        invocation.invocation_type,
        _stored(invocation.event.decode("utf-8", "surrogatepass")),
        invocation.received_at,
        record.started_at,
        record.ended_at,
        outcome.status_code,
        _stored(outcome.ret_msg),
        _stored(outcome.error_message),
        outcome.duration_ms,
        outcome.memory_bytes,
        _stored(outcome.output),
        _stored(outcome.init_output),
        outcome.init_ms,
        outcome.instance_id,
        record.kept_bytes,
    )


def _record(row: tuple[Any, ...]) -> Record:
    values = dict(zip(_COLUMNS, row, strict=True))
    settings = json.loads(values["function"])
    code = Path(settings.pop("code"))
    function = Function(
        name=values["function_name"], region=values["region"], namespace=values["namespace"], code=code, **settings
    )
    invocation = Invocation(
        values["request_id"],
        function,
        _read(values["event"]).encode("utf-8", "surrogatepass"),
        values["invocation_type"],
        values["qualifier"],
        values["parent"],
        values["received_at"],
        tuple(json.loads(values["callers"])),
    )
    outcome = Outcome(
        values["status_code"],
        _read(values["ret_msg"]),
        _read(values["error_message"]),
        values["duration_ms"],
        values["memory_bytes"],
        _read(values["output"]),
        _read(values["init_output"]),
        values["init_ms"],
        values["instance_id"],
    )
    return Record(invocation, values["number"], values["started_at"], values["ended_at"], outcome)


def _stored(text: str) -> str | bytes:
    """Text as SQLite stores it. Text with lone surrogates, which it cannot store, becomes bytes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
    return text


def _read(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("utf-8", "surrogatepass")
