"""What is kept of invocations, and for how long."""

import json
import os
import sqlite3
from contextlib import closing
from queue import Queue

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tencentserverless.local.invocations import record_file
from tencentserverless.local.invocations import records as module
from tencentserverless.local.invocations.record_file import Limits
from tencentserverless.local.invocations.records import Records
from tencentserverless.local.model.invocation import Outcome
from tests.local.factories import invocation
from tests.local.process_table import until

DONE = Outcome(200, "1")
ROOM = 110_000  # free pages that one record, larger than the bound, may have left


@pytest.fixture
def opened(tmp_path):
    """Stores that are closed at the end: `opened(most=..., most_bytes=..., name=..., notify=...)`."""
    made = []

    def make(name="records.db", notify=pytest.fail, **bounds):
        made.append(Records(lambda: tmp_path / name, notify, Limits(**bounds)))
        return made[-1]

    yield make
    for records in made:
        records.close()


@pytest.fixture
def impatient(monkeypatch):
    """Stores write at once, and wait for no other program."""
    monkeypatch.setattr(module, "BATCH_SECONDS", 0.0)
    monkeypatch.setattr(record_file, "BUSY_SECONDS", 0.0)


@pytest.fixture
def other(tmp_path):
    """Another program that has the same file."""
    with closing(sqlite3.connect(tmp_path / "records.db", isolation_level=None)) as database:
        yield database


def written(records, request_id, received_at=0.0):
    """An invocation that has come and ended."""
    asked = invocation(request_id=request_id)._replace(received_at=received_at)
    records.end(records.begin(asked), DONE, 1.0)


def ids(records):
    return [record.invocation.request_id for record in records.all()]


def test_a_record_is_plain_data(opened):
    """A record turns into what JSON takes, while it runs and when it has ended, lone surrogates included."""
    records = opened()
    record = records.begin(invocation(b'{"a": "\xed\xa0\x80"}'))
    assert json.loads(json.dumps(record.as_data()))["status_code"] is None
    assert records.all() == [record]
    records.end(record, Outcome(200, "1", output="b", init_output="a\ud800", init_ms=1.0), 5.0)
    (kept,) = records.all()
    assert kept is not record
    assert kept.as_data() == record.as_data()
    data = json.loads(json.dumps(kept.as_data()))
    assert (data["status_code"], data["output"], data["cold_start"], data["ended_at"]) == (200, "a\ud800b", True, 5.0)


def test_the_oldest_go_first(opened):
    """Beyond the bound in number the oldest that have ended go; what runs is never dropped."""
    records = opened(most=3)
    running = records.begin(invocation(request_id="runs"))
    for number in range(5):
        written(records, str(number), received_at=1.0)
    assert ids(records) == ["runs", "2", "3", "4"]
    records.end(running, Outcome(200, "1"), 1.0)
    assert len(records.all()) == 3


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
@given(sizes=st.lists(st.tuples(st.integers(0, 50_000), st.integers(0, 50_000)), max_size=30))
def test_bytes_are_bounded(tmp_path_factory, sizes):
    """The file stays under the bound, but for one record that is larger than it alone."""
    place = tmp_path_factory.mktemp("bounded") / "records.db"
    records = Records(lambda: place, pytest.fail, Limits(most_bytes=100_000))
    for number, (event, result) in enumerate(sizes):
        record = records.begin(invocation(b"x" * event, request_id=str(number)))
        records.end(record, Outcome(200, "x" * result), 1.0)
        kept = records.all()
        assert len(kept) == 1 or place.stat().st_size <= 100_000 + ROOM
        assert kept[-1].invocation.request_id == str(number)
    records.close()


def test_a_store_is_gone_on_with(opened, tmp_path):
    """A store of an earlier run keeps its records, and any SQLite reads it."""
    for name in ("first", "second"):
        records = opened(most=10)
        records.end(records.begin(invocation(request_id=name)), Outcome(430, "{}", "no"), 1.0)
        records.close()
        assert records.all()[-1].invocation.request_id == name
    assert [record.invocation.request_id for record in records.all()] == ["first", "second"]
    database = sqlite3.connect(tmp_path / "records.db")
    rows = database.execute("SELECT request_id, function_name, status_code FROM invocations").fetchall()
    database.close()
    assert rows == [("first", "hello", 430), ("second", "hello", 430)]


def test_without_invocations_there_is_no_store(opened, tmp_path):
    """Nothing is written before the first invocation."""
    records = opened()
    assert records.all() == []
    records.close()
    assert list(tmp_path.iterdir()) == []


def test_endpoints_share_a_file(opened):
    """Two endpoints with one file keep what both were asked, in the order in which it came, within the bounds."""
    first, second = opened(most=4), opened(most=4)
    for at in range(6):
        written((first, second)[at % 2], str(at), received_at=float(at))
        (first, second)[at % 2].all()
    assert ids(first) == ids(second) == ["2", "3", "4", "5"]
    running = first.begin(invocation(request_id="runs")._replace(received_at=3.5))
    written(second, "long", received_at=2.5)
    assert ids(second) == ["long", "3", "4", "5"]
    assert ids(first) == ["long", "3", "runs", "4", "5"]
    first.end(running, DONE, 1.0)


