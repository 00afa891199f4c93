"""What the API's answers mean: a catalogue of them, one file each in `answers`, with what each must lead to.

An answer file holds `answer` (the body's JSON) or `text` (the body as it is), the HTTP `status` where it is not 200,
`returns_at_once` for the invocation type Event, and either `result` or `error`.
"""

import json
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tencentserverless import exception as errors
from tencentserverless._protocol import retry
from tencentserverless._protocol.effects import Origin
from tencentserverless._protocol.failure import api_error_class
from tencentserverless._protocol.http1 import Response
from tencentserverless._protocol.invoke import Invocation, InvokeResult, decipher

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "answers")
CASES = sorted(name[:-5] for name in os.listdir(FOLDER) if name.endswith(".json"))
ORIGIN = Origin("https", "scf.tencentcloudapi.com", 443, "scf.tencentcloudapi.com")


def load(name):
    """A case, and its body's text."""
    with open(os.path.join(FOLDER, name + ".json"), encoding="utf-8") as file:
        case = json.load(file)
    return case, case["text"] if "text" in case else json.dumps(case["answer"])


def outcome(text, status=200, returns_at_once=False):
    """What an answer leads to: a result, or an error and its row."""
    body = text if isinstance(text, bytes) else text.encode("utf-8")
    invocation = Invocation(ORIGIN, "ap-guangzhou", "Invoke", b"{}", 310.0, returns_at_once=returns_at_once)
    return decipher(Response(status, body, True), invocation)


def of_case(name):
    """A case, and what its answer leads to."""
    case, text = load(name)
    return case, outcome(text, case.get("status", 200), case.get("returns_at_once", False))


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith("success_")])
def test_successes(name):
    """An answer without a sign of failure is a result, with everything that the platform said of it."""
    case, result = of_case(name)
    sent, expected = case["answer"]["Response"], case["result"]
    assert type(result) is InvokeResult
    assert (str(result), result.value) == (expected["text"], expected["value"])
    assert type(result.value) is type(expected["value"])
    assert (result.request_id, result.function_request_id) == (sent["RequestId"], sent["Result"]["FunctionRequestId"])
    assert result.duration_ms == expected.get("duration_ms", sent["Result"]["Duration"])
    assert result.billed_ms == expected.get("billed_ms", sent["Result"]["BillDuration"])
    assert result.memory_bytes == expected.get("memory_bytes", sent["Result"]["MemUsage"])
    assert result.log_tail == expected.get("log_tail", "")


@pytest.mark.parametrize("name", [name for name in CASES if not name.startswith("success_")])
def test_failures(name):
    """An answer with a sign of failure is an error of its class, with its row of the retry table and all it said."""
    case, (error, row) = of_case(name)
    expected = case["error"]
    assert type(error) is getattr(errors, expected["class"])
    assert row is getattr(retry, expected["row"])
    for attribute in ("code", "request_id", "status_code", "stack_trace", "log_tail", "executed"):
        assert getattr(error, attribute) == expected[attribute], attribute
    if "message" in expected:
        assert error.message == expected["message"]
    assert error.executed == row.executed


@pytest.mark.parametrize("name", [name for name in CASES if not name.startswith("success_")])
def test_nothing_of_an_answer_is_lost(name):
    """An error keeps the whole decoded answer; what could not be decoded is kept as text, quoted in the message."""
    case, (error, _) = of_case(name)
    _, text = load(name)
    decoded = case.get("answer") is not None and case.get("status", 200) == 200
    assert error.response == (case["answer"] if decoded else text)
    if name.startswith("stranger_"):
        assert (text[:200] or "(empty)") in error.message
        assert f"HTTP {case['status']}" in error.message
        assert repr(ORIGIN) in error.message
        assert error.phase == "read"


def test_the_catalogue_is_whole():
    """The catalogue has an answer for every row of the retry table that an answer can lead to, and a case per file."""
    rows = {load(name)[0]["error"]["row"] for name in CASES if not name.startswith("success_")}
    by_answer = [retry.NOT_API, retry.CLOCK, retry.BAD_KEYS, retry.THROTTLED, retry.REFUSED, retry.CLOUD_FAILED]
    by_answer += [retry.NO_CAPACITY, retry.NOT_STARTED, retry.NOT_LOADED, retry.ENDED, retry.UNKNOWN]
    assert {id(getattr(retry, name)) for name in rows} == {id(row) for row in by_answer}
    assert all(load(name)[0]["about"].endswith(".") for name in CASES)


