"""Chains on an axis of time."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from tencentserverless._cli.looking.waterfall import Axis, Chain, duration
from tests.cli.looking.conftest import made


def test_the_parts_of_a_hop():
    """A hop waits, starts cold and runs, in this order, up to its end; its callees follow it."""
    chain = Chain(
        [
            made("B", "b", "a", came=0.5, ended=0.8, busy=0.3),
            made("A", "a", came=0, ended=1, busy=0.6, cold=0.3),
            made("Not started", "c", "a", came=0.9, ended=0.95),
        ]
    )
    assert [(hop.record.function_name, hop.depth) for hop in chain.hops] == [("A", 0), ("B", 1), ("Not started", 1)]
    parts = [[(kind, round(start, 6), round(end, 6)) for kind, start, end in hop.parts()] for hop in chain.hops]
    assert parts[0] == [("waiting", 0, 0.1), ("cold start", 0.1, 0.4), ("running", 0.4, 1)]
    assert parts[1] == [("running", 0.5, 0.8)]
    assert parts[2] == [("waiting", 0.9, 0.95), ("running", 0.95, 0.95)]
    data = chain.as_data()
    assert (data["request_id"], data["total_ms"], data["idle"]) == ("a", 1000, [])
    assert [hop["waiting_ms"] for hop in data["hops"]] == [100, 0, 50]


def test_idle_stretches_are_folded():
    """A stretch in which nothing runs is idle, also while an event waits; on the axis it has a fixed length."""
    chain = Chain(
        [
            made("A", "a", came=0, ended=1, busy=1),
            made("E", "e", "a", came=0.5, ended=62, busy=1, kind="Event"),
        ]
    )
    assert chain.idle == [(1, 61)]
    axis = Axis(chain, length=30, fold=10)
    assert [round(axis.at(time), 6) for time in (0, 1, 31, 61, 62)] == [0, 10, 15, 20, 30]


hops = st.lists(st.tuples(*[st.floats(0, 1e4)] * 4, st.integers(0, 9)), min_size=1, max_size=12)


@settings(max_examples=40)
@given(hops, st.integers(1, 200), st.integers(0, 20))
def test_any_chain_fits_on_its_axis(rows, length, fold):
    """Whatever was measured, every hop is there once, its times are in order, and the axis is monotonic."""
    records = [
        made("F", str(number), str(parent), came=came, ended=came + took, busy=busy, cold=cold)
        for number, (came, took, busy, cold, parent) in enumerate(rows)
        if parent < number or parent > len(rows)
    ]
    if not records:
        return
    chain = Chain(records)
    assert sorted(hop.record.request_id for hop in chain.hops) == sorted(record.request_id for record in records)
    axis = Axis(chain, length, fold)
    for hop in chain.hops:
        times = [hop.came, hop.cold, hop.running, hop.ended]
        places = [axis.at(time) for time in times]
        assert times == sorted(times)
        assert all(later - earlier > -1e-6 for earlier, later in pairwise(places))
    assert axis.at(chain.seconds) <= max(length, fold * len(chain.idle) + 1) + 1e-6


def test_durations():
    """A duration has the unit that suits it."""
    found = [duration(seconds) for seconds in (0.0, 0.0123, 1.5, 75, 3700)]
    assert found == ["0 ms", "12 ms", "1.50 s", "1 min 15 s", "1 h 1 min"]
