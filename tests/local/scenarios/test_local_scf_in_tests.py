"""`LocalSCF` in tests: stubs, records of this test only, and the way back to the start."""

import threading
import time
from unittest import mock

import pytest

from tencentserverless import scf
from tencentserverless.exception import FunctionError, InvocationError, NotFoundError
from tencentserverless.local import ExpectationError, LocalSCF

ORDER = """
from tencentserverless import scf

count = 0


def main_handler(event, context):
    global count
    count += 1
    print("ordering", event["id"])
    return {"paid": scf.invoke("Pay", data=event).value, "count": count}
"""


@pytest.fixture
def local(folder):
    folder("Order", ORDER)
    folder("Pay", "def main_handler(event, context):\n    return 'really'\n")
    running = LocalSCF(folder.path).start()
    yield running
    running.stop()


def test_a_stub_hides_a_function_until_the_reset(local):
    """A stub answers instead of a served function, also to other functions; after the reset that one answers again."""
    first = local.client()
    local.stub("Pay", returns={"ok": True}, times=1)
    local.stub("Pay", calls=lambda event: event["id"])
    assert first.Order(id=7).value == {"paid": {"ok": True}, "count": 1}
    assert first.Order(id=8).value == {"paid": 8, "count": 2}
    order, pay, _, _ = local.invocations()
    assert (order.log, order.result["count"], pay.event, pay.parent) == ("ordering 7\n", 1, {"id": 7}, order.request_id)
    assert [record.result for record in local.invocations("Pay")] == [{"ok": True}, 8]
    assert local.account() == ""
    local.reset()
    assert (local.invocations(), local.records, local.refusals) == ([], [], [])
    with pytest.raises(Exception, match="SecretId"):
        first.Order(id=1)
    assert local.client().Order(id=9).value == {"paid": "really", "count": 1}


def test_failures_of_stubs(local):
    """A status and an exception reach the caller as those of a function do, and count as expected."""
    client = local.client()
    local.stub("Pay", status=433)
    local.stub("Refund", raises=ValueError("no money"))
    with pytest.raises(InvocationError) as timed_out:
        client.Pay()
    assert timed_out.value.status_code == 433
    with pytest.raises(FunctionError, match="no money") as raised:
        client.Refund()
    assert type(local.invocations("Refund")[0].error) is FunctionError
    assert local.invocations("Refund")[0].error.stack_trace == raised.value.stack_trace
    local.verify()


def test_the_account_names_everything(local):
    """What was not as expected is raised at the end of the block, whole; not strict, only broken stubs are."""
    client = local.client()
    local.stub("Pay", calls=lambda event: event["none"])
    local.stub("Refund", returns=1)
    for name, error in (("Pay", FunctionError), ("Refnd", NotFoundError)):
        with pytest.raises(error):
            client.invoke(name, data={})
    with pytest.raises(ExpectationError) as found:
        local.__exit__(None)
    text = str(found.value)
    assert 'stub("Pay") raised an exception by itself (' in text
    assert "KeyError: 'none'" in text
    assert "doubles/stubs.py" not in text
    assert 'stub("Refund") was never used (' in text
    assert "). The test invoked Pay, Refnd." in text
    assert (
        "Refnd (ap-guangzhou, default) was invoked once, but it is neither a function nor a stub. Near names: Refund."
        in text
    )


def test_what_is_deployed_in_a_test(local, folder):
    """`deploy` and `undeploy` count until the reset, without notices."""
    notices = []
    with LocalSCF(folder.path, notify=notices.append) as other:
        extra = folder("more/Extra").parent
        other.deploy(extra)
        other.deploy(lambda event, context: "mine", name="Pay")
        other.undeploy("Order")
        assert {function.name for function in other.functions} == {"Pay", "Extra"}
        assert other.client().Pay().value == "mine"
        with pytest.raises(NotFoundError):
            other.client().Order(id=1)
        with pytest.raises(KeyError):
            other.undeploy("Order")
        other.undeploy("Pay")
        with pytest.raises(NotFoundError):
            other.client().Pay()
        other.reset()
        assert {function.name for function in other.functions} == {"Order", "Pay"}
        assert other.client().Pay().value == "really"
    assert notices == []


def test_an_invocation_that_does_not_end_is_reported(local, monkeypatch):
    """The account names an invocation that is still running, and the reset does not wait for it."""
    monkeypatch.setattr("tencentserverless.local.local_scf_in_tests.PATIENCE_SECONDS", 0.01)
    begun, over = threading.Event(), threading.Event()

    def wait(event):
        begun.set()
        over.wait(60)

    local.stub("Pay", calls=wait)
    local.client().invoke("Pay", invocation_type="Event", data={"n": 1})
    assert begun.wait(60)
    assert not local.wait_for_idle(0.01)
    assert 'Pay (ap-guangzhou, default) {"n":1} was still running after the end of the test.' in local.account()
    local.reset()
    assert local.account() == ""
    over.set()
    local.client().Pay()
    assert [record.result for record in local.records] == ["really"]


def test_the_environment(local):
    """With `environ` a plain `scf.invoke` reaches the endpoint, whatever keys and profiles the developer has."""
    developers = {"TENCENTCLOUD_SECRETID": "real", "TENCENTCLOUD_SESSIONTOKEN": "real", "TCCLI_PROFILE": "work"}
    with mock.patch.dict("os.environ", developers):
        with mock.patch.dict("os.environ", local.environ):
            assert scf.invoke("Pay").value == "really"


def test_a_reset_takes_milliseconds(local):
    """A reset after an invocation takes less than 5 ms of the event loop."""

    def reset():
        started = time.thread_time()
        local._running().reset()
        return time.thread_time() - started

    local.client().Pay()
    assert local._running_loop().call(reset) < 0.005
