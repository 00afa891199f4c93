"""Searches in a file of records."""

from contextlib import closing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tencentserverless.local.invocations import record_file, search
from tencentserverless.local.invocations.record_file import Limits
from tencentserverless.local.invocations.search import Wanted
from tencentserverless.local.model.invocation import Outcome, Record
from tests.local.factories import invocation


def ended(number, name="hello", parent=None, status=200, output=""):
    asked = invocation(request_id=str(number), name=name)._replace(received_at=float(number), parent=parent)
    return Record(asked, ended_at=float(number), outcome=Outcome(status, "1", output=output))


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """A file with 60 records: every second one of `even`, every fifth one a failure that printed FIVE."""
    path = tmp_path_factory.mktemp("search") / "records.db"
    rows = [
        ended(n, "odd" if n % 2 else "even", status=200 if n % 5 else 430, output="" if n % 5 else "FIVE")
        for n in range(60)
    ]
    with closing(record_file.opened(path)) as database:
        record_file.write(database, rows, Limits())
    return path


def names(**wanted):
    return st.fixed_dictionaries({}, optional=wanted)


CONDITIONS = names(
    name=st.sampled_from(["even", "odd", "none"]),
    since=st.integers(-1, 61),
    until=st.integers(-1, 61),
    failed=st.booleans(),
    request_id=st.sampled_from(["1", "12", "x", ""]),
    text=st.sampled_from(["five", "nothing"]),
    status_codes=st.sampled_from([(430,), (200, 430), (443,)]),
)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wanted=CONDITIONS, most=st.integers(0, 70))
def test_a_search_finds_what_fulfils_all(path, wanted, most):
    """The newest records that fulfil every condition are found, the oldest of them first, and counted."""

    def fits(number):
        is_failure = number % 5 == 0
        return all(
            [
                wanted.get("name") in (None, "odd" if number % 2 else "even"),
                wanted.get("since") is None or number >= wanted["since"],
                wanted.get("until") is None or number < wanted["until"],
                is_failure or not wanted.get("failed"),
                str(number).startswith(wanted.get("request_id", "")),
                wanted.get("text") is None or (is_failure and wanted["text"] == "five"),
                wanted.get("status_codes") is None or (430 if is_failure else 200) in wanted["status_codes"],
            ]
        )

    expected = [str(number) for number in range(60) if fits(number)]
    with search.opened(path) as database:
        found = search.newest(database, Wanted(**wanted), most)
        assert [record.request_id for record in found] == expected[-most:] if most else not found
        if "text" not in wanted:
            assert search.count(database, Wanted(**wanted)) == len(expected)


def test_new_records_are_followed(tmp_path):
    """After a record come those that were written later, page by page, also if the file begins anew."""
    with closing(record_file.opened(tmp_path / "records.db")) as writer:
        record_file.write(writer, [ended(n) for n in range(25)], Limits())
        with search.opened(tmp_path / "records.db") as database:
            last, found, is_more = 3, [], True
            while is_more:
                some, last, is_more = search.after(database, last, Wanted())
                found += [record.request_id for record in some]
            assert found == [str(n) for n in range(3, 25)]
            assert search.after(database, last, Wanted()) == ([], 25, False)
            record_file.forget(writer, map(str, range(25)))
            record_file.write(writer, [ended(99)], Limits())
            some, last, _ = search.after(database, last, Wanted())
            assert ([record.request_id for record in some], last) == (["99"], 1)


def test_a_chain_is_found_from_any_of_its_hops(tmp_path):
    """Whichever of its invocations is named, the whole chain is found, in the order in which it came."""
    rows = [
        ended(1),
        ended(2, parent="1"),
        ended(3, parent="2"),
        ended(4),
        ended(5, parent="1"),
        ended(6, parent="gone"),
    ]
    with closing(record_file.opened(tmp_path / "records.db")) as writer:
        record_file.write(writer, rows[::-1], Limits())
        record_file.write(writer, [ended(7, parent="8"), ended(8, parent="7")], Limits())  # nobody writes such ones
    with search.opened(tmp_path / "records.db") as database:
        for request_id in "1", "2", "3", "5":
            assert [record.request_id for record in search.chain(database, request_id)] == ["1", "2", "3", "5"]
        assert [record.request_id for record in search.chain(database, "6")] == ["6"]
        assert {record.request_id for record in search.chain(database, "7")} == {"7", "8"}
        assert search.last_outside(database) == "1"
        assert search.oldest_time(database) == 6.0
        with pytest.raises(KeyError):
            search.chain(database, "9")


def test_searches_only_read(path, tmp_path):
    """A search creates no file, and cannot write to one."""
    with pytest.raises(FileNotFoundError), search.opened(tmp_path / "none.db"):
        pass
    assert not (tmp_path / "none.db").exists()
    with search.opened(path) as database, pytest.raises(Exception, match="readonly"):
        database.execute("DELETE FROM invocations")
