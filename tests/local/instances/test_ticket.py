"""Invocations on their way to an instance."""

import json

from tencentserverless.local.instances.ticket import Ticket
from tencentserverless.local.model import outcomes
from tencentserverless.local.model.api_errors import Refusal, event_not_json
from tencentserverless.local.model.invocation import Invocation
from tests.local.factories import function


def failed(event, **more):
    """What becomes of an invocation with this event that finds no place."""
    told = []
    Ticket(Invocation("an id", function(), event, **more), told.append, 0.0).fail(outcomes.no_capacity)
    (outcome,) = told
    return outcome


def test_no_place():
    """Who finds no instance is told why."""
    assert json.loads(failed(b"{}").ret_msg)["statusCode"] == 432


def test_no_json_and_no_place():
    """An event that is no JSON is refused for that, whatever else there would be to say."""
    outcome = failed(b"NaN")
    assert isinstance(outcome, Refusal)
    assert outcome.code == event_not_json().code
