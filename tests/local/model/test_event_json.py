"""Events are standard JSON."""

import pytest

from tencentserverless.local.model import event_json
from tencentserverless.local.model.api_errors import Refusal


@pytest.mark.parametrize("event", [b"NaN", b'{"a": Infinity}', b"{", b"'a'", b"[" * 100_000, b"\xff"])
def test_events_that_are_no_json(event):
    """Python's extensions of JSON, and nesting beyond measure, are no event."""
    with pytest.raises(Refusal) as caught:
        event_json.check_event(event)
    assert caught.value.code == "InvalidParameterValue.Param"


@pytest.mark.parametrize("event", [b"{}", b"null", b'"\\ud800"', b'"\xed\xa0\x80"', b" [1.5e3] "])
def test_events_that_are_json(event):
    """Any JSON type is an event, lone surrogates pass, escaped or not."""
    event_json.check_event(event)
