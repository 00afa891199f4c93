"""The SQLite file of records: how it is opened, its rows, its limits. `search` reads it."""

import errno
import json
import os
import sqlite3
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from time import time
from typing import Any, NamedTuple

from tencentserverless.local.model.function import Function
from tencentserverless.local.model.invocation import Invocation, Outcome, Record

_FIRST_COLUMNS = """
    number request_id parent callers region namespace function_name function qualifier invocation_type event
    received_at started_at ended_at status_code ret_msg error_message duration_ms memory_bytes output init_output
    init_ms instance_id bytes
""".split()
_LATER_COLUMNS = ["busy_ms"]  # of later versions: NULL in the records of earlier ones
_COLUMNS = [*_FIRST_COLUMNS, *_LATER_COLUMNS]
_NAMED = ", ".join(_COLUMNS)
_OPEN = (
    # Not WAL: it maps a file into memory. If another program truncates that, the kernel kills this process (SIGBUS).
    "PRAGMA journal_mode = DELETE",
    "PRAGMA synchronous = OFF",  # records may be lost if the machine crashes
    "BEGIN IMMEDIATE",  # fails if the file cannot be written
    f"CREATE TABLE IF NOT EXISTS invocations (number INTEGER PRIMARY KEY, {', '.join(_COLUMNS[1:])})",
    "COMMIT",
)
_INSERT = f"INSERT INTO invocations ({_NAMED}) VALUES ({', '.join('?' * len(_COLUMNS))})"  # noqa: S608  without values
_SELECT = f"SELECT {_NAMED} FROM invocations"  # noqa: S608
_DROP = "DELETE FROM invocations WHERE number < ?"
_FIRST_YOUNG = "SELECT number FROM invocations WHERE ended_at >= ? ORDER BY number LIMIT 1"
BUSY_SECONDS = 2.0  # how long a write waits for another program that writes to the same file
DROPPED_SHARE = 8  # at least an eighth of a full file is dropped at a time
_SETTINGS = ("handler", "runtime", "memory_mb", "timeout", "init_timeout", "description", "origin")


class Limits(NamedTuple):
    """most: the largest number of records. most_bytes: the largest size of the file, as far as it is in use, unless
    the newest record alone is larger. most_seconds: the age at which records are removed, None for no limit."""

    most: int = 1000
    most_bytes: int = 60 * 1024 * 1024  # 64 MB are documented: pages may be half empty
    most_seconds: float | None = None


DEFAULT_LIMITS = Limits()


def opened(path: Path) -> sqlite3.Connection:
    """Open the file for writing. Raises OSError and `sqlite3.Error`."""
    _make_private(path)
    database = sqlite3.connect(path, timeout=BUSY_SECONDS, check_same_thread=False, isolation_level=None)
    try:
        for statement in _OPEN:
            database.execute(statement)
        bring_up_to_date(database)
    except BaseException:
        database.close()
        raise
    return database


