"""How often big folders are looked at."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tencentserverless.local.functions import look_pace
from tencentserverless.local.functions.look_pace import REST_FACTOR, LookPace

SECONDS = st.integers(1, 1000)  # whole ones, which floats add up without an error


@given(st.lists(st.tuples(SECONDS, st.integers(0, 10000)), min_size=1))
def test_looks_take_a_twentieth_of_the_time(looks):
    """However long looks take and whenever they are wanted, each is followed by twenty times as long without one."""
    clock = SimpleNamespace(now=5000.0)
    rests_until = 0.0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(look_pace, "time", SimpleNamespace(monotonic=lambda: clock.now))
        pace = LookPace()
        for took, waited in looks:
            clock.now += waited
            assert pace.is_due() == (clock.now >= rests_until)
            if pace.is_due():
                started, clock.now = clock.now, clock.now + took
                pace.rest_after(started)
                rests_until = clock.now + REST_FACTOR * took


def test_a_first_look_is_due():
    """Before there was a look nothing rests, and each pace is its own."""
    first, second = LookPace(), LookPace()
    first.rest_after(0.0)
    assert (first.is_due(), second.is_due()) == (False, True)
