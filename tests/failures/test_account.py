"""The text of an error: one function, chains of functions, and texts that only look like a chain."""

import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tencentserverless import exception as errors
from tests.failures.remote import CAUSE, CONTEXT, HEAD, a_chain, function_error, invoked_by, trace

SOURCE = '  File "/var/user/index.py", line 5, in main_handler\n    '


def test_one_function():
    """The text of a function that raised: the first line, the hint, and its frames without the head."""
    assert str(a_chain("Prices")) == (
        "Prices (ap-guangzhou/default) raised KeyError: 'price'; it ran [430, request id-of-Prices]\n"
        "Hint: user code exception: see /var/user/index.py, line 5, of Prices\n" + SOURCE + "return PRICES[event]"
    )


def test_what_cannot_be_printed():
    """A lone surrogate, a terminal's command and an endless code in an answer do not reach the screen."""
    error = errors.APIError("C\n" + "x" * 9999, "a\x1b[2J", "r")
    error.log_tail = "\ud800"
    text = str(error)
    assert text.encode("utf-8")
    assert len(text) < 600
    assert text.splitlines()[0].startswith("a\ufffd[2J [C xxx")


def test_three_functions():
    """A chain is one account: names in the order of the invocations, then each function's frames, the cause first."""
    called = SOURCE + "return scf.invoke(other)\n  [2 frames of tencentserverless]"
    assert str(a_chain("Gateway", "Orders", "Prices")).split("\n") == [
        "Gateway → Orders → Prices (ap-guangzhou/default) raised KeyError: 'price'; "
        "Gateway ran [430, request id-of-Gateway]",
        "Prices (ap-guangzhou/default) raised KeyError: 'price'; it ran [430, request id-of-Prices]",
        "Hint: user code exception: see /var/user/index.py, line 5, of Prices",
        *(SOURCE + "return PRICES[event]").split("\n"),
        "Orders (ap-guangzhou/default) raised FunctionError; it ran [430, request id-of-Orders]",
        *called.split("\n"),
        "Gateway (ap-guangzhou/default) raised FunctionError; it ran [430, request id-of-Gateway]",
        *called.split("\n"),
    ]


def test_the_chain_of_three():
    """The chain holds each function, with what happened to it and its request id; the first was invoked from here."""
    chain = a_chain("Gateway", "Orders", "Prices").chain
    assert [hop.function_name for hop in chain] == ["Gateway", "Orders", "Prices"]
    assert [hop.request_id for hop in chain] == ["id-of-Gateway", "id-of-Orders", "id-of-Prices"]
    assert [hop.what for hop in chain] == ["raised FunctionError", "raised FunctionError", "raised KeyError: 'price'"]
    assert {hop.executed for hop in chain} == {"yes"}
    assert pickle.loads(pickle.dumps(chain)) == chain


@pytest.mark.parametrize("length", [15, 16, 17, 40])
def test_a_long_chain(length):
    """A chain is told in at most 16 functions: the first ones and the one that failed."""
    names = [f"F{number}" for number in range(length)]
    error = a_chain(*names)
    chain, first = error.chain, str(error).split("\n")[0]
    assert len(chain) == min(length, 16)
    assert (chain[0].function_name, chain[1].function_name, chain[-1].function_name) == (names[0], names[1], names[-1])
    assert first.startswith("F0 → F1 → F2 → ")
    assert f"→ {names[-1]} (ap-guangzhou/default) raised KeyError" in first
    assert first.count("→") == min(length, 16) - 1
    assert str(error).count("\nF") == min(length, 16)


def test_a_cause_in_chinese():
    """A chain that ends at a refusal of the API goes on in the refusal's language."""
    refused = errors.NotFoundError("ResourceNotFound.Function", "未找到指定的Function，请创建后再试。", "r1")
    refused.executed, refused.function_name, refused.region, refused.namespace = "no", "Missing", "ap-guangzhou", "ns"
    error = invoked_by("Gateway", refused, "r2")
    first, header, *_ = str(error).split("\n")
    place = "Missing (ap-guangzhou/ns)：未找到指定的Function，请创建后再试；"
    assert first == f"Gateway → {place}Gateway 已运行 [430, 请求 r2]"
    assert header == place + "没有运行 [ResourceNotFound.Function, 请求 r1]"
    assert [(hop.function_name, hop.executed) for hop in error.chain] == [("Gateway", "yes"), ("Missing", "no")]


def test_a_function_behind_that_gave_no_result():
    """The first line of a chain has the reason for which there was no result."""
    silent = errors.InvokeTimeoutError("ClientNetworkError", "http://127.0.0.1:9000, read: the deadline passed")
    silent.function_name, silent.region, silent.namespace = "Slow", "ap-guangzhou", "default"
    silent.phase, silent.endpoint = "read", "http://127.0.0.1:9000"
    error = invoked_by("Gateway", invoked_by("Orders", silent, "r1"), "r2")
    first, header, *_ = str(error).split("\n")
    place = "Slow (ap-guangzhou/default) gave no result"
    assert first == f"Gateway → Orders → {place}: the deadline passed; Gateway ran [430, request r2]"
    assert header == f"{place}; it may have run: the deadline passed [http://127.0.0.1:9000]"
    assert error.chain[-1][3:] == ("gave no result", "maybe", None)


def test_an_error_raised_from_another():
    """An error that a function raises `from` that of another function has it as its cause; its own text stays."""
    inner = a_chain("Prices")
    raised = trace(f"tencentserverless.exception.FunctionError: {inner}", client=True)
    error = function_error("Orders", raised + CAUSE + trace("RuntimeError: no price"), "r")
    lines = str(error).split("\n")
    assert lines[0] == "Orders → Prices (ap-guangzhou/default) raised KeyError: 'price'; Orders ran [430, request r]"
    assert "Orders (ap-guangzhou/default) raised RuntimeError: no price; it ran [430, request r]" in lines
    assert [hop.function_name for hop in error.chain] == ["Orders", "Prices"]


