"""`LocalSCF.faults`: programs that invoke a function which fails in each way, over real sockets."""

import time
from unittest import mock

import pytest

from tencentserverless import scf
from tencentserverless.exception import InvokeTimeoutError, ServerlessError, TransportError
from tencentserverless.local import LocalSCF

ORDER = """
from tencentserverless import scf


def main_handler(event, context):
    return {"order": scf.invoke("Pay", data=event).value}
"""
PAY = "def main_handler(event, context):\n    print('paid')\n    return 'paid'\n"


@pytest.fixture(scope="module")
def folder_of_two(tmp_path_factory):
    root = tmp_path_factory.mktemp("faults")
    for name, code in (("Order", ORDER), ("Pay", PAY)):
        (root / name).mkdir()
        (root / name / "index.py").write_text(code)
    return root


@pytest.fixture(scope="module")
def running(folder_of_two):
    with LocalSCF(folder_of_two, notify=lambda _: None) as found:
        yield found


@pytest.fixture
def local(running):
    running.reset()
    with mock.patch.dict("os.environ", running.environ):
        yield running


def buy():
    try:
        return scf.invoke("Pay").value
    except ServerlessError as error:
        if error.status_code == 434:
            return "paid"  # the mistake
        if error.safe_to_retry:
            return "not paid"
        raise


def test_each_fault_is_met(local):
    """A program meets each fault once, and the report tells its mistake from what it handles or passes on."""
    found = {coped.fault: coped.how for coped in local.faults("Pay", buy)}
    assert [fault for fault, how in found.items() if how == "mistaken for a success"] == ["434"]
    handled = [fault for fault, how in found.items() if how == "handled"]
    assert handled[:2] == ["400", "401"]
    assert "throttled" in handled
    others = set(found) - {"434", *handled}
    assert {found[fault] for fault in others} == {"passed on"}
    assert {"430", "433", "500", "reset-before", "reset-after", "silence", "truncated", "too-large"} <= others
    assert local.account() == ""


def test_a_function_that_invokes_again(local):
    """If the function fails once, a program that tries again has handled it; each function in a chain is judged."""

    def order():
        for _ in range(2):
            try:
                return scf.invoke("Order").value
            except ServerlessError:
                pass
        return None

    ways = ["silence", "reset-after", 430]
    assert [coped.how for coped in local.faults("Pay", order, only=ways, times=1)] == ["handled"] * 3
    assert [coped.how for coped in local.faults("Pay", order, only=430)] == ["handled"]
    (coped,) = local.faults("Pay", lambda: scf.invoke("Order").value, only="truncated")
    assert coped.how == "passed on"
    assert "Order → Pay" in coped.detail


@pytest.mark.parametrize(
    ("fault", "runs"), [("reset-before", False), ("reset-after", True), ("truncated", True), ("silence", True)]
)
def test_what_ran(local, fault, runs):
    """A fault of the way leaves the function as it is: it runs, and has its record, except with "reset-before"."""
    local.stub("Pay", fault=fault, times=1)
    with pytest.raises(TransportError) as failed:
        scf.Client(timeout=0.3 if fault == "silence" else 60).invoke("Pay")
    assert isinstance(failed.value, InvokeTimeoutError) is (fault == "silence")
    assert failed.value.executed == "maybe"
    assert local.wait_for_idle()
    assert [record.log for record in local.invocations("Pay")] == ["paid\n"] * runs
    assert scf.invoke("Pay").value == "paid"
    assert local.account() == ""


def test_silence_ends_by_itself(local, monkeypatch):
    """A client that would wait for minutes is not held longer than the silence lasts."""
    monkeypatch.setattr("tencentserverless.local.doubles.ways.SILENT_SECONDS_FOR_FUNCTIONS", 0.05)
    local.stub("Pay", fault="silence")
    started = time.monotonic()
    with pytest.raises(ServerlessError):
        scf.Client(timeout=300).invoke("Order")
    assert time.monotonic() - started < 60
