"""The bookkeeping of map, without any I/O."""

import functools
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tencentserverless import exception as errors
from tencentserverless._functions.fanout import WINDOW, Failed, Fanout, Plan


def throttled():
    """What the platform says when it has no room."""
    return Failed(errors.ThrottledError("RequestLimitExceeded", "slow down"))


def run(fanout, order, throttle=lambda index: False):
    """Invoke everything that may be sent, finish in the order that `order` picks, hand out what is ready."""
    handed_out, flying, now, most = [], [], 0.0, 0
    while not fanout.is_over():
        now += 1.0
        flying.extend(iter(functools.partial(fanout.take, now), None))
        most = max(most, len(flying))
        if flying:
            pending = flying.pop(next(order) % len(flying))
            fanout.finish(pending, throttled() if throttle(pending.index) else pending.event, now)
        handed_out.extend(iter(fanout.pop, None))
    return handed_out, most


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(), max_size=60), st.integers(1, 9), st.lists(st.integers(0, 99), min_size=1))
def test_order_is_kept_whatever_finishes_first(events, concurrency, picks):
    """Every event's outcome is handed out once, in the events' order, with at most `concurrency` in flight."""
    handed_out, most = run(Fanout(events, Plan(concurrency)), itertools.cycle(picks))
    assert handed_out == list(enumerate(events))
    assert most <= concurrency


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(), max_size=60), st.integers(1, 9), st.lists(st.integers(0, 99), min_size=1))
def test_without_order_every_event_is_handed_out_once(events, concurrency, picks):
    """Without order, each outcome comes with the index of its event, once."""
    handed_out, _ = run(Fanout(events, Plan(concurrency, ordered=False)), itertools.cycle(picks))
    assert sorted(handed_out) == sorted(enumerate(events))


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 40), st.integers(1, 9), st.sets(st.integers(0, 39)))
def test_what_was_throttled_is_sent_again(count, concurrency, refused):
    """An event that the platform had no room for is sent again, and its outcome stands at its place."""
    left = set(refused)

    def throttle(index):
        is_refused = index in left
        left.discard(index)
        return is_refused

    handed_out, _ = run(Fanout(range(count), Plan(concurrency)), itertools.cycle([0, 3, 1]), throttle)
    assert handed_out == list(enumerate(range(count)))


def test_patience_ends():
    """An event that is throttled for longer than the patience fails with what the platform said."""
    fanout = Fanout(["event"], Plan(1, patience=10.0))
    pending = fanout.take(0.0)
    fanout.finish(pending, throttled(), 1.0)
    again = fanout.take(5.0)
    assert again is pending
    fanout.finish(again, throttled(), 11.0)
    index, outcome = fanout.pop()
    assert (index, outcome.error.code) == (0, "RequestLimitExceeded")


def test_reading_ahead_is_bounded():
    """While the first event is slow, only a window of the events after it is read."""
    read = []
    fanout = Fanout((read.append(number) or number for number in itertools.count()), Plan(2))
    slow = fanout.take(0.0)
    while True:
        pending = fanout.take(0.0)
        if pending is None:
            break
        fanout.finish(pending, pending.event, 0.0)
    assert len(read) == 2 * WINDOW
    assert fanout.pop() is None
    fanout.finish(slow, "slow", 0.0)
    assert fanout.pop() == (0, "slow")


def test_a_source_that_breaks_is_heard_last_and_once():
    """What the caller's iterator raises is raised after the outcomes of the events that it gave."""

    def events():
        yield 1
        raise LookupError("broken")

    fanout = Fanout(events(), Plan(4))
    pending = fanout.take(0.0)
    assert fanout.take(0.0) is None
    assert not fanout.is_over()
    fanout.finish(pending, "one", 0.0)
    assert fanout.pop() == (0, "one")
    with pytest.raises(LookupError, match="broken"):
        fanout.is_over()
    assert fanout.is_over()


def test_a_pause_is_told_only_where_something_waits_for_it():
    """After a throttling there is a pause to wait for, as long as there is an event to send."""
    fanout = Fanout(["event"], Plan(1))
    pending = fanout.take(0.0)
    assert fanout.pause(0.0) is None
    fanout.finish(pending, throttled(), 0.0)
    left = fanout.pause(0.0)
    assert left > 0
    assert fanout.take(left / 2) is None
    assert fanout.take(left) is pending
