"""The list of actions."""

from tencentserverless.local.api.actions import KNOWN, SERVED


def test_every_served_action_is_known():
    """The four served actions are among the 52 of the API's version."""
    assert set(SERVED) == {"Invoke", "InvokeFunction", "GetFunction", "ListFunctions"}
    assert set(SERVED) < KNOWN
    assert len(KNOWN) == 52


def test_each_action_takes_only_its_own_event():
    """`Invoke` has ClientContext and InvocationType, `InvokeFunction` has Event, and neither has the other's."""
    assert {"ClientContext", "InvocationType"} <= set(SERVED["Invoke"].declared) - set(
        SERVED["InvokeFunction"].declared
    )
    assert "Event" in set(SERVED["InvokeFunction"].declared) - set(SERVED["Invoke"].declared)
