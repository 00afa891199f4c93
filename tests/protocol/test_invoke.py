"""The body of a request, the limits of an event, and the result as users hold it."""

import copy
import json
import pickle

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tencentserverless import exception as errors
from tencentserverless._protocol import event as events
from tencentserverless._protocol.invoke import (
    MAX_ASYNC_EVENT_BYTES,
    MAX_BODY_BYTES,
    MAX_EVENT_BYTES,
    MAX_ROUTING_KEY_BYTES,
    InvokeResult,
    body_head,
    invoke_body,
)

encode = events.text_encoder()
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=5), inner, max_size=4)),
    max_leaves=15,
)


def body(data=None, action="Invoke", default=None, **given):
    """The bytes of a request's body."""
    parts = {"function_name": "f", "namespace": None, "log_type": None, "qualifier": None, "invocation_type": None}
    parts["routing_key"] = None
    parts.update(given)
    return invoke_body(body_head(action, **parts), data, events.text_encoder(default) if default else encode, default)


def sent(*arguments, **given):
    """The parameters that a body holds."""
    return json.loads(body(*arguments, **given).decode("utf-8"))


def test_what_is_sent_for_nothing_given():
    """Qualifier, namespace, type and log type are always sent; without an event there is no ClientContext."""
    assert sent() == {
        "FunctionName": "f",
        "Namespace": "default",
        "Qualifier": "$LATEST",
        "InvocationType": "RequestResponse",
        "LogType": "None",
    }


def test_what_is_given_is_sent():
    """Every argument has its parameter."""
    given = {"function_name": "g", "namespace": "n", "log_type": "Tail", "qualifier": "2", "invocation_type": "Event"}
    assert sent({"a": "b"}, routing_key={"user": "x"}, **given) == {
        "FunctionName": "g",
        "Namespace": "n",
        "Qualifier": "2",
        "InvocationType": "Event",
        "LogType": "Tail",
        "RoutingKey": '{"user": "x"}',
        "ClientContext": '{"a":"b"}',
    }


def test_the_other_action_has_names_of_its_own():
    """InvokeFunction calls the event Event, has the same qualifier sent with it, and knows no invocation type."""
    assert sent({"a": "b"}, action="InvokeFunction", routing_key={"user": "x"}) == {
        "FunctionName": "f",
        "Namespace": "default",
        "Qualifier": "$LATEST",
        "LogType": "None",
        "RoutingKey": '{"user": "x"}',
        "Event": '{"a":"b"}',
    }


@settings(max_examples=300, deadline=None)
@given(
    values.filter(lambda value: value is not None),
    st.sampled_from([("Invoke", "ClientContext"), ("InvokeFunction", "Event")]),
)
@example("\ud800", ("Invoke", "ClientContext"))
@example({"\udfff": ["\ud800", "键"]}, ("InvokeFunction", "Event"))
def test_any_event_arrives(value, names):
    """Any value of JSON arrives as what `json.dumps` of it means, lone surrogates too."""
    assert json.loads(sent(value, action=names[0])[names[1]]) == json.loads(json.dumps(value))


@pytest.mark.parametrize("value", [{}, [], 0, False, ""])
def test_falsy_events_are_events(value):
    """Only None means that there is no event."""
    assert json.loads(sent(value)["ClientContext"]) == value


@settings(max_examples=100, deadline=None)
@given(st.text(min_size=1), st.text(min_size=1), st.sampled_from([None, "\ud800"]))
def test_any_name_arrives(name, other, data):
    """Names are quoted whatever stands in them: the API refuses them, not a character set."""
    found = sent(data, function_name=name, qualifier=other, namespace=other)
    assert (found["FunctionName"], found["Qualifier"], found["Namespace"]) == (name, other, other)


def test_chinese_is_sent_as_it_is():
    """Text beyond ASCII is sent in UTF-8, a third of what escapes would take."""
    assert "键".encode() in body({"键": 1})
    assert b"\\u" not in body({"键": 1})


def test_the_default_hook_is_used_both_ways():
    """The hook of `json.dumps` applies to events with lone surrogates too."""
    assert json.loads(sent([1j, "\ud800"], default=str)["ClientContext"]) == ["1j", "\ud800"]


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({"user": {"born": b"x"}}, 'data["user"]["born"]: bytes'),
        ({(1,): 2}, "data: a key of type tuple"),
        ([{1, 2}], "data[0]: set"),
    ],
)
def test_what_is_not_json_is_named(value, path):
    """An event that JSON does not take is an EventError that says where and what, and that nothing ran."""
    with pytest.raises(errors.EventError) as caught:
        body(value)
    assert path in caught.value.message
    assert (caught.value.executed, caught.value.safe_to_retry) == ("no", True)
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, TypeError)


def test_an_event_that_contains_itself_is_named():
    """An event that contains itself is an EventError, and not a full memory."""
    value = {"big": "x" * 1000000}
    value["again"] = [value]
    with pytest.raises(errors.EventError) as caught:
        body(value)
    assert 'data["again"][0]: dict that contains itself' in caught.value.message


