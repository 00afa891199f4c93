"""How a fan-out slows down and recovers."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tencentserverless._protocol.pace import FIRST_PAUSE, LONGEST_PAUSE, Pace


def test_a_pace_begins_at_its_most():
    """As many invocations as were asked for are in flight at once, and no more."""
    pace = Pace(8)
    assert pace.allows(0, 0.0)
    assert pace.allows(7, 0.0)
    assert not pace.allows(8, 0.0)


def test_throttling_halves_after_a_pause():
    """After a throttling nothing new is sent for a while, and then half as much."""
    pace = Pace(8)
    pace.throttled(100.0)
    assert not pace.allows(0, 100.0)
    assert not pace.allows(0, 100.0 + FIRST_PAUSE * 0.99)
    assert pace.allows(3, 100.0 + FIRST_PAUSE)
    assert not pace.allows(4, 100.0 + FIRST_PAUSE)


def test_throttling_of_what_was_in_flight_counts_once():
    """Answers to invocations that were in flight when the pause began do not slow down again."""
    pace = Pace(64)
    for _ in range(50):
        pace.throttled(100.0)
    assert pace.limit == 32.0


def test_pauses_grow_and_are_bounded():
    """While throttling goes on, pauses double up to a limit, and one invocation is always left."""
    pace, now, pauses = Pace(64), 0.0, []
    for _ in range(12):
        pace.throttled(now)
        pauses.append(round(pace.resume_at - now, 6))
        now = pace.resume_at
    assert pauses[:4] == [FIRST_PAUSE, FIRST_PAUSE * 2, FIRST_PAUSE * 4, FIRST_PAUSE * 8]
    assert max(pauses) == LONGEST_PAUSE
    assert pace.limit == 1.0
    assert pace.allows(0, now)


def test_successes_speed_up_again():
    """About one more is in flight after each round of successes, until all are; a later pause is short again."""
    pace = Pace(8)
    for now in (0.0, 10.0, 20.0):
        pace.throttled(now)
    assert pace.limit == 1.0
    rounds = 0
    while pace.limit < 8:
        for _ in range(int(pace.limit)):
            pace.succeeded()
        rounds += 1
    assert 7 <= rounds <= 9
    pace.throttled(1000.0)
    assert pace.resume_at == pytest.approx(1000.0 + FIRST_PAUSE)


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 1000), st.lists(st.one_of(st.none(), st.floats(0, 10)), max_size=100))
def test_any_history(most, history):
    """Whatever happens, between one and all that were asked for may be in flight, and every pause ends."""
    pace, now = Pace(most), 0.0
    for step in history:
        if step is None:
            pace.succeeded()
        else:
            now += step
            pace.throttled(now)
        assert 1 <= pace.limit <= most
        assert pace.resume_at <= now + LONGEST_PAUSE  # the difference would be rounded
        assert pace.allows(0, pace.resume_at)
        assert not pace.allows(most, pace.resume_at)
