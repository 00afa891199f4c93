"""The outcomes of invocations that fail."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tencentserverless.local.model import outcomes
from tencentserverless.local.model.invocation import Outcome
from tests.local.factories import FAILURES, REQUEST_ID, invocation


@pytest.mark.parametrize("status", FAILURES)
def test_each_failure_has_the_platforms_object(status):
    """The text of every failure is the platform's error object, with the message of the outcome in it."""
    make, code, message = FAILURES[status]
    outcome = make(invocation())
    error = json.loads(outcome.ret_msg)
    trace = {"stackTrace": "Traceback"} if status == 430 else {}
    assert error == {
        "errorCode": code,
        "errorMessage": message,
        "requestId": REQUEST_ID,
        **trace,
        "statusCode": status,
    }
    assert list(error)[-1] == "statusCode"
    assert (outcome.status_code, outcome.error_message, outcome.succeeded) == (status, message, False)


@given(st.text(st.characters()), st.text(st.characters()))
def test_any_text_stands_in_a_failure(message, trace):
    """Whatever a traceback or a message holds comes out of the JSON as it was, and is legible in it."""
    outcome = outcomes.failure(invocation(), 430, message, trace=trace)
    error = json.loads(outcome.ret_msg)
    assert (error["errorMessage"], error.get("stackTrace", "")) == (message, trace)
    assert "中" not in message or "中" in outcome.ret_msg


def test_the_endpoints_own_failure():
    """The endpoint's own failure is plain text."""
    assert outcomes.platform_failed("no") == Outcome(500, "no", "no")
