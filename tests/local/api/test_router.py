"""Which actions there are, and what becomes of a call."""

import pytest

from tencentserverless.local.api import router
from tencentserverless.local.api.call import Call
from tencentserverless.local.api.router import KNOWN, SERVED
from tencentserverless.local.model.api_errors import Refusal


def test_every_served_action_is_known():
    """The served actions are among the 52 of the API's version."""
    reading = {"GetFunction", "ListFunctions", "ListNamespaces", "GetFunctionLogs", "GetRequestStatus"}
    assert set(SERVED) == {"Invoke", "InvokeFunction", *reading}
    assert set(SERVED) < KNOWN
    assert len(KNOWN) == 52


def test_each_action_takes_only_its_own_event():
    """`Invoke` has ClientContext and InvocationType, `InvokeFunction` has Event, and neither has the other's."""
    assert {"ClientContext", "InvocationType"} <= set(SERVED["Invoke"].declared) - set(
        SERVED["InvokeFunction"].declared
    )
    assert "Event" in set(SERVED["InvokeFunction"].declared) - set(SERVED["Invoke"].declared)


def test_real_actions_that_are_not_served():
    """An action of the API that is not served yet is an unsupported operation."""
    with pytest.raises(Refusal, match="CreateFunction") as caught:
        router.perform(None, Call("CreateFunction", "ap-guangzhou", {}, None), None)
    assert caught.value.code == "UnsupportedOperation"
