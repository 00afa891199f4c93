"""Results, error objects and log lines."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tencentserverless.local.invocations import log
from tencentserverless.local.model import outcomes
from tencentserverless.local.model.invocation import Outcome
from tests.local.factories import FAILURES, REQUEST_ID, invocation, record

FIELDS = {"Log", "RetMsg", "ErrMsg", "MemUsage", "Duration", "BillDuration", "FunctionRequestId", "InvokeResult"}


@pytest.mark.parametrize("status", FAILURES)
def test_a_failure_has_all_fields(status):
    """A failure's RetMsg is its error object, its ErrMsg the object's message, its InvokeResult 1."""
    make, _, message = FAILURES[status]
    outcome = make(invocation())
    result = log.result(record(outcome), "None")
    assert (result["RetMsg"], result["ErrMsg"], result["InvokeResult"]) == (outcome.ret_msg, message, 1)
    assert set(result) == FIELDS


def test_a_success_has_all_fields():
    """A success has all eight fields, durations in milliseconds and the billed one rounded up."""
    result = log.result(record(Outcome(200, '"x"', duration_ms=0.8261, memory_bytes=5)), "None")
    assert result == {
        "Log": "",
        "RetMsg": '"x"',
        "ErrMsg": "",
        "MemUsage": 5,
        "Duration": 0.826,
        "BillDuration": 1,
        "FunctionRequestId": REQUEST_ID,
        "InvokeResult": 0,
    }


def test_an_event_invocation_has_all_fields():
    """The result of an Event invocation has all eight fields, and only the id says anything."""
    assert set(log.event_result(REQUEST_ID)) == FIELDS
    assert [value for value in log.event_result(REQUEST_ID).values() if value] == [REQUEST_ID]


def test_the_platforms_own_failure_is_minus_one():
    """A failure of the endpoint itself is InvokeResult -1 with plain text."""
    result = log.result(record(outcomes.platform_failed("no")), "None")
    assert (result["InvokeResult"], result["RetMsg"]) == (-1, "no")


def test_the_tail_of_a_success():
    """The tail is START, Event, what was printed, a blank line, END and Report."""
    ended = record(Outcome(200, "1", duration_ms=3.2, memory_bytes=11112448, output="hi\n", init_output="once\n"))
    assert log.tail(ended).split("\n") == [
        f"START RequestId: {REQUEST_ID}",
        f"Event RequestId: {REQUEST_ID}",
        "once",
        "hi",
        "",
        f"END RequestId: {REQUEST_ID}",
        f"Report RequestId: {REQUEST_ID} Duration:3ms Memory:128MB MemUsage:10.5977MB",
    ]


def test_the_whole_log_of_a_cold_start():
    """The whole log has START, the load's output, Init Report, the handler's, Response, END and Report, in order."""
    ended = record(Outcome(200, '"x"', memory_bytes=1 << 20, output="hi", init_output="once\n", init_ms=12.4))
    lines = log.log(ended).split("\n")
    assert lines[:2] == [f"START RequestId:{REQUEST_ID}", "once"]
    assert lines[2].startswith(f"Init Report RequestId: {REQUEST_ID} Coldstart: 12ms ")
    assert lines[3:6] == ["hi", f'Response RequestId:{REQUEST_ID} RetMsg:"x"', f"END RequestId:{REQUEST_ID}"]
    assert lines[6] == f"Report RequestId:{REQUEST_ID} Duration:0ms Memory:128MB MemUsage:1.0000MB"


def test_a_failure_is_logged_without_its_request_id():
    """The ERROR line holds the error object without requestId, and there is no Response line."""
    text = log.log(record(outcomes.exited(invocation())))
    error = '{"errorCode": -1, "errorMessage": "User process exit when running", "statusCode": 439}'
    assert f"ERROR RequestId:{REQUEST_ID} Result:{error}\n" in text
    assert "Response" not in text


@given(st.text(st.characters()), st.integers(1, 50))
def test_the_tail_is_cut_between_characters(text, most):
    """The cut text is the end of the whole, fits, and misses less than one character more would take."""
    cut = log.last_bytes(text, most)
    size = len(cut.encode("utf-8", "surrogatepass"))
    assert text.endswith(cut)
    assert size <= most
    if len(cut) < len(text):
        assert size + len(text[-len(cut) - 1].encode("utf-8", "surrogatepass")) > most


def test_the_tail_is_at_most_4096_bytes():
    """However much was printed, the tail is the last 4096 bytes and ends with the Report line."""
    tail = log.tail(record(Outcome(200, "1", output="中文" * 5000)))
    assert 4090 < len(tail.encode()) <= 4096
    assert tail.splitlines()[-1].startswith("Report ")
