"""The file of records: what stands in it, and what is removed."""

import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from tencentserverless.local.invocations import record_file, search
from tencentserverless.local.invocations.record_file import Limits
from tencentserverless.local.model.invocation import Outcome, Record
from tests.local.factories import invocation


def ended(request_id, at, size=0):
    asked = invocation(b"x" * size, request_id=request_id, variables={"PASSWORD": "a secret"})
    return Record(asked._replace(received_at=at), ended_at=at, outcome=Outcome(200, "1"))


@pytest.fixture
def database(tmp_path):
    opened = record_file.opened(tmp_path / "records.db")
    yield opened
    opened.close()


def kept(database):
    return [record.request_id for record in record_file.read(database)]


def test_variables_are_named_and_not_kept(database, tmp_path):
    """The file has the names of a function's variables, and not their values."""
    record_file.write(database, [ended("one", 0.0)], Limits())
    (record,) = record_file.read(database)
    assert record.invocation.function.variables == {"PASSWORD": ""}
    assert b"a secret" not in (tmp_path / "records.db").read_bytes()


def test_old_records_go(database):
    """Records that are older than the limit are removed, the newest one included."""
    now = time.time()
    record_file.write(database, [ended("old", now - 100), ended("young", now)], Limits(most_seconds=50))
    assert kept(database) == ["young"]
    record_file.write(database, [ended("late", now - 100)], Limits(most_seconds=50))
    assert kept(database) == ["young", "late"]  # it was written after a young one, so it goes with that
    record_file.write(database, [], Limits(most_seconds=-1))
    assert kept(database) == []


def test_a_full_file_stays_small(database, tmp_path):
    """However much is written, Chinese text too, the file stays below its limit, and the newest records stay."""
    for number in range(60):
        batch = [ended(f"{number}.{place}", 0.0) for place in range(10)]
        for record in batch:
            record.outcome = Outcome(200, "1", output="日志" * 1500)
        record_file.write(database, batch, Limits(most=10_000, most_bytes=1_000_000))
        assert (tmp_path / "records.db").stat().st_size < 1_050_000
    assert kept(database)[-1] == "59.9"
    assert len(kept(database)) > 60


def test_a_link_is_not_followed(tmp_path):
    """Where a link was planted, nothing is written."""
    (tmp_path / "precious").write_bytes(b"")
    (tmp_path / "records.db").symlink_to(tmp_path / "precious")
    with pytest.raises(OSError, match=r"records\.db"):
        record_file.opened(tmp_path / "records.db")
    assert (tmp_path / "precious").read_bytes() == b""


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="this system has no terminals like these")
def test_a_device_is_not_used():
    """A device, such as /dev/null, is refused and keeps its rights: it is not only ours."""
    ours, device = os.openpty()
    try:
        os.fchmod(device, 0o666)
        with pytest.raises(OSError, match="not a regular file"):
            record_file.opened(Path(os.ttyname(device)))
        assert os.fstat(device).st_mode & 0o777 == 0o666
    finally:
        os.close(ours)
        os.close(device)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("RENAME COLUMN parent TO caller", "not a file of invocation records"),
        ("ADD COLUMN colour", "newer version of tencentserverless"),
    ],
)
def test_other_tables_are_refused(database, tmp_path, change, said):
    """A table of another program, or of a newer version, is neither used nor changed, and the error says why."""
    database.execute(f"ALTER TABLE invocations {change}")
    before = (tmp_path / "records.db").read_bytes()
    with pytest.raises(sqlite3.DatabaseError, match=said):
        record_file.opened(tmp_path / "records.db")
    with pytest.raises(sqlite3.DatabaseError, match=said), search.opened(tmp_path / "records.db"):
        pass
    assert (tmp_path / "records.db").read_bytes() == before


@pytest.mark.parametrize("opens", [search.opened, lambda path: closing(record_file.opened(path))])
def test_a_file_of_an_earlier_version(database, tmp_path, opens):
    """A file without a column that came later is read and written, and its records stay."""
    record_file.write(database, [ended("old", 1.0)], Limits())
    database.execute("ALTER TABLE invocations DROP COLUMN busy_ms")
    with opens(tmp_path / "records.db") as again:
        assert kept(again) == ["old"]
    record_file.write(database, [ended("new", 2.0)], Limits())
    old, new = record_file.read(database)
    assert (old.outcome.busy_ms, new.outcome.busy_ms) == (None, None)
