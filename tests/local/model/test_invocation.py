"""Invocations and their records as plain data."""

import json

import pytest

from tencentserverless.exception import FunctionError, InvocationError
from tencentserverless.local.model.invocation import Outcome, Record
from tests.local.factories import FAILURES, REQUEST_ID, invocation, record


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


def test_a_record_has_python_values():
    """Event and result of a record are values, its log is the output, and before its end it has no result."""
    ended = record(
        Outcome(200, '{"n": 1}', duration_ms=2.5, output="b\n", init_output="a\n"), event=b'["\xe4\xbd\xa0"]'
    )
    assert (ended.event, ended.result, ended.error, ended.log) == (["你"], {"n": 1}, None, "a\nb\n")
    assert (ended.request_id, ended.function_name, ended.parent, ended.duration_ms) == (REQUEST_ID, "hello", None, 2.5)
    running = Record(invocation(event=b"no JSON"))
    assert (running.event, running.result, running.error, running.log, running.duration_ms) == (
        *("no JSON", None, None, "", None),
    )


@pytest.mark.parametrize("status", FAILURES)
def test_a_failed_record_has_the_error_of_the_caller(status):
    """The error of a record has the class, status, traceback and function of the one that a client raises."""
    error = record(FAILURES[status][0](invocation())).error
    assert type(error) is (FunctionError if status == 430 else InvocationError)
    assert (error.status_code, error.request_id, error.function_name) == (status, REQUEST_ID, "hello")
    assert error.stack_trace == ("Traceback" if status == 430 else "")
