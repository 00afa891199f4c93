"""What `local start` shows of facts."""

import json
import re

import pytest

from tencentserverless._cli.screen import Screen, json_line
from tencentserverless.local.model import outcomes
from tencentserverless.local.model.facts import Begun, Ended, Noticed, Printed, Refused
from tencentserverless.local.model.invocation import Invocation, Outcome, Record
from tests.local.factories import function

AT = 1700000000.112
TIME = re.compile(r"\A\d\d:\d\d:\d\d\.112  |\A {14}")
TRACE = """Traceback (most recent call last):
  File "/var/user/index.py", line 3, in main_handler
    return PRICES["gold"]
KeyError: 'gold'"""
FROM_BELOW = """Traceback (most recent call last):
  File "/var/user/index.py", line 4, in main_handler
    return scf.invoke("Prices")
  File "/lib/tencentserverless/scf.py", line 206, in invoke
    raise error
tencentserverless.exception.FunctionError: Prices (ap-guangzhou/default): KeyError: 'gold'
  some lines of the remote traceback"""


def invocation(name="Orders", callers=(), request_id="r1", parent=None, **more):
    return Invocation(request_id, function(name, **more), b"{}", parent=parent, callers=callers, received_at=AT)


def ended(of, outcome=None, **more):
    record = Record(of, ended_at=AT)
    record.outcome = (outcome or Outcome(200, "1"))._replace(duration_ms=12.4, **more)
    return Ended(record)


def raised(of, trace=TRACE):
    return ended(of, outcomes.raised(of, trace))


def shown(*facts, **options):
    """The lines for these facts, without times."""
    screen = Screen(**options)
    lines = [line for fact in facts for line in screen.lines(fact)]
    assert all(TIME.match(line) for line in lines if "\x1b" not in line)
    return [line[14:] for line in lines]


def test_an_invocation():
    """An invocation has a line at its beginning and one at its end, and its prints between them as they come."""
    orders = invocation()
    assert shown(
        Begun(orders),
        Printed(orders, "a\nb"),
        Printed(orders, "c\r\nno end"),
        ended(orders, memory_bytes=11 << 20, init_ms=70.6),
    ) == [
        "Orders begins",
        "  Orders | a",
        "  Orders | bc",
        "  Orders | no end",
        "Orders ok in 12 ms, cold start 71 ms, 11 MB",
    ]


def test_much_that_is_printed():
    """Of one invocation so many lines are shown; a line without an end is shown in parts."""
    orders = invocation()
    lines = shown(Begun(orders), *[Printed(orders, "x\n" * 999)] * 100, Printed(orders, "y"), ended(orders))
    assert len(lines) < 2100
    assert lines[-2] == "  Orders | [more lines are in its record]"
    lines = shown(Begun(orders), *[Printed(orders, "x" * 5000)] * 4)
    assert lines[1:] == ["  Orders | " + "x" * 10000] * 2


def test_where_and_how():
    """A place other than the usual one is shown, as is the type Event; callers make an indent."""
    far = invocation(callers=("A", "B"), region="ap-chengdu")._replace(invocation_type="Event")
    assert shown(Begun(far)) == ["    Orders (ap-chengdu/default) begins (Event)"]


def test_a_chain_that_fails():
    """The function that failed is shown with its traceback in paths of this machine; its callers name it again."""
    orders = invocation()
    prices = invocation("Prices", ("Orders",), "r2", "r1")
    assert shown(Begun(orders), Begun(prices), raised(prices), raised(orders, FROM_BELOW)) == [
        "Orders begins",
        "  Prices begins",
        "  Prices failed (430) in 12 ms, id r2",
        "    Orders → Prices: KeyError: 'gold'",
        '      File "/code/Prices/index.py", line 3, in main_handler',
        '        return PRICES["gold"]',
        "Orders failed (430) in 12 ms, id r1",
        "  Orders → Prices: KeyError: 'gold'",
        '    File "/code/Orders/index.py", line 4, in main_handler',
        '      return scf.invoke("Prices")',
        "    [1 frame of tencentserverless]",
    ]


def test_a_caller_that_fails_by_itself():
    """A failure below does not hide another one of the caller, and a later invocation knows nothing of it."""
    orders = invocation()
    prices = invocation("Prices", ("Orders",), "r2", "r1")
    assert "  Orders: KeyError: 'gold'" in shown(Begun(orders), Begun(prices), raised(prices), raised(orders))
    later = shown(raised(prices), ended(orders), raised(orders, FROM_BELOW))
    assert any(line.startswith("  Orders: tencentserverless.exception.FunctionError") for line in later)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (outcomes.timed_out, "Invoking task timed out after 3 seconds"),
        (outcomes.memory_exceeded, "Task memory exceeded 128 MB"),
        (lambda of: outcomes.platform_failed("not ready"), "not ready"),
        (lambda of: outcomes.not_started(of, "Traceback (most recent call last):\nImportError: x"), "ImportError: x"),
    ],
)
def test_failures_without_frames(make, text):
    """Other failures are one line with the platform's text, or the last line of a traceback."""
    orders = invocation()
    assert shown(ended(orders, make(orders)))[1:] == [f"  Orders: {text}"]


