"""Records of invocations, in one SQLite store, bounded in number and in bytes.

What runs is kept in memory. What has ended is written by a thread of its own, many at a time, so that no invocation
waits for the disk.
"""

import json
import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tencentserverless.local.catalog import Function
from tencentserverless.local.invocation import Invocation, Outcome, Record

BATCH_SECONDS = 0.5
_COLUMNS = """
    number request_id parent callers region namespace function_name function qualifier invocation_type event
    received_at started_at ended_at status_code ret_msg error_message duration_ms memory_bytes output init_output
    init_ms instance_id bytes
""".split()
_CREATE = f"CREATE TABLE IF NOT EXISTS invocations (number INTEGER PRIMARY KEY, {', '.join(_COLUMNS[1:])})"
_INSERT = f"INSERT INTO invocations VALUES ({', '.join('?' * len(_COLUMNS))})"  # noqa: S608  no value stands in it
_SELECT = "SELECT * FROM invocations ORDER BY number"
_CONFIGURED = ("handler", "runtime", "memory_mb", "timeout", "init_timeout", "description", "origin")


class Records:
    """place: says where the store is, at the first record; a store from before is gone on with. most, most_bytes: how
    much is kept; the oldest go first."""

    def __init__(self, place: Callable[[], Path], most: int = 1000, most_bytes: int = 64 * 1024 * 1024) -> None:
        self._place = place
        self._most = most
        self._most_bytes = most_bytes
        self._running: dict[str, Record] = {}
        self._ended: deque[Record] = deque(maxlen=most)  # what comes before these need not be written
        self._sizes: deque[tuple[int, int]] = deque()  # number and bytes of what is in the store, oldest first
        self._bytes = 0
        self._number = 0
        self._lock = threading.Lock()
        self._wake, self._closing = threading.Event(), threading.Event()
        self._writer: threading.Thread | None = None
        self._database: sqlite3.Connection | None = None
        self._last: list[Record] | None = None  # after the end

    def begin(self, invocation: Invocation) -> Record:
        """A record of an invocation that has just come in."""
        if self._writer is None:
            self._open()
        self._number += 1
        record = self._running[invocation.request_id] = Record(invocation, self._number)
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
        running = list(self._running.values())
        with self._lock:
            if self._database is None:
                return running
            self._write()
            found = {row[0]: _record(row) for row in self._database.execute(_SELECT)}
        found.update((record.number, record) for record in running)
        return [found[number] for number in sorted(found)]

    def close(self) -> None:
        """Write what is left, and give up the store; `all` stays as it is."""
        if self._writer is not None and self._database is not None:
            self._closing.set()
            self._wake.set()
            self._writer.join()
            self._last = self.all()
            self._database.close()
            self._writer = None

    def _open(self) -> None:
        database = sqlite3.connect(self._place(), check_same_thread=False, isolation_level=None)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = OFF")  # what a crash of the machine takes is no loss here
        database.execute(_CREATE)
        self._sizes.extend(database.execute("SELECT number, bytes FROM invocations ORDER BY number"))
        self._bytes = sum(size for _, size in self._sizes)
        self._number = self._sizes[-1][0] if self._sizes else 0
        self._database = database
        self._writer = threading.Thread(target=self._write_on, name="LocalSCF records", daemon=True)
        self._writer.start()

    def _write_on(self) -> None:
        while not self._closing.is_set():
            self._wake.wait()
            self._closing.wait(BATCH_SECONDS)
            self._wake.clear()
            with self._lock:
                self._write()

    def _write(self) -> None:
        """Put what has ended into the store, and drop what is too much. The lock is held."""
        assert self._database is not None
        ended = []
        while self._ended:
            ended.append(self._ended.popleft())
        if not ended:
            return
        sizes = [(record.number, record.kept_bytes) for record in ended]
        self._sizes.extend(sizes)
        self._bytes += sum(size for _, size in sizes)
        dropped = self._dropped()
        rows = [_row(record) for record in ended if record.number not in dropped]
        with self._database:
            self._database.execute("BEGIN")
            self._database.executemany(_INSERT, rows)
            self._database.executemany("DELETE FROM invocations WHERE number = ?", [(number,) for number in dropped])

    def _dropped(self) -> set[int]:
        numbers = set()
        while len(self._sizes) > self._most or (self._bytes > self._most_bytes and len(self._sizes) > 1):
            number, size = self._sizes.popleft()
            self._bytes -= size
            numbers.add(number)
        return numbers


def _row(record: Record) -> tuple[Any, ...]:
    asked, ended = record.invocation, record.outcome
    assert ended is not None
    function = asked.function
    configured = {name: getattr(function, name) for name in _CONFIGURED}
    configured.update(code=str(function.code), variables=dict(function.variables))
    return (
        record.number,
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
