"""Events as JSON text, and where the part stands that is not JSON."""

import datetime as dt
import enum
import json
import sys
import time
import tracemalloc

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tencentserverless._protocol import event as events

encode = events.text_encoder()

scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=5), st.dictionaries(st.text(max_size=5), inner, max_size=5), st.tuples(inner, inner)
    ),
    max_leaves=20,
)
keys = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=5)
)


@settings(max_examples=300, deadline=None)
@given(values)
@example("\ud800")
@example('\u2028\x7f\x00"\\/')
def test_any_value_is_what_json_dumps_says(value):
    """The text of an event means what `json.dumps` of it means."""
    assert json.loads(encode(value)) == json.loads(json.dumps(value))


@settings(max_examples=200, deadline=None)
@given(values)
def test_the_text_is_compact(value):
    """The text is that of `json.dumps` without blanks between its parts and without escaping what is not ASCII."""
    assert encode(value) == json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(keys, scalars, max_size=5))
def test_keys_that_are_no_texts(value):
    """Numbers, booleans and None as keys become the texts that `json.dumps` makes of them."""
    assert encode(value) == json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class Colour(enum.IntEnum):
    """An enumeration that is a number."""

    RED = 1


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({}, "{}"),
        ([], "[]"),
        (0, "0"),
        (False, "false"),
        ("", '""'),
        (None, "null"),
        ((1, 2), "[1,2]"),
        ({1: "a", None: "b", False: "c", 1.5: "d"}, '{"1":"a","null":"b","false":"c","1.5":"d"}'),
        (Colour.RED, "1"),
        ("事件", '"事件"'),
        (2**70, "1180591620717411303424"),
    ],
)
def test_texts(value, text):
    """Falsy values, tuples, odd keys, enumerations, Chinese and large numbers have these texts."""
    assert encode(value) == text


@pytest.mark.parametrize("ascii_only", [False, True])
@pytest.mark.parametrize(
    ("value", "path"),
    [
        (float("nan"), "data: nan"),
        (float("inf"), "data: inf"),
        ({"a": [float("-inf")]}, 'data["a"][0]: -inf'),
        ({"loss": [0.5, float("nan")]}, 'data["loss"][1]: nan'),
        ((1, {"事": float("nan")}), 'data[1]["事"]: nan'),
        ({"a": {float("nan"): 1}}, 'data["a"]: a key that is nan'),
    ],
)
def test_what_json_has_no_number_for(value, path, ascii_only):
    """NaN and Infinity are refused wherever they stand, and the path leads to them."""
    refusing = events.text_encoder(ascii_only=ascii_only)
    with pytest.raises(ValueError, match="Out of range"):
        refusing(value)
    assert events.bad_part(value, refusing) == path


def test_a_lone_surrogate_beside_nan():
    """The text for lone surrogates refuses NaN as well."""
    with pytest.raises(ValueError, match="Out of range"):
        events.ascii_text(["\ud800", float("nan")], None)


class Account:
    """An object that JSON does not know."""

    def __init__(self, name):
        self.name = name


def test_the_default_hook():
    """The hook of `json.dumps` turns a value that JSON does not know into one that it does."""
    with_hook = events.text_encoder(lambda account: {"name": account.name})
    assert with_hook([Account("a"), {"b": Account("c")}]) == '[{"name":"a"},{"b":{"name":"c"}}]'
    assert with_hook({"plain": 1}) == '{"plain":1}'


def test_what_the_hook_refuses():
    """A hook that raises TypeError is heard, and the value that it refused is named."""

    def hook(value):
        raise TypeError("not for me")

    with_hook = events.text_encoder(hook)
    with pytest.raises(TypeError, match="not for me"):
        with_hook({"a": [1, Account("x")]})
    assert events.bad_part({"a": [1, Account("x")]}, with_hook) == 'data["a"][1]: Account'


def test_what_the_hook_returns_may_be_bad_too():
    """The path leads to the value whose replacement JSON does not take."""
    with_hook = events.text_encoder(lambda value: {"still": b"bytes"} if isinstance(value, Account) else value)
    assert events.bad_part({"a": Account("x"), "b": 1}, with_hook) == 'data["a"]: Account'


def self_containing():
    """A list that contains itself."""
    value = [1]
    value.append(value)
    return value


