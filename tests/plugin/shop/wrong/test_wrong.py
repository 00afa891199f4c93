"""Ten ways to be wrong: tests/plugin/test_wrong.py compares their reports with the texts in tests/plugin/texts."""

import threading

import pytest
import shop

from tencentserverless import scf
from tencentserverless.exception import FunctionError, NotFoundError


def test_unused_stub(scf_local):
    scf_local.stub("Refund", returns=1)
    shop.pay("tea")


def test_unexpected_call(scf_local):
    with pytest.raises(NotFoundError):
        scf.invoke("Mail", data={"to": "me"})


def test_raising_stub(scf_local):
    scf_local.stub("Pay", calls=lambda event: event["price"])
    with pytest.raises(FunctionError):
        shop.pay("tea")


def test_wrong_name(scf_local):
    scf_local.stub("Pya", returns=1)
    assert shop.pay("tea") == 1


@pytest.mark.scf_local(function="functions/Pay")
def test_wrong_setting(scf_local):
    pass


@pytest.mark.scf_local(functions="function/Pay")
def test_wrong_folder(scf_local):
    pass


def test_leftover_thread(scf_local):
    begun = threading.Event()
    scf_local.stub("Pay", calls=lambda event: begun.set() or threading.Event().wait(60))
    threading.Thread(target=lambda: pytest.raises(Exception, shop.pay, "tea"), daemon=True).start()
    assert begun.wait(60)


@pytest.fixture(scope="module")
def paid(scf_local):
    scf_local.stub("Pay", returns="paid")


def test_nested_fixtures(paid):
    pass


@pytest.mark.scf_faults("Pay", only=434)
def test_mistaken(scf_local):
    try:
        shop.pay("tea")
    except Exception:
        pass


@pytest.mark.scf_faults("Pay", only=434)
def test_wrong_executed(scf_local):
    try:
        shop.pay("tea")
    except Exception as error:
        error.executed = "no"
        raise