def test_two_exceptions():
    """The exception that ended the function comes first, then those before it."""
    both = TRACE + "\n\nDuring handling of the above exception, another exception occurred:\n\n" + TRACE
    lines = shown(raised(invocation(), both.replace("'gold'", "'last'").replace("'last'", "'first'", 1)))
    assert [line.strip() for line in lines[1::3]] == ["Orders: KeyError: 'last'", "after KeyError: 'first'"]


def test_long_tracebacks():
    """A traceback has a bound in lines, and loses its middle."""
    frames = "".join(f'  File "/var/user/index.py", line {number}, in f\n' for number in range(500))
    lines = shown(raised(invocation(), f"Traceback (most recent call last):\n{frames}ValueError: x"))
    assert len(lines) < 70
    assert "  [440 lines]" in lines
    assert lines[-1].endswith("line 499, in f")


def test_breakpoints_without_a_debugger():
    """A breakpoint that nobody serves says what to do, unless there is a debugger that was quit."""
    trace = 'Traceback (most recent call last):\n  File "/var/user/index.py", line 1, in f\nbdb.BdbQuit'
    advice = "  breakpoint() needs a debugger: start the endpoint with --debug"
    assert shown(raised(invocation(), trace))[-1] == advice
    assert advice not in shown(raised(invocation(), trace), debugs=True)


def test_refusals_are_folded():
    """Equal refusals are one line for each tenfold number, and the last number before anything else is shown."""
    missing = Refused(
        AT, "ResourceNotFound.Function", "Function not found: [Work]", "Invoke", "ap-a", "default", "Work"
    )
    line = "refused: ResourceNotFound.Function Invoke Work (ap-a/default){}: Function not found: [Work]"
    noticed = Noticed(AT, "something")
    counts = ("", " × 10", " × 100", " × 1,000", " × 10,000", " × 20,000")
    assert shown(*[missing] * 20_000, noticed, width=200) == [*map(line.format, counts), "something"]
    other = missing._replace(function_name="Other")
    assert len(shown(missing, other, missing, width=200)) == 3
    screen = Screen(width=200)
    for _ in range(3):
        screen.lines(missing)
    assert [each[14:] for each in screen.rest()] == [line.format(" × 3")]
    assert screen.rest() == []


def test_long_lines_are_wrapped():
    """Refusals and notices are wrapped at the width of the terminal; what was printed and tracebacks are not."""
    refused = Refused(AT, "InvalidParameterValue", "word " * 30)
    assert all(len(line) <= 80 - 14 for line in shown(refused, Noticed(AT, "word " * 30)))
    orders = invocation()
    assert shown(Printed(orders, "x" * 200 + "\n")) == ["  Orders | " + "x" * 200]
    deep = invocation(callers=("A",) * 16)
    lines = shown(ended(deep, memory_bytes=11 << 20, init_ms=1234.0))
    assert [line.strip() for line in lines] == ["Orders ok in 12 ms,", "cold start 1234 ms, 11 MB"]


def test_what_clients_send_moves_no_cursor():
    """Control characters in names and messages are escaped."""
    (line,) = shown(Refused(AT, "InvalidAction", "no \x1b[2J\n", "a\x07b"))
    assert line == "refused: InvalidAction a\\x07b: no \\x1b[2J\\n"


def test_colours():
    """With colours the words stay the same."""
    orders = invocation()
    facts = [Begun(orders), raised(orders), ended(orders), Refused(AT, "Code", "text"), Noticed(AT, "text")]
    coloured = [line for screen in [Screen(colour=True)] for fact in facts for line in screen.lines(fact)]
    assert all("\x1b[" in line for line in coloured if "File" not in line and "PRICES" not in line)
    plain = [line for screen in [Screen()] for fact in facts for line in screen.lines(fact)]
    assert [re.sub(r"\x1b\[\d+m", "", line) for line in coloured] == plain
    assert not "".join(plain).encode("gbk").decode("gbk").count("\x1b")


def test_lines_of_json():
    """Each fact is one line of JSON with its kind."""
    orders = invocation()
    facts = [Begun(orders), Printed(orders, "a\n"), raised(orders), Refused(AT, "Code", "text"), Noticed(AT, "text")]
    found = [json.loads(json_line(fact)) for fact in facts]
    assert [each["fact"] for each in found] == ["begun", "printed", "ended", "refused", "noticed"]
    assert found[0]["function_name"] == "Orders"
    assert found[1]["text"] == "a\n"
    assert json.loads(found[2]["ret_msg"])["stackTrace"] == TRACE
    assert "status_code" not in found[0]
