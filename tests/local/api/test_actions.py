"""An action as a row of a table."""

import pytest

from tencentserverless.local.api.actions import Action
from tencentserverless.local.api.call import Call
from tencentserverless.local.model.api_errors import Refusal


def test_parameters_are_checked_first():
    """The handler gets the parameters in their declared types, and nothing that is wrong."""
    performed = []
    action = Action("Test", lambda *given: performed.append(given), {"Count": int, "Name": str}, ("Name",))
    call = Call("Test", "ap-guangzhou", {"Count": "5", "Name": "a"}, None)
    action.perform("services", call, "pending")
    assert performed == [("services", call._replace(parameters={"Count": 5, "Name": "a"}), "pending")]
    for parameters in ({"Name": 1}, {"Count": 1}, {"Name": "a", "Other": 1}):
        with pytest.raises(Refusal):
            action.perform("services", call._replace(parameters=parameters), "pending")
    assert len(performed) == 1
