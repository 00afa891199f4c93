"""Invocations and their records as plain data."""

import json

from tencentserverless.local.model.invocation import Outcome
from tests.local.factories import REQUEST_ID, invocation, record


def test_a_chain_is_told_by_its_callers():
    """What an invocation makes has it as parent, and the callers that led to it with it at their end."""
    parent, callers = invocation(name="A", request_id="1").child()
    assert (parent, callers) == ("1", ("A",))


def test_the_loop_is_the_shortest():
    """A function that is called again is named with the shortest way back to it; without one there is no loop."""
    first = invocation(name="B", request_id="1")
    assert first.loop() == ()

    def led_by(*callers):
        return type(first)(REQUEST_ID, first.function, b"{}", callers=callers)

    assert led_by("A", "C").loop() == ()
    assert led_by("A", "B", "C", "B", "A").loop() == ("B", "A", "B")


def test_a_record_says_whether_the_start_was_cold():
    """A record as data is JSON; the start was cold where the time that it took is known."""
    cold = json.loads(json.dumps(record(Outcome(200, "1", init_ms=2.0)).as_data()))
    warm = json.loads(json.dumps(record(Outcome(200, "1")).as_data()))
    assert (cold["cold_start"], warm["cold_start"]) == (True, False)
