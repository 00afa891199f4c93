"""The refused requests in the SQLite file of records. Equal ones are one row, with their number."""

import sqlite3
from collections.abc import Iterable

from tencentserverless.local.invocations.refusals import MOST, Repeated
from tencentserverless.local.model.facts import Refused

_KEY = ", ".join(name for name in Refused._fields if name != "at")
_COLUMNS = f"at, {_KEY}, first_at, count"
_CREATE = f"CREATE TABLE IF NOT EXISTS refused ({_COLUMNS}, UNIQUE ({_KEY}))"
_ADD = f"""
    INSERT INTO refused ({_COLUMNS}) VALUES ({", ".join("?" * (len(Refused._fields) + 2))})
    ON CONFLICT DO UPDATE SET at = max(at, excluded.at), count = count + excluded.count
"""  # noqa: S608  without values
_DROP = "DELETE FROM refused WHERE rowid NOT IN (SELECT rowid FROM refused ORDER BY at DESC LIMIT ?)"
_EXISTS = "SELECT 1 FROM sqlite_master WHERE name = 'refused'"


def write(database: sqlite3.Connection, refusals: Iterable[Repeated]) -> None:
    """Add refusals, all in one transaction. The newest `MOST` different ones are kept."""
    with database:
        database.execute("BEGIN IMMEDIATE")
        database.execute(_CREATE)
        database.executemany(_ADD, [(*map(_stored, each.refused), each.first_at, each.number) for each in refusals])
        database.execute(_DROP, (MOST,))


def read(database: sqlite3.Connection) -> list[Repeated]:
    """The refusals in the file, the last one last."""
    if database.execute(_EXISTS).fetchone() is None:
        return []
    rows = database.execute(f"SELECT {_COLUMNS} FROM refused ORDER BY at").fetchall()  # noqa: S608
    return [Repeated(Refused(*row[:-2]), *row[-2:]) for row in rows]


def _stored(value: object) -> object:
    """A value that SQLite can store: a client may have sent lone surrogates."""
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value
