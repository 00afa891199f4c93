"""What the answers of a worker mean."""

import json
import re

import pytest

from tencentserverless.local.instances.worker_replies import (
    Ending,
    answered_outcome,
    ended_outcome,
    milliseconds,
    peak_bytes,
)
from tencentserverless.local.model.api_errors import Refusal
from tencentserverless.local.processes.frames import Frame, Kind
from tests.local.factories import invocation


def test_answers():
    """Each kind of answer is its status code; no JSON is a refusal, and what is no answer is an error."""
    kinds = {Kind.RESULT: 200, Kind.RAISED: 430, Kind.TOO_LARGE: 407}
    for kind, status in kinds.items():
        assert answered_outcome(invocation(), Frame(kind, {}, b"1")).status_code == status
    with pytest.raises(Refusal):
        answered_outcome(invocation(), Frame(Kind.BAD_EVENT, {}, b""))
    with pytest.raises(ValueError, match="READY"):
        answered_outcome(invocation(), Frame(Kind.READY, {}, b""))


@pytest.mark.parametrize(
    ("ending", "status"), [(Ending.TIME, 433), (Ending.MEMORY, 434), (Ending.EXIT, 439), (Ending.UNREAD, 439)]
)
def test_endings(ending, status):
    """Each end is its status code."""
    assert json.loads(ended_outcome(invocation(), ending).ret_msg)["statusCode"] == status


@pytest.mark.parametrize("value", [-1, "x", None, float("nan"), float("inf"), 10**400, []])
def test_times_that_are_none(value):
    """A function may have written the head: what is no time is an error."""
    with pytest.raises((TypeError, ValueError)):
        milliseconds(value)


@pytest.mark.parametrize("value", [-1, True, 1.5, "1", 10**30, []])
def test_peaks_that_are_none(value):
    """What is no number of bytes that a process can hold is an error; none at all is none."""
    with pytest.raises(ValueError, match=re.escape(str(value))):
        peak_bytes(Frame(Kind.RESULT, {"peak_bytes": value}, b""))
    assert peak_bytes(Frame(Kind.RESULT, {"peak_bytes": None}, b"")) is None
    assert peak_bytes(Frame(Kind.RESULT, {}, b"")) is None
    assert peak_bytes(Frame(Kind.RESULT, {"peak_bytes": 5}, b"")) == 5