@pytest.mark.parametrize(
    ("prefixes", "family"),
    [
        (("AuthFailure", "Unauthorized"), errors.AuthError),
        (("ResourceNotFound",), errors.NotFoundError),
        (("Invalid", "Missing", "Unknown"), errors.ParameterError),
        (("RequestLimitExceeded", "LimitExceeded"), errors.ThrottledError),
        (("FailedOperation", "InternalError", "ResourceUnavailable", "X", "notInvalid", ""), errors.APIError),
    ],
)
def test_families_are_matched_by_prefix(prefixes, family):
    """The class of an API error follows from how its code begins."""
    for prefix in prefixes:
        for rest in ("", ".Tomorrow", "Operation.Of.Tomorrow"):
            assert api_error_class(prefix + rest) is family


def test_a_worker_that_could_not_be_started():
    """The local endpoint says itself that a function has not run, and the invocation is not repeated."""
    failure = {"errorCode": -1, "errorMessage": "no worker", "statusCode": 500, "executed": "no"}
    result = {"InvokeResult": -1, "ErrMsg": "no worker", "RetMsg": json.dumps(failure)}
    error, row = outcome(json.dumps({"Response": {"RequestId": "r", "Result": result}}), 200, False)
    assert (error.message, error.status_code, error.executed, row) == ("no worker", 500, "no", retry.NOT_LOADED)


def test_an_answer_without_utf8():
    """Bytes that are no UTF-8 are no answer of the API, and the error shows what can be shown of them."""
    error, row = outcome(b'{"Response": "\xff"}')
    assert (type(error), row) == (errors.ProtocolError, retry.NOT_API)
    assert "\ufffd" in error.message


def test_blanks_around_an_answer():
    """Blanks and line ends around an answer do no harm."""
    assert outcome(' \r\n{"Response": {"Result": {"RetMsg": "1"}}}\n').value == 1


def test_an_answer_too_deep():
    """An answer nested more deeply than the interpreter can follow is an error like any other."""
    error, row = outcome("[" * 200000)
    assert (type(error), row) == (errors.ProtocolError, retry.NOT_API)
    deep = json.dumps({"Response": {"Result": {"RetMsg": "[" * 200000, "InvokeResult": 1}}})
    error, row = outcome(deep)
    assert (type(error), row) == (errors.InvocationError, retry.UNKNOWN)


def test_a_long_page_is_quoted_in_part():
    """The message quotes the start of a long page; the error has all of it."""
    error, _ = outcome("x" * 100000, 502)
    assert len(error.message) < 400
    assert len(error.response) == 100000


_words = st.sampled_from(
    ["Response", "Result", "Error", "RetMsg", "ErrMsg", "InvokeResult", "Code", "Message", "RequestId", "Log", "x"]
)
_leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-1, 500),
    st.text(max_size=5),
    st.sampled_from(
        ["AuthFailure.SignatureExpire", '{"errorMessage": 5, "statusCode": 433}', '{"errorMessage":[]}', "[{"]
    ),
)
_answers = st.recursive(
    _leaves,
    lambda inner: st.one_of(st.dictionaries(_words, inner, max_size=6), st.lists(inner, max_size=3)),
    max_leaves=25,
)


@settings(max_examples=500, deadline=None)
@given(
    st.one_of(
        _answers,
        st.fixed_dictionaries({"Response": st.fixed_dictionaries({"Result": st.dictionaries(_words, _leaves)})}),
        st.fixed_dictionaries({"Response": st.fixed_dictionaries({"Error": st.dictionaries(_words, _leaves)})}),
    ),
    st.sampled_from([200, 200, 200, 500]),
    st.booleans(),
)
def test_any_json_is_a_result_or_an_error(answer, status, returns_at_once):
    """Whatever JSON is answered, the outcome is a result or an error of this package that can be shown."""
    found = outcome(json.dumps(answer), status, returns_at_once)
    if type(found) is not InvokeResult:
        error, row = found
        assert isinstance(error, errors.ServerlessError)
        assert row in retry.ROWS
        assert str(error)