@pytest.mark.parametrize(
    ("invocation_type", "most"),
    [("RequestResponse", MAX_EVENT_BYTES), (None, MAX_EVENT_BYTES), ("Event", MAX_ASYNC_EVENT_BYTES)],
)
@pytest.mark.parametrize("character", ["x", "é", "键"])
def test_the_largest_event(invocation_type, most, character):
    """An event of exactly the limit in bytes of its text is sent, and one byte more is an EventError."""
    width = len(character.encode("utf-8"))
    text = character * ((most - 2) // width)
    text += "x" * (most - 2 - len(text.encode("utf-8")))
    found = sent(text, invocation_type=invocation_type)["ClientContext"]
    assert len(found.encode("utf-8")) == most
    with pytest.raises(errors.EventError) as caught:
        body(text + "x", invocation_type=invocation_type)
    assert f"{most + 1} bytes" in caught.value.message
    assert str(most) in caught.value.message
    assert caught.value.executed == "no"


def test_the_largest_request():
    """Escaping can make a request too large whose event is not: one of exactly the limit is sent, one more is not."""
    empty = len(body(""))
    quotes = (MAX_BODY_BYTES - empty) // 4  # each is \" in the text, and \\\" in the body
    rest = MAX_BODY_BYTES - empty - 4 * quotes
    value = '"' * quotes + "x" * rest
    assert len(body(value)) == MAX_BODY_BYTES
    with pytest.raises(errors.EventError, match=f"{MAX_BODY_BYTES + 1} bytes, the event escaped in it"):
        body(value + "x")


def test_a_large_event_with_lone_surrogates_is_measured_as_sent():
    """Where escapes make the text longer, their length counts."""
    value = "\ud800" + "键" * (MAX_ASYNC_EVENT_BYTES // 6)
    assert len(json.dumps(value)) > MAX_ASYNC_EVENT_BYTES > len(value.encode("utf-8", "surrogatepass")) + 2
    with pytest.raises(errors.EventError):
        body(value, invocation_type="Event")


@pytest.mark.parametrize("bad", [{"user": {1}}, {"user": float("nan")}])
def test_a_routing_key_that_is_not_json(bad):
    """A routing key that JSON does not take is a SettingsError that names the argument."""
    with pytest.raises(errors.SettingsError, match="routing_key is not JSON"):
        sent(routing_key=bad)


def test_the_routing_key():
    """A routing key of exactly the limit in JSON is sent, and one byte more is a SettingsError."""
    most = {"k": "v" * (MAX_ROUTING_KEY_BYTES - len('{"k": ""}'))}
    assert len(sent(routing_key=most)["RoutingKey"]) == MAX_ROUTING_KEY_BYTES
    with pytest.raises(errors.SettingsError, match=f"{MAX_ROUTING_KEY_BYTES + 1} bytes"):
        body(routing_key={"k": most["k"] + "v"})
    assert sent(routing_key={})["RoutingKey"] == "{}"


def test_a_result_is_its_text():
    """A result prints, compares, hashes and formats as the JSON text that the function returned."""
    result = InvokeResult('"Hello"')
    assert isinstance(result, str)
    assert (str(result), "%s" % result, "{}".format(result), repr(result)) == (
        '"Hello"',
        '"Hello"',
        '"Hello"',
        "'\"Hello\"'",
    )
    assert {result: 1}['"Hello"'] == 1
    assert json.loads(result) == result.value == "Hello"


@pytest.mark.parametrize(
    ("text", "value"),
    [("{", "{"), ("", ""), ("Hello", "Hello"), ("null", None), ("[1]", [1]), ("[" * 200000, "[" * 200000)],
)
def test_the_value_of_a_result(text, value):
    """The value is the decoded text, and the text itself where that is not JSON."""
    result = InvokeResult(text)
    assert result.value == value
    assert type(result.value) is type(value)


def test_the_value_is_decoded_once():
    """Who changes the value of a result finds it changed: it is decoded at the first look only."""
    result = InvokeResult('{"a": 1}')
    result.value["b"] = 2
    assert result.value == {"a": 1, "b": 2}
    assert result == '{"a": 1}'


def test_what_is_not_said_of_a_result():
    """What the platform did not say is None, and no log is an empty text."""
    result = InvokeResult("1")
    assert (result.request_id, result.function_request_id, result.duration_ms) == (None, None, None)
    assert (result.billed_ms, result.memory_bytes, result.log_tail) == (None, None, "")


def full_result():
    """A result with every attribute set."""
    result = InvokeResult('{"a": [1]}')
    result.__dict__.update(request_id="r", function_request_id="f", duration_ms=1.5, billed_ms=2, memory_bytes=3)
    result.log_tail = "log"
    return result


COPIES = [lambda result, number=number: pickle.loads(pickle.dumps(result, number)) for number in range(5)]


@pytest.mark.parametrize("copied", [*COPIES[: pickle.HIGHEST_PROTOCOL + 1], copy.copy, copy.deepcopy])
@pytest.mark.parametrize("looked", [False, True])
def test_copies_keep_everything(copied, looked):
    """Pickle, by every protocol, and copy keep text, value and every attribute."""
    result = full_result()
    if looked:
        assert result.value == {"a": [1]}
    twin = copied(result)
    assert type(twin) is InvokeResult
    assert (twin, twin.value) == (result, {"a": [1]})
    assert (twin.request_id, twin.function_request_id, twin.duration_ms) == ("r", "f", 1.5)
    assert (twin.billed_ms, twin.memory_bytes, twin.log_tail) == (2, 3, "log")
