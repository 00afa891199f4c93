"""The account of what was not as expected, as its readers see it."""

import pytest

from tencentserverless.local.doubles.expectations import Invocations, account, chain_text
from tencentserverless.local.doubles.stubs import new_stub
from tencentserverless.local.model import outcomes
from tencentserverless.local.model.facts import Refused
from tencentserverless.local.model.invocation import Invocation, Outcome, Record
from tests.local.factories import function, record

OTHER = record(Outcome(200, "1"), name="Order", request_id="9")


def used(count, times=None, **options):
    stub = new_stub("Pay", {"returns": 1}, times=times, **options)
    stub.made_at = "test_shop.py:7"
    stub.request_ids = [str(number) for number in range(count)]
    return stub


@pytest.mark.parametrize(
    ("stub", "text"),
    [
        (used(0), "was never used. The test invoked Order. If that is right, give it optional=True."),
        (used(1, 2), "was used once, not 2 times. The test invoked Order."),
        (used(2, 1), "was used 2 times, not once."),
        (used(1, 0), "was used once, not never."),
        (used(4, range(1, 4)), "was used 4 times, not 1 to 3 times."),
        (used(0, optional=True), None),
        (used(0, 0), None),
        (used(3), None),
        (used(2, range(1, 4)), None),
    ],
)
def test_how_often_a_stub_was_used(stub, text):
    """A stub that was used too seldom or too often is named with its line; not strict, it does not matter."""
    what, end, rest = (text or "").partition(".")
    expected = f'stub("Pay") {what} (test_shop.py:7){end}{rest}' if text else ""
    assert account([stub], [OTHER], [], ["Order"]) == expected
    assert account([stub], [OTHER], [], ["Order"], strict=False) == ""


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("Ordr", "Near names: Order."),
        ("pay", "Near names: Pay."),
        ("Order", "Order is in another region or namespace."),
        ("Zzz", "There are: Order, Pay."),
    ],
)
def test_an_unexpected_invocation(name, hint):
    """A function that is neither served nor a stub is named, with the names that are near."""
    refused = Refused(0.0, "ResourceNotFound.Function", "", "Invoke", "ap-beijing", "default", name)
    other = refused._replace(code="AuthFailure.SignatureFailure")
    text = f"{name} (ap-beijing, default) was invoked 2 times, but it is neither a function nor a stub. {hint}"
    assert account([used(1)], [OTHER], [(refused, 2), (other, 1)], ["Order"]) == text
    assert account([used(1)], [OTHER], [(refused, 2)], ["Order"], strict=False) == ""


def test_a_stub_that_raised_by_itself():
    """The traceback of a stub is shown, also when not strict; one that was to raise is right."""
    trace = 'Traceback (most recent call last):\n  File "test_shop.py", line 9\nKeyError: 1\n'
    failed = Invocation("0", function("Pay"), b"{}")
    records = [Record(failed, outcome=outcomes.raised(failed, trace))]
    indented = "".join(f"\n    {line}" for line in trace.splitlines()[1:])
    expected = f'stub("Pay") raised an exception by itself (test_shop.py:7):{indented}'
    assert account([used(1)], records, [], [], strict=False) == expected
    assert "KeyError" in chain_text(records)
    assert "KeyError" not in chain_text(records, expected)
    wanted = new_stub("Pay", {"raises": KeyError})
    wanted.request_ids = ["0"]
    assert account([wanted], records, [], []) == ""


def test_the_chain():
    """Each invocation is a line with its event and its end, its log and its traceback, below the one that made it."""
    outer = Invocation("1", function("Order"), b'{"id": 1}')
    inner = Invocation("2", function("Pay", region="ap-shanghai"), b"{}", parent="1")
    records = [
        Record(outer, outcome=Outcome(200, '"done"', duration_ms=12.4, output="ordering\n")),
        Record(inner, outcome=outcomes.raised(inner, "Traceback\nKeyError: 1\n")),
        Record(Invocation("3", function("Late"), b"{}", parent="of another test")),
    ]
    assert chain_text(records).splitlines() == [
        'Order (ap-guangzhou, default) {"id": 1} -> "done" in 12 ms',
        "    | ordering",
        "  Pay (ap-shanghai, default) {} -> 430 user code exception caught in 0 ms",
        "      Traceback",
        "      KeyError: 1",
        "Late (ap-guangzhou, default) {} -> was still running",
    ]


def test_an_invocation_that_did_not_come():
    """The records of a function are a list; an index beyond its end says how often it was invoked, and which others."""
    records = Invocations("Pay", [OTHER], ["Order", "Order", "Ship"])
    assert (records == [OTHER], records[0], records[-1:], len(records)) == (True, OTHER, [OTHER], 1)
    with pytest.raises(IndexError) as raised:
        records[1]
    assert str(raised.value) == "Pay was invoked once, so there is no [1]. The test invoked Order, Ship."
    with pytest.raises(IndexError) as raised:
        Invocations("Pya", [], [])[0]
    assert str(raised.value) == "Pya was not invoked, so there is no [0]. The test invoked no other function."
    assert repr(records) == "[<Order (ap-guangzhou, default) {} -> 1 in 0 ms>]"
