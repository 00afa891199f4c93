"""What the API says of Event invocations."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tencentserverless._protocol import status


@pytest.mark.parametrize(
    ("told", "is_final", "code"),
    [
        ("RUNNING", False, None),
        ("FINISHED", True, 200),
        ("FAILED", True, 430),
        ("ABORTED", True, 499),
        ("TOMORROW", False, None),
    ],
)
def test_an_event_of_an_asynchronous_function(told, is_final, code):
    """The four states of an asynchronous execution, three of them final; a new one is not taken for an end."""
    answer = {"Result": {"Status": told, "StatusCode": code, "InvokeRequestId": "r"}, "RequestId": "x"}
    found = status.of_async_event(answer)
    assert (found.state, found.is_final, found.status_code) == (told, is_final, code)
    assert (found.ret_msg, found.retry_number) == (None, 0)


@pytest.mark.parametrize("answer", [{}, {"Result": None}, {"Result": {}}, {"Result": {"Status": None}}])
def test_an_event_that_nobody_knows(answer):
    """Without a record the state is unknown, and may become known."""
    found = status.of_async_event(answer)
    assert (found.state, found.is_final) == ("UNKNOWN", False)


@pytest.mark.parametrize(
    ("ret_code", "retry_number", "state", "is_final"),
    [
        (0, 0, "FINISHED", True),
        (0, 2, "FINISHED", True),
        (1, 0, "RUNNING", False),
        (1, 2, "RUNNING", False),
        (-1, 0, "FAILED", False),
        (-1, 1, "FAILED", False),
        (-1, 2, "FAILED", True),
        (17, 2, "UNKNOWN", False),
        (None, None, "UNKNOWN", False),
    ],
)
def test_a_request_of_any_other_function(ret_code, retry_number, state, is_final):
    """A success is final, and so is the failure of the last try: the platform tries twice more."""
    answer = {"TotalCount": 1, "Data": [{"RetCode": ret_code, "RetryNum": retry_number, "RetMsg": '"x"'}]}
    found = status.of_request(answer)
    assert (found.state, found.is_final, found.ret_msg) == (state, is_final, '"x"')
    assert found.retry_number == (retry_number or 0)


def test_the_latest_try_counts():
    """Of several tries the latest one tells, in whatever order they come."""
    tries = [{"RetCode": -1, "RetryNum": 0}, {"RetCode": 0, "RetryNum": 1, "RetMsg": "1"}]
    for data in (tries, tries[::-1]):
        found = status.of_request({"Data": data})
        assert (found.state, found.is_final, found.ret_msg, found.retry_number) == ("FINISHED", True, "1", 1)


@pytest.mark.parametrize("answer", [{}, {"Data": None}, {"Data": []}, {"Data": [None, "x"]}])
def test_a_request_that_nobody_knows(answer):
    """Without a record the state is unknown, and may become known."""
    found = status.of_request(answer)
    assert (found.state, found.is_final) == ("UNKNOWN", False)


_leaves = st.one_of(st.none(), st.booleans(), st.integers(-2, 3), st.text(max_size=3))
_values = st.recursive(
    _leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["Data", "Result", "RetCode", "RetryNum", "RetMsg", "Status"]), inner, max_size=4
        ),
    ),
    max_leaves=12,
)


@settings(max_examples=500, deadline=None)
@given(st.dictionaries(st.sampled_from(["Data", "Result", "TotalCount"]), _values))
def test_any_answer_is_a_status(answer):
    """Whatever the API answers, the status is one, and shows itself."""
    for found in (status.of_async_event(answer), status.of_request(answer)):
        assert isinstance(found.state, str)
        assert type(found.is_final) is bool
        assert repr(found).startswith("<EventStatus ")


def test_what_is_asked():
    """Each action has its own names for the ids."""
    assert json.loads(status.event_status_body("r").decode("ascii")) == {"InvokeRequestId": "r"}
    request = {"FunctionName": "f", "FunctionRequestId": "r", "Namespace": "n"}
    assert json.loads(status.request_status_body("r", "f", "n").decode("ascii")) == request
    terminate = {"FunctionName": "f", "InvokeRequestId": "r", "Namespace": "n"}
    assert json.loads(status.terminate_body("r", "f", "n").decode("ascii")) == terminate


def test_a_status_shows_itself():
    """A status says whether it is the last one."""
    assert repr(status.EventStatus("FAILED", False)) == "<EventStatus FAILED, not final>"
    assert repr(status.EventStatus("FINISHED", True)) == "<EventStatus FINISHED>"