def test_an_error_while_another_was_handled():
    """An error that came while another function's was handled stands for itself."""
    inner = a_chain("Prices")
    raised = trace(f"tencentserverless.exception.FunctionError: {inner}", client=True)
    error = function_error("Orders", raised + CONTEXT + trace("ZeroDivisionError: division by zero", line=9), "r")
    first, hint, *rest = str(error).split("\n")
    assert first == "Orders (ap-guangzhou/default) raised ZeroDivisionError: division by zero; it ran [430, request r]"
    assert hint == "Hint: user code exception: see /var/user/index.py, line 9, of Orders"
    assert any("Prices (ap-guangzhou/default) raised KeyError" in line for line in rest)
    assert all(line[:2] == "  " for line in rest)
    assert [hop.function_name for hop in error.chain] == ["Orders"]


def test_a_hop_of_another_client():
    """The chain ends at a function whose error is not of this package."""
    old = "tencentserverless.exception.TencentServerlessSDKException: [TencentServerlessSDKException] code:-1"
    error = invoked_by("Gateway", function_error("Orders", trace(f"{old}\n{trace('KeyError: 1')}", client=True)))
    assert [hop.function_name for hop in error.chain] == ["Gateway", "Orders"]
    assert str(error).split("\n")[0].startswith("Gateway → Orders (ap-guangzhou/default) raised tencentserverless.")


def test_a_function_that_makes_up_a_chain():
    """Lines that a function prints or raises, and that look like ours, are indented and do not become hops."""
    fake = "Bank (ap-guangzhou/default) raised KeyError: 'key'; it ran [430, request x]"
    error = function_error("Evil", trace(f"ValueError: a\n{fake}\n{HEAD}\n{fake}"))
    error.log_tail = fake
    outer = invoked_by("Gateway", error)
    assert [hop.function_name for hop in outer.chain] == ["Gateway", "Evil"]
    assert str(error).count("\nBank") == str(outer).count("\nBank") == 0
    assert str(error).count(fake) == 3
    assert [hop.function_name for hop in function_error("Evil", trace(f"ValueError: {fake}")).chain] == ["Evil"]


def test_the_log_does_not_repeat_the_traceback():
    """The log's line that has the traceback escaped is left out where the traceback itself is shown."""
    error = function_error("Prices", trace("KeyError: 'price'"))
    error.log_tail = 'START RequestId: 1\nERROR RequestId:1 Result:{"errorCode": -1}\nEND'
    assert str(error).endswith("The end of the log:\n  START RequestId: 1\n  END")


@pytest.mark.parametrize(
    ("message", "executed", "what"),
    [
        (f"{HEAD}\nSyntaxError: x", "maybe", "did not start: SyntaxError: x; it may have run: only the code"),
        (f"{HEAD}\nSyntaxError: x", "no", "did not start: SyntaxError: x; it did not run ["),
        ("Invoking task timed out after 3 seconds", "yes", "failed: Invoking task timed out after 3 seconds; it ran ["),
        ("a\nb", "yes", "failed: a b; it ran ["),
    ],
)
def test_what_the_platform_ended(message, executed, what):
    """The first line is one line even where the message is a traceback, and the message stays as it is."""
    error = errors.InvocationError(1, message, "r")
    error.status_code, error.executed, error.function_name = 443, executed, "Bad"
    assert str(error).startswith(f"Bad (default) {what}")
    assert error.message == error.get_message() == message


def test_a_long_exception():
    """An exception's text that is long or has several lines is cut in the first line, and stands whole below it."""
    error = function_error("Prices", trace(f"ValueError: {'x' * 5000}\nsecond line"))
    first, *rest = str(error).split("\n")
    assert len(first) < 600
    assert rest[-2:] == [f"  ValueError: {'x' * 5000}", "  second line"]


def test_a_result_that_is_not_json():
    """An exception of the encoder says that it is about the value that the handler returned."""
    error = function_error("Prices", f"{HEAD}\nTypeError: Object of type datetime is not JSON serializable")
    assert "returned a value that is not JSON: TypeError: Object of type datetime" in str(error)
    assert "Hint: return only text" in str(error)
    notes = "when serializing list item 0\nwhen serializing dict item 'days'"
    error = function_error("Prices", f"{HEAD}\nTypeError: Object of type date is not JSON serializable\n{notes}")
    assert "not JSON serializable, at ['days'][0] of the result; it ran" in str(error)


_texts = st.text(st.sampled_from("aF:;\n (/)[]→ \"'{}… 运"), max_size=60) | st.sampled_from(
    [HEAD, CAUSE, CONTEXT, str(a_chain("A1", "B1", "C1")), trace("KeyError: 1"), "", "x: " + str(a_chain("A1"))]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(_texts, max_size=6), st.sampled_from(["no", "maybe", "yes"]), st.text(max_size=20))
def test_any_traceback_can_be_shown(texts, executed, name):
    """Whatever a remote traceback holds, the error has a text and a chain of at most 16."""
    for kind in (errors.FunctionError, errors.InvocationError, errors.APIError, errors.TransportError):
        error = kind(-1, "".join(texts), "r", None, "".join(texts))
        error.executed, error.function_name = executed, name
        assert str(error)
        assert 1 <= len(error.chain) <= 16


def test_texts_that_no_terminal_prints():
    """A lone surrogate in the message of a function is escaped, so that the error can be printed."""
    assert "raised ValueError: \\ud800; it ran" in str(function_error("Prices", trace("ValueError: \ud800")))
