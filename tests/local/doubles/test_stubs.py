"""Stubs: which one answers, and what cannot be one."""

from unittest.mock import AsyncMock

import pytest

from tencentserverless.local.doubles.status_codes import STATUS_CODES
from tencentserverless.local.doubles.stubs import StubRunner, Stubs, new_stub
from tencentserverless.local.doubles.ways import WAYS
from tencentserverless.local.functions.catalog import Catalog
from tencentserverless.local.model.api_errors import Refusal
from tencentserverless.local.model.invocation import Invocation
from tests.local.factories import function

PAY = ("ap-guangzhou", "default", "Pay")


def invoked(stubs, key=PAY, request_id=None):
    """The answer of the stub whose turn it is."""
    found, request_id = stubs.get(key), request_id or str(len(stubs.answered))
    stubs.stub_for(Invocation(request_id, found, b"{}"))
    return found.call({"n": 1}, {"request_id": request_id})


def test_the_order_of_stubs():
    """Stubs with `times` answer in their order, then the newest without; if all are used up, the last one again."""
    stubs = Stubs(Catalog())
    for value, times in ((1, 1), (0, None), (2, range(1, 3)), (9, None)):
        stubs.add(new_stub("Pay", {"returns": value}, times=times))
    assert [invoked(stubs) for _ in range(5)] == [1, 2, 2, 9, 9]
    stubs.clear()
    stubs.add(new_stub("Pay", {"returns": 1}, times=0))
    assert invoked(stubs) == 1


def test_a_stub_of_one_region():
    """A stub for a region leaves the functions of other regions as they are, and takes the settings of its own."""
    served = [function("Pay", region="ap-shanghai"), function("Pay", region="ap-beijing", timeout=9)]
    stubs = Stubs(Catalog(served))
    stubs.add(new_stub("Pay", {"returns": 1}, region="ap-beijing"))
    assert stubs.get(served[0].key) is served[0]
    assert stubs.get(("ap-guangzhou", "default", "Pay")) is None
    assert stubs.get(served[1].key).timeout == 9
    assert invoked(stubs, served[1].key) == 1


@pytest.mark.parametrize("calls", [lambda event: event["n"], lambda event, context: event["n"], dict.popitem])
def test_functions_with_and_without_context(calls):
    """A function of the test takes the event, or the event and the context; one of C may hide what it takes."""
    stubs = Stubs(Catalog())
    stubs.add(new_stub("Pay", {"calls": calls}))
    assert invoked(stubs) in (1, ("n", 1))


@pytest.mark.parametrize("status", STATUS_CODES)
def test_a_status_runs_nothing(status):
    """A stub with a status has the outcome of that status; an event that is not JSON is refused before."""
    stubs, ended = Stubs(Catalog()), []
    stubs.add(new_stub("Pay", {"status": status}))
    runner = StubRunner(stubs, None)
    for number, event in enumerate((b"{}", b"{")):
        runner.run(Invocation(str(number), stubs.get(PAY), event), ended.append)
    assert ended[0].status_code == status
    assert isinstance(ended[1], Refusal)


def test_a_fault_of_the_way_takes_its_turn():
    """A fault of the way comes in its turn, and behind it runs the stub without `times`, or else the function."""
    stubs = Stubs(Catalog())
    for answers, times in (({"returns": 1}, 1), ({"fault": "silence"}, 1), ({"returns": 2}, 1), ({"returns": 9}, None)):
        stubs.add(new_stub("Pay", answers, times=times))
    met = []
    for number in "1234":
        way = stubs.way_of(PAY, number)
        met.append((way is WAYS["silence"], invoked(stubs, request_id=number)))
    assert met == [(False, 1), (True, 9), (False, 2), (False, 9)]
    assert [len(stub.request_ids) for stub in stubs.all] == [1, 1, 1, 2]
    served = Stubs(Catalog([function("Pay")]))
    served.add(new_stub("Pay", {"fault": "silence"}, times=1))
    assert served.get(PAY).call is None
    assert [served.way_of(PAY, number) for number in "12"] == [WAYS["silence"], None]


@pytest.mark.parametrize(
    ("name", "answers", "times", "text"),
    [
        ("Pay", {}, None, "takes one of returns=, raises=, status=, fault= and calls="),
        ("Pay", {"returns": 1, "status": 433}, None, "takes one of"),
        ("Pay", {"status": 431}, None, "status is one of 400, 401, .*, not 431"),
        ("Pay", {"fault": "silent"}, None, "fault is one of throttled, reset-before, .*, not 'silent'"),
        ("Pay", {"raises": "text"}, None, "raises is an exception, not str"),
        ("Pay", {"calls": 1}, None, "calls is a function, not int"),
        ("Pay", {"calls": AsyncMock()}, None, "calls is an ordinary function, not a coroutine function"),
        ("Pay", {"returns": 1}, "2", "times is a number or a range, not str"),
        ("Pay", {"returns": 1}, -1, "times is 0 or more, or a range such as .*, not -1"),
        ("Pay", {"returns": 1}, range(3, 1), "times is 0 or more, or a range"),
        ("支付", {"returns": 1}, None, "cannot be the name of a function"),
    ],
)
def test_what_cannot_be_a_stub(name, answers, times, text):
    """A wrong argument is refused where the stub is made, with a text that says what to give."""
    with pytest.raises((TypeError, ValueError), match=text):
        new_stub(name, answers, times=times)
