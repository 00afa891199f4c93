"""Records of invocations, in one SQLite store, bounded in number and in bytes.

What runs is kept in memory. What has ended is written by a thread of its own, many at a time, so that no invocation
waits for the disk.
"""

import json
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tencentserverless.local.model.function import Function
from tencentserverless.local.model.invocation import Invocation, Outcome, Record

BATCH_SECONDS = 0.5
WRITING_SHARE = 0.02  # of the time, at most: it takes turns with what serves
BUSY_SECONDS = 2.0  # how long one try waits for another program that writes to the same file
_COLUMNS = """
    number request_id parent callers region namespace function_name function qualifier invocation_type event
    received_at started_at ended_at status_code ret_msg error_message duration_ms memory_bytes output init_output
    init_ms instance_id bytes
""".split()
_NAMED = ", ".join(_COLUMNS)
_OPEN = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = OFF",  # what a crash of the machine takes is no loss here
    "BEGIN IMMEDIATE",  # fails where the file cannot be written to
    f"CREATE TABLE IF NOT EXISTS invocations (number INTEGER PRIMARY KEY, {', '.join(_COLUMNS[1:])})",
    "CREATE INDEX IF NOT EXISTS invocation_sizes ON invocations (bytes)",
    f"SELECT {_NAMED} FROM invocations LIMIT 0",  # noqa: S608  fails where the table is another program's
    "COMMIT",
)
_INSERT = f"INSERT INTO invocations ({_NAMED}) VALUES ({', '.join('?' * len(_COLUMNS))})"  # noqa: S608  no value in it
_SELECT = f"SELECT {_NAMED} FROM invocations"  # noqa: S608
# By the index: the rows themselves, 64 MB of them, need not be read.
_DROP = """
    DELETE FROM invocations WHERE number IN (
        SELECT number FROM (
            SELECT number, row_number() OVER newer AS place, sum(bytes) OVER newer AS total
            FROM invocations INDEXED BY invocation_sizes WINDOW newer AS (ORDER BY number DESC)
        ) WHERE place > ? OR (total > ? AND place > 1)
    )
"""
_CONFIGURED = ("handler", "runtime", "memory_mb", "timeout", "init_timeout", "description", "origin")


class Records:
    """place: says where the store is, at the first record; a store from before is gone on with, and other endpoints
    may have it too. most, most_bytes: how much is kept; the oldest go first. notify: is told once when the store
    cannot be written to or read; what has ended waits for it then, within the same bounds."""

    def __init__(
        self,
        place: Callable[[], Path],
        notify: Callable[[str], None],
        most: int = 1000,
        most_bytes: int = 64 * 1024 * 1024,
    ) -> None:
        self._place = place
        self._notify = notify
        self._most = most
        self._most_bytes = most_bytes
        self._running: dict[str, Record] = {}
        self._ended: deque[Record] = deque(maxlen=most)  # what comes before these need not be written
        self._unwritten: deque[Record] = deque(maxlen=most)  # of the thread that has the lock
        self._begun = 0
        self._lock = threading.RLock()  # `notify` is called with it, and may ask for `all`
        self._wake, self._closing = threading.Event(), threading.Event()
        self._writer: threading.Thread | None = None
        self._database: sqlite3.Connection | None = None
        self._is_there = False  # the store, as far as this endpoint knows
        self._has_told = False
        self._last: list[Record] | None = None  # after the end

    def check(self) -> None:
        """Make the store now, or see that the one that is there will do. Raises ValueError where neither can be."""
        try:
            _opened(self._place()).close()
        except (OSError, sqlite3.Error) as error:
            raise ValueError(f"records: {self._place()}: {error}") from None
        self._is_there = True

    def begin(self, invocation: Invocation) -> Record:
        """A record of an invocation that has just come in."""
        if self._writer is None:
            self._writer = threading.Thread(target=self._write_on, name="LocalSCF records", daemon=True)
            self._writer.start()
        self._begun += 1
        record = self._running[invocation.request_id] = Record(invocation, self._begun)
        return record

    def end(self, record: Record, outcome: Outcome, at: float) -> None:
        record.outcome, record.ended_at = outcome, at
        self._ended.append(record)
        self._running.pop(record.invocation.request_id, None)
        if not self._wake.is_set():
            self._wake.set()

    def all(self) -> list[Record]:
        """Records of what has ended and of what runs, in the order in which it came. Reads the disk."""
        if self._last is not None:
            return list(self._last)
        running = dict(self._running)
        with self._lock:
            self._write()
            ended = [*self._read(), *self._unwritten]
        # What ends while this looks is in both.
        found = [record for record in ended if record.invocation.request_id not in running]
        return sorted([*found, *running.values()], key=lambda each: (each.invocation.received_at, each.number))

    def close(self) -> None:
        """Write what is left, and give up the store; `all` stays as it is."""
        if self._last is not None:
            return
        if self._writer is not None:
            self._closing.set()
            self._wake.set()
            self._writer.join()
        self._last = self.all()
        if self._unwritten:
            self._notify(f"records: {self._place()}: the last {len(self._unwritten)} are not in it")
        if self._database is not None:
            self._database.close()

    def _write_on(self) -> None:
        took = 0.0
        while True:
            self._wake.wait()
            if self._closing.wait(max(BATCH_SECONDS, took / WRITING_SHARE)):
                return  # `close` writes what is left
            self._wake.clear()
            started = time.monotonic()
            with self._lock:
                self._write()
                if self._unwritten:
                    self._wake.set()
            took = time.monotonic() - started

    def _write(self) -> None:
        """Put what has ended into the store, and drop what is too much. The lock is held."""
        self._gather()
        if not self._unwritten:
            return
        try:
            database = self._connected()
            with database:
                database.execute("BEGIN IMMEDIATE")
                database.executemany(_INSERT, map(_row, self._unwritten))
                database.execute(_DROP, (self._most, self._most_bytes))
        except Exception as error:  # noqa: BLE001  whatever it is, the thread goes on
            self._tell(f"{error} (records wait in memory until that is over)")
            return
        self._unwritten.clear()
        self._has_told = False

    def _read(self) -> list[Record]:
        """What is in the store. The lock is held."""
        if not self._is_there:
            return []
        try:
            return [_record(row) for row in self._connected().execute(_SELECT)]
        except Exception as error:  # noqa: BLE001  what is in memory can be shown all the same
            self._tell(str(error))
            return []

    def _gather(self) -> None:
        while self._ended:
            self._unwritten.append(self._ended.popleft())
        kept_bytes = sum(record.kept_bytes for record in self._unwritten)
        while kept_bytes > self._most_bytes and len(self._unwritten) > 1:
            kept_bytes -= self._unwritten.popleft().kept_bytes

    def _connected(self) -> sqlite3.Connection:
        if self._database is None:
            self._database = _opened(self._place())
            self._is_there = True
        return self._database

    def _tell(self, trouble: str) -> None:
        if not self._has_told:
            self._has_told = True
            self._notify(f"records: {self._place()}: {trouble}")