def in_a_circle():
    """A dict that contains itself through a list."""
    value = {"a": 1}
    value["user"] = [0, {"back": value}]
    return value


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (b"bytes", "data: bytes"),
        ({1, 2}, "data: set"),
        (Account("x"), "data: Account"),
        ({"user": {"born": dt.datetime(2000, 1, 1)}}, 'data["user"]["born"]: datetime'),
        ([1, [2, (3, {4})]], "data[1][1][1]: set"),
        ({"a": 1, "b": [1, 2, {"c": b""}]}, 'data["b"][2]["c"]: bytes'),
        ({1: {None: b""}}, "data[1][None]: bytes"),
        ({'q"uote': b"", "键": 1}, 'data["q\\"uote"]: bytes'),
        ({"键": b""}, 'data["键"]: bytes'),
        ({(1, 2): 3}, "data: a key of type tuple"),
        ({"a": {b"key": 1}}, 'data["a"]: a key of type bytes'),
        ([{"a": 1}, {dt.date(2000, 1, 1): 1}], "data[1]: a key of type date"),
        (self_containing(), "data[1]: list that contains itself"),
        (in_a_circle(), 'data["user"][1]["back"]: dict that contains itself'),
        ([1j], "data[0]: complex"),
        ([len], "data[0]: builtin_function_or_method"),
        ([Account], "data[0]: type"),
    ],
)
def test_the_path_of_the_bad_part(value, path):
    """The part that is not JSON is named by the way to it and by its type."""
    with pytest.raises((TypeError, ValueError)):
        encode(value)
    assert events.bad_part(value, encode) == path


def test_a_large_event_that_contains_itself_costs_no_memory():
    """An event that contains itself is refused in its first round, not when its text has filled the memory."""
    value = {"blob": "x" * 1000000}
    value["self"] = value
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="Circular"):
            encode(value)
        assert tracemalloc.get_traced_memory()[1] < 10000000
    finally:
        tracemalloc.stop()


def test_the_same_part_twice_is_no_circle():
    """A value that stands in two places of an event is sent twice, and is not taken for a circle."""
    shared = {"a": [1]}
    assert encode([shared, shared, {"b": shared}]) == '[{"a":[1]},{"a":[1]},{"b":{"a":[1]}}]'
    assert events.bad_part([shared, shared, {"b": b""}], encode) == 'data[2]["b"]: bytes'


@settings(max_examples=100, deadline=None)
@given(values, st.lists(st.one_of(st.integers(0, 3), st.text(max_size=3)), max_size=5))
def test_a_bad_part_is_found_anywhere(beside, way):
    """Wherever in an event one bad value is put, the path leads there."""
    value, path = b"bad", ""
    for step in reversed(way):
        if isinstance(step, int):
            value, path = [beside] * step + [value, beside], "[%d]%s" % (step, path)
        else:
            value, path = {step: value}, f"[{json.dumps(step, ensure_ascii=False)}]{path}"
    assert events.bad_part(value, encode) == f"data{path}: bytes"


def nested(depth):
    """A list in a list, `depth` times."""
    value = 1
    for _ in range(depth):
        value = [value]
    return value


def test_deep_events_are_taken():
    """An event hundreds of levels deep is an event."""
    assert encode(nested(500)) == "[" * 500 + "1" + "]" * 500


def test_too_deep_an_event_is_named():
    """An event nested more deeply than the interpreter can follow is refused as that, and soon."""
    depth = 100000
    began = time.process_time()
    with pytest.raises(RecursionError):
        encode(nested(depth))
    assert events.bad_part(nested(depth), encode).endswith(": list nested too deeply")
    assert time.process_time() - began < 5.0


@pytest.mark.skipif(sys.version_info < (3, 11), reason="this Python prints numbers of any length")
def test_a_number_too_long_to_print_is_named():
    """A number of more digits than Python prints is named like any other value that JSON does not take."""
    assert events.bad_part({"n": 10**5000}, encode) == 'data["n"]: int'


@settings(max_examples=100, deadline=None)
@given(values)
def test_the_text_in_ascii(value):
    """The text with everything beyond ASCII escaped, lone surrogates too, means the same."""
    text = events.ascii_text(value, None)
    assert text.encode("ascii").decode("ascii") == text
    assert json.loads(text) == json.loads(json.dumps(value))


def test_the_text_in_ascii_uses_the_hook():
    """The escaped text knows the hook too."""
    assert events.ascii_text({"\ud800": Account("é")}, lambda account: account.name) == '{"\\ud800":"\\u00e9"}'


@settings(max_examples=100, deadline=None)
@given(st.text())
@example("\ud800")
def test_quoted_texts(text):
    """A text in quotes, as it is or escaped, reads as the text it was."""
    assert json.loads(events.quoted(text)) == text
    assert json.loads(events.quoted_ascii(text).encode("ascii").decode("ascii")) == text