def _make_private(path: Path) -> None:
    """Create the file if it is missing. Only its owner may read it: events may be secret. A link is not followed."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
    is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)
    os.close(descriptor)
    if not is_file:  # such as /dev/null, which must stay open for everybody
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    with suppress(OSError):  # it belongs to somebody else
        os.chmod(path, 0o600)


def bring_up_to_date(database: sqlite3.Connection) -> None:
    """Add the columns that the file of an earlier version lacks. Raises sqlite3.Error if the file cannot be used."""
    if _missing_columns(database):
        with database:
            database.execute("BEGIN IMMEDIATE")
            for column in _missing_columns(database):  # another process may just have added them
                database.execute(f"ALTER TABLE invocations ADD COLUMN {column}")


def _missing_columns(database: sqlite3.Connection) -> list[str]:
    found = {row[1] for row in database.execute("PRAGMA table_info(invocations)")}
    if not found.issuperset(_FIRST_COLUMNS):
        raise sqlite3.DatabaseError("this is not a file of invocation records")
    if not found.issubset(_COLUMNS):
        raise sqlite3.DatabaseError("a newer version of tencentserverless wrote it: update this one, or use a new file")
    return [column for column in _COLUMNS if column not in found]


def write(database: sqlite3.Connection, records: Sequence[Record], limits: Limits) -> None:
    """Add records to the file, and remove the oldest ones, all in one transaction."""
    with database:
        database.execute("BEGIN IMMEDIATE")
        # Before they are written, so that the file does not grow beyond the limit. Text may be longer in UTF-8.
        _make_room(database, limits, sum(record.kept_bytes for record in records) * 3 // 2)
        database.executemany(_INSERT, _rows(records))
        _make_room(database, limits)
        _drop_old(database, limits)


def forget(database: sqlite3.Connection, request_ids: Iterable[str]) -> None:
    """Remove the records with these ids."""
    database.executemany("DELETE FROM invocations WHERE request_id = ?", [(each,) for each in request_ids])


def read(database: sqlite3.Connection, conditions: str = "", values: Sequence[Any] = ()) -> Iterator[Record | None]:
    """The records of the file, None for one that cannot be read. conditions: SQL after the name of the table."""
    return map(_read_row, database.execute(f"{_SELECT} {conditions}", values))


def last_number(database: sqlite3.Connection) -> int:
    """The number of the newest record, 0 if there is none."""
    found: int = database.execute("SELECT coalesce(max(number), 0) FROM invocations").fetchone()[0]
    return found


def _make_room(database: sqlite3.Connection, limits: Limits, coming_bytes: int = 0) -> None:
    """Remove the oldest records until the file has room for so many bytes. The newest record stays."""
    last = last_number(database)
    while (excess := _used_bytes(database) + coming_bytes - limits.most_bytes) > 0:
        freed, first_kept = 0, last
        for number, size in database.execute("SELECT number, bytes FROM invocations ORDER BY number"):
            if freed >= max(excess, limits.most_bytes // DROPPED_SHARE):
                first_kept = number
                break
            freed += size
        if not database.execute(_DROP, (first_kept,)).rowcount:
            return


def _used_bytes(database: sqlite3.Connection) -> int:
    pages, free, size = (
        database.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
    )
    used: int = (pages - free) * size
    return used


def _drop_old(database: sqlite3.Connection, limits: Limits) -> None:
    last = last_number(database)
    database.execute(_DROP, (last - limits.most + 1,))
    if limits.most_seconds is not None:
        young = database.execute(_FIRST_YOUNG, (time() - limits.most_seconds,)).fetchone()
        database.execute(_DROP, young or (last + 1,))


def _rows(records: Sequence[Record]) -> Iterator[tuple[Any, ...]]:
    settings: dict[int, str] = {}  # by the id of the function: a batch has few functions
    for record in records:
        function = record.invocation.function
        yield _row(record, settings.get(id(function)) or settings.setdefault(id(function), _settings_of(function)))


def _settings_of(function: Function) -> str:
    variables = dict.fromkeys(function.variables, "")  # their values may be secret
    settings = {name: getattr(function, name) for name in _SETTINGS}
    return json.dumps({**settings, "code": str(function.code), "variables": variables})


def _row(record: Record, settings: str) -> tuple[Any, ...]:
    invocation, outcome = record.invocation, record.outcome
    assert outcome is not None
    function = invocation.function
    return (
        None,  # SQLite chooses the number: other endpoints may write to the same file
        invocation.request_id,
        invocation.parent,
        json.dumps(invocation.callers) if invocation.callers else "[]",
        function.region,
        function.namespace,
        function.name,
        settings,
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
        outcome.busy_ms,
    )


def _record_of(row: tuple[Any, ...]) -> Record:
    values = dict(zip(_COLUMNS, row, strict=True))
    settings = json.loads(values["function"])
    code = Path(settings.pop("code"))
    function = Function(
        name=values["function_name"], region=values["region"], namespace=values["namespace"], code=code, **settings
    )
    invocation = Invocation(
        values["request_id"],
        function,
        _text(values["event"]).encode("utf-8", "surrogatepass"),
        values["invocation_type"],
        values["qualifier"],
        values["parent"],
        values["received_at"],
        tuple(json.loads(values["callers"])),
    )
    outcome = Outcome(
        values["status_code"],
        _text(values["ret_msg"]),
        _text(values["error_message"]),
        values["duration_ms"],
        values["memory_bytes"],
        _text(values["output"]),
        _text(values["init_output"]),
        values["init_ms"],
        values["instance_id"],
        values["busy_ms"],
    )
    return Record(invocation, values["number"], values["started_at"], values["ended_at"], outcome)


def _stored(text: str) -> str | bytes:
    """Text as SQLite stores it. Text with lone surrogates, which it cannot store, becomes bytes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
    return text


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("utf-8", "surrogatepass")


def _read_row(row: tuple[Any, ...]) -> Record | None:
    try:
        return _record_of(row)
    except Exception:  # noqa: BLE001  another program has changed this row
        return None