def _opened(place: Path) -> sqlite3.Connection:
    database = sqlite3.connect(place, timeout=BUSY_SECONDS, check_same_thread=False, isolation_level=None)
    try:
        for statement in _OPEN:
            database.execute(statement)
    except BaseException:
        database.close()
        raise
    return database


def _row(record: Record) -> tuple[Any, ...]:
    asked, ended = record.invocation, record.outcome
    assert ended is not None
    function = asked.function
    configured = {name: getattr(function, name) for name in _CONFIGURED}
    configured.update(code=str(function.code), variables=dict(function.variables))
    return (
        None,  # SQLite chooses the number: other endpoints may write to the same file
        asked.request_id,
        asked.parent,
        json.dumps(asked.callers),
        function.region,
        function.namespace,
        function.name,
        json.dumps(configured),
        asked.qualifier,
        asked.invocation_type,
        _stored(asked.event.decode("utf-8", "surrogatepass")),
        asked.received_at,
        record.started_at,
        record.ended_at,
        ended.status_code,
        _stored(ended.ret_msg),
        _stored(ended.error_message),
        ended.duration_ms,
        ended.memory_bytes,
        _stored(ended.output),
        _stored(ended.init_output),
        ended.init_ms,
        ended.instance_id,
        record.kept_bytes,
    )


def _record(row: tuple[Any, ...]) -> Record:
    kept = dict(zip(_COLUMNS, row, strict=True))
    configured = json.loads(kept["function"])
    code = Path(configured.pop("code"))
    function = Function(
        name=kept["function_name"], region=kept["region"], namespace=kept["namespace"], code=code, **configured
    )
    invocation = Invocation(
        kept["request_id"],
        function,
        _read(kept["event"]).encode("utf-8", "surrogatepass"),
        kept["invocation_type"],
        kept["qualifier"],
        kept["parent"],
        kept["received_at"],
        tuple(json.loads(kept["callers"])),
    )
    outcome = Outcome(
        kept["status_code"],
        _read(kept["ret_msg"]),
        _read(kept["error_message"]),
        kept["duration_ms"],
        kept["memory_bytes"],
        _read(kept["output"]),
        _read(kept["init_output"]),
        kept["init_ms"],
        kept["instance_id"],
    )
    return Record(invocation, kept["number"], kept["started_at"], kept["ended_at"], outcome)


def _stored(text: str) -> str | bytes:
    """SQLite takes no lone surrogates in text."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
    return text


def _read(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("utf-8", "surrogatepass")
