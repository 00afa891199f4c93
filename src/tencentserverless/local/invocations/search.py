"""Finds records in a file that an endpoint may be writing.

While a transaction reads, nobody can write. So each one is short, and nothing is printed meanwhile.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from tencentserverless.local.invocations import record_file
from tencentserverless.local.model.invocation import Record

PAGE_ROWS = 10  # of one transaction: a row may have many megabytes
BUSY_SECONDS = 5.0


class Wanted(NamedTuple):
    """The conditions of a search. A record must fulfil all that are not None or False.

    name, region, namespace: of the function. since, until: the time when the invocation came, in Unix seconds.
    failed: whether it failed. request_id: the beginning of its id. text: a part of its log, result or error, in any
    case. status_codes: the platform's numbers for how it ended.
    """

    name: str | None = None
    region: str | None = None
    namespace: str | None = None
    since: float | None = None
    until: float | None = None
    failed: bool = False
    request_id: str | None = None
    text: str | None = None
    status_codes: tuple[int, ...] | None = None

    def conditions(self) -> tuple[str, list[Any]]:
        """The conditions in SQL, each after an AND, and their values. Without the text."""
        found = {
            "function_name = ?": self.name,
            "region = ?": self.region,
            "namespace = ?": self.namespace,
            "received_at >= ?": self.since,
            "received_at < ?": self.until,
            "status_code != ?": 200 if self.failed else None,
            "instr(?, ',' || status_code || ',')": self.status_codes and f",{','.join(map(str, self.status_codes))},",
            "instr(request_id, ?) = 1": self.request_id,
        }
        given = {condition: value for condition, value in found.items() if value is not None}
        return "".join(f" AND {condition}" for condition in given), list(given.values())

    def has_text(self, record: Record) -> bool:
        """Whether the text is in the record."""
        if self.text is None:
            return True
        outcome = record.outcome
        parts = (record.log, outcome.ret_msg, outcome.error_message) if outcome else ()
        return any(self.text.casefold() in part.casefold() for part in parts)


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a file that exists, for searches only. Raises OSError and sqlite3.Error."""
    path.stat()
    # "rw": an endpoint that was killed may have left a transaction that the next reader has to undo.
    address = f"{path.absolute().as_uri()}?mode=rw"
    with closing(sqlite3.connect(address, timeout=BUSY_SECONDS, isolation_level=None, uri=True)) as database:
        record_file.bring_up_to_date(database)
        database.execute("PRAGMA query_only = ON")
        yield database


def newest(database: sqlite3.Connection, wanted: Wanted, most: int) -> list[Record]:
    """The newest records that fulfil the conditions, the oldest of them first."""
    return list(islice(_backwards(database, wanted), most))[::-1]


def count(database: sqlite3.Connection, wanted: Wanted) -> int:
    """The number of records that fulfil the conditions, but for the text."""
    conditions, values = wanted.conditions()
    where = f"SELECT count(*) FROM invocations WHERE TRUE{conditions}"  # noqa: S608  without values
    found: int = database.execute(where, values).fetchone()[0]
    return found


def after(database: sqlite3.Connection, number: int, wanted: Wanted) -> tuple[list[Record], int, bool]:
    """Some records that were written after that of a number, the number to go on from, and whether there are more."""
    last = record_file.last_number(database)
    if last < number:  # the records were removed, and begin again
        number = 0
    conditions, values = wanted.conditions()
    where = f"WHERE number > ? AND number <= ?{conditions} ORDER BY number LIMIT {PAGE_ROWS}"
    page = list(record_file.read(database, where, [number, last, *values]))
    found = [each for each in page if each is not None]
    is_full = len(page) == PAGE_ROWS and bool(found)
    return list(filter(wanted.has_text, found)), found[-1].number if is_full else last, is_full


def oldest_time(database: sqlite3.Connection) -> float | None:
    """The time when the oldest record was made, in Unix seconds."""
    found = database.execute("SELECT received_at FROM invocations ORDER BY number LIMIT 1").fetchone()
    return found[0] if found else None


def chain(database: sqlite3.Connection, request_id: str) -> list[Record]:
    """The records of the whole chain that an invocation is part of, in the order in which they came.

    Raises KeyError if the file does not have this one.
    """
    rows = {row[0]: row[1:] for row in database.execute("SELECT request_id, parent, number FROM invocations")}
    above = [request_id]
    while (caller := rows[above[-1]][0]) in rows and caller not in above:
        above.append(caller)
    numbers = [rows[each][1] for each in _below(above[-1], {each: row[0] for each, row in rows.items()})]
    return sorted(_numbered(database, numbers), key=lambda each: (each.invocation.received_at, -each.number))


def failed_below(database: sqlite3.Connection, request_ids: Iterable[str]) -> list[Record]:
    """The failed invocations that these led to, in the order in which they ended. They may be why these failed."""
    failed = database.execute("SELECT request_id, parent, number FROM invocations WHERE status_code != 200")
    rows = {row[0]: row[1:] for row in failed}
    parents = {each: row[0] for each, row in rows.items()}
    wanted = set(request_ids)
    below = {each for first in wanted & rows.keys() for each in _below(first, parents)} - wanted
    return _numbered(database, sorted(rows[each][1] for each in below))


def last_outside(database: sqlite3.Connection) -> str | None:
    """The id of the newest invocation that no function made."""
    found = database.execute("SELECT request_id FROM invocations WHERE parent IS NULL ORDER BY number DESC LIMIT 1")
    return next((row[0] for row in found), None)


def _below(first: str, parents: dict[str, str | None]) -> list[str]:
    """The ids of an invocation and of all that it led to."""
    children: dict[str | None, list[str]] = {}
    for request_id, parent in parents.items():
        children.setdefault(parent, []).append(request_id)
    found = [first]
    for each in found:
        found += [callee for callee in children.pop(each, []) if callee != first]
    return found


def _numbered(database: sqlite3.Connection, numbers: Iterable[int]) -> list[Record]:
    """The records with these numbers, without those that cannot be read."""
    return [each for one in numbers for each in record_file.read(database, "WHERE number = ?", [one]) if each]


def _backwards(database: sqlite3.Connection, wanted: Wanted) -> Iterator[Record]:
    conditions, values = wanted.conditions()
    where = f"WHERE number < ?{conditions} ORDER BY number DESC LIMIT {PAGE_ROWS}"
    below = record_file.last_number(database) + 1
    while True:
        page = list(record_file.read(database, where, [below, *values]))
        found = [each for each in page if each is not None]
        yield from filter(wanted.has_text, found)
        if len(page) < PAGE_ROWS or not found:
            return
        below = found[-1].number
