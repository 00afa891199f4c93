"""What is kept of invocations, and for how long."""

import json
import sqlite3

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tencentserverless.local.invocation import Outcome
from tencentserverless.local.records import Records
from tests.local.made import invocation


@pytest.fixture
def opened(tmp_path):
    """Stores that are closed at the end: `opened(most=..., most_bytes=..., name=...)`."""
    made = []

    def make(name="records.db", **bounds):
        made.append(Records(lambda: tmp_path / name, **bounds))
        return made[-1]

    yield make
    for records in made:
        records.close()


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
        records.end(records.begin(invocation(request_id=str(number))), Outcome(200, "1"), 1.0)
    assert [record.invocation.request_id for record in records.all()] == ["runs", "2", "3", "4"]
    records.end(running, Outcome(200, "1"), 1.0)
    assert len(records.all()) == 3


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
@given(sizes=st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 5000)), max_size=30))
def test_bytes_are_bounded(tmp_path_factory, sizes):
    """The kept bytes stay under the bound, but for one record that is larger than it alone."""
    place = tmp_path_factory.mktemp("bounded") / "records.db"
    records = Records(lambda: place, most=1000, most_bytes=10_000)
    for number, (event, result) in enumerate(sizes):
        record = records.begin(invocation(b"x" * event, request_id=str(number)))
        records.end(record, Outcome(200, "x" * result), 1.0)
        kept = records.all()
        assert len(kept) == 1 or sum(each.kept_bytes for each in kept) <= 10_000
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
