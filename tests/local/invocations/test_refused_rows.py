"""Refused requests in the file of records."""

import sqlite3
from contextlib import closing

from tencentserverless.local.invocations import refused_rows
from tencentserverless.local.invocations.records import Records
from tencentserverless.local.invocations.refusals import MOST, Repeated
from tencentserverless.local.model.facts import Refused


def refused(at, name="a"):
    return Refused(at, "NotFound", "text", "Invoke", "ap-guangzhou", "default", name)


def test_equal_refusals_are_one_row():
    """Equal refusals are one row with their number and the first and last time; the newest rows are kept."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as database:
        assert refused_rows.read(database) == []
        refused_rows.write(database, [Repeated(refused(3.0), 1.0, 20), Repeated(refused(4.0, "\ud800"), 4.0, 1)])
        refused_rows.write(database, [Repeated(refused(5.0), 5.0, 2)])
        assert refused_rows.read(database) == [
            Repeated(refused(4.0, "\\ud800"), 4.0, 1),
            Repeated(refused(5.0), 1.0, 22),
        ]
        refused_rows.write(database, [Repeated(refused(9.0, str(number)), 9.0, 1) for number in range(MOST)])
        assert {each.refused.at for each in refused_rows.read(database)} == {9.0}


def test_refusals_are_written_with_the_records(tmp_path):
    """Refusals reach the file although nothing was invoked, and wait as long as it cannot be written."""
    notices, path = [], tmp_path / "records.db"
    path.mkdir()
    records = Records(lambda: path, notices.append)
    records.refuse(refused(1.0))
    assert records.all() == []
    assert len(notices) == 1
    path.rmdir()
    records.refuse(refused(2.0))
    records.close()
    with closing(sqlite3.connect(path)) as database:
        assert refused_rows.read(database) == [Repeated(refused(2.0), 1.0, 2)]