def test_a_locked_file_is_written_later(opened, other, impatient):
    """While another program holds the file its records wait, which is told once; then they are written."""
    told = Queue()
    records = opened(notify=told.put, most=3)
    written(records, "before")
    assert ids(records) == ["before"]
    other.execute("BEGIN IMMEDIATE")
    for number in range(5):
        written(records, str(number))
    assert "records.db: database is locked" in told.get(timeout=10)
    assert set(ids(records)) == {"before", "2", "3", "4"}
    other.execute("ROLLBACK")
    until(lambda: other.execute("SELECT count(*) FROM invocations").fetchone() == (3,))
    assert ids(records) == ["2", "3", "4"]
    assert told.empty()


def test_what_waits_is_bounded_in_bytes(opened, other, impatient):
    """What waits for a locked file is no more than the store would keep."""
    records = opened(notify=lambda _: None, most_bytes=2500)
    written(records, "before")
    records.all()
    other.execute("BEGIN IMMEDIATE")
    for number in range(5):
        written(records, str(number))
    assert ids(records) == ["before", "3", "4"]
    other.execute("ROLLBACK")


def test_a_file_that_stays_locked(opened, other, impatient):
    """What could not be written by the end is told in number, and still shown by the endpoint."""
    notices = []
    records = opened(notify=notices.append)
    other.execute("BEGIN EXCLUSIVE")
    written(records, "lost")
    records.close()
    other.execute("ROLLBACK")
    assert ids(records) == ["lost"]
    assert notices[-1].endswith("records.db: the last 1 records could not be written")


def test_a_file_that_changes_under_it(opened, tmp_path, other):
    """Rows that cannot be read, a deleted, an emptied and a damaged file cost the others nothing, and are told."""
    path, notices = tmp_path / "records.db", []
    records = opened(notify=notices.append)

    def after(change):
        change()
        for _ in range(2):
            written(records, "new")
            found = ids(records)
        told, notices[:] = list(notices), []
        return found, told

    written(records, "first")
    assert ids(records) == ["first"]
    damage = "UPDATE invocations SET function = 'no JSON', event = NULL WHERE number = 1"
    found, told = after(lambda: other.execute(damage))
    assert (found, told) == (["new", "new"], [f"records: {path}: 1 rows are damaged, and are left out"])
    found, told = after(path.unlink)
    lost = f"records: {path}: the file was removed or emptied. A new one is begun"
    assert (found, told) == (["new", "new"], [lost])
    assert after(lambda: os.truncate(path, 0)) == (["new", "new"], [lost])
    damaged = f"records: the damaged file is now {path}.damaged. A new one is begun"
    assert after(lambda: path.write_bytes(b"no database " * 2000)) == (["new", "new"], [damaged])
    assert sorted(one.name for one in tmp_path.iterdir()) == ["records.db", "records.db.damaged"]
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_link_that_is_planted_while_it_runs(opened, tmp_path):
    """A link in the place of the file is told once and not followed; when it is gone, a new file is begun."""
    path, notices = tmp_path / "records.db", []
    records = opened(notify=notices.append)
    written(records, "first")
    assert ids(records) == ["first"]
    (tmp_path / "precious").write_text("precious")
    path.unlink()
    path.symlink_to("precious")
    for number in range(3):
        written(records, str(number))
        assert ids(records)[-1] == str(number)
    assert len(notices) == 1
    assert (tmp_path / "precious").read_text() == "precious"
    path.unlink()
    assert ids(records) == ["0", "1", "2"]
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_full_disk(opened, impatient):
    """If the disk is full there is one notice; what could not be written is, once there is room."""
    notices = []
    records = opened(notify=notices.append)
    written(records, "first")
    assert ids(records) == ["first"]
    database = records._database
    database.execute("PRAGMA max_page_count = 3")  # SQLite's own word for a full disk, which it reports the same way
    records._lock.acquire()  # the writer would give up this connection
    try:
        for number in range(40):
            written(records, str(number))
        assert not records._write()
    finally:
        records._lock.release()
    assert ids(records) == ["first", *map(str, range(40))]
    assert len(notices) == 1
    assert "full" in notices[0]


def test_only_the_owner_may_read_the_file(opened, tmp_path):
    """A file that everyone could read, from an earlier version or made by hand, is made private."""
    path = tmp_path / "records.db"
    path.touch(0o644)
    opened().check()
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_file_of_something_else(opened, tmp_path):
    """A file that is no store, or no longer one, ends neither the thread nor `all`; a look at it first tells."""
    (tmp_path / "records.db").write_text("no database " * 100)
    notices = []
    records = opened(notify=notices.append)
    with pytest.raises(ValueError, match=r"records: .*records\.db: file is not a database"):
        records.check()
    written(records, "kept")
    assert ids(records) == ["kept"]
    assert len(notices) == 1


def test_a_table_of_something_else(opened, other):
    """A table of the same name with other columns is no store."""
    other.execute("CREATE TABLE invocations (x)")
    with pytest.raises(ValueError, match="not a file of invocation records"):
        opened().check()
