"""Parameters out of JSON bodies and forms."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tencentserverless.local.api.parameters import checked, choice, from_form, from_json, from_multipart
from tencentserverless.local.model.api_errors import Refusal

DECLARED = {"Name": str, "Count": int, "Flag": bool, "List": [str], "Object": {"Inner": int}, "Objects": [{"Key": str}]}
plain = st.recursive(
    st.text() | st.integers() | st.booleans(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def refused(action, *arguments):
    with pytest.raises(Refusal) as caught:
        action(*arguments)
    return caught.value.code, caught.value.message


@given(st.dictionaries(st.text(), plain))
def test_json_comes_out_as_it_went_in(value):
    """An object is taken as it is."""
    assert from_json(json.dumps(value).encode()) == value


def test_nulls_mean_absent():
    """Nulls vanish at every declared depth, as does the name that they belong to."""
    values = from_json(b'{"Odd": null, "Object": {"Inner": null, "Odd": null}, "List": [null, "a"]}')
    assert checked(values, DECLARED) == {"Object": {}, "List": ["a"]}


@pytest.mark.parametrize("levels", [100, 500, 950, 5000])
@pytest.mark.parametrize(
    ("name", "code"),
    [("Odd", "UnknownParameter"), ("List", "InvalidParameterValue"), ("Name", "InvalidParameterValue")],
)
def test_values_that_are_nested_deeply(levels, name, code):
    """However deep a value is nested, it is of a wrong type or no JSON."""
    body = b'{"%s": %s}' % (name.encode(), b"[" * levels + b"]" * levels)
    with pytest.raises(Refusal) as caught:
        checked(from_json(body), DECLARED)
    assert caught.value.code in (code, "InvalidRequest")


PARTS = (
    b'preamble\r\n--x\r\nContent-Disposition: form-data; name="Name"\r\n\r\na\r\n--y\r\n'
    b'--x \r\ncontent-disposition: form-data; name="Object"; filename="o"\r\n'
    b'Content-Type: application/json\r\n\r\n{"Inner": 1}\r\n'
    b"--x\r\nContent-Disposition: form-data; name=List.0\r\n\r\nb\r\n--x--\r\nepilogue"
)


def test_multipart_forms():
    """Each part is a parameter: JSON if its type says so, else text whose name may have dots."""
    assert from_multipart(PARTS, b"x") == {"Name": "a\r\n--y", "Object": {"Inner": 1}, "List": ["b"]}
    assert from_multipart(b"", b"x") == {}


@given(st.integers(0, len(PARTS)), st.binary(max_size=5))
def test_multipart_forms_that_are_broken(at, noise):
    """Whatever a multipart body contains, it is parameters or an error of the API."""
    for body in (PARTS[:at], PARTS[:at] + noise + PARTS[at:], noise):
        try:
            assert isinstance(from_multipart(body, b"x"), dict)
        except Refusal as error:
            assert error.code != "InternalError"


def test_choices_of_any_case():
    """A choice is the letter's case too, unless any case is allowed."""
    assert choice({}, "A", ("None", "Tail")) == "None"
    assert choice({"A": "tAIL"}, "A", ("None", "Tail"), any_case=True) == "Tail"
    assert refused(choice, {"A": "tail"}, "A", ("None", "Tail"))[0] == "InvalidParameterValue"


def test_an_empty_body_has_no_parameters():
    """No body means no parameters."""
    assert from_json(b"") == {}


@pytest.mark.parametrize(
    "body", [b"[]", b"1", b"{", b'{"a": NaN}', b'{"a": Infinity}', b"\xff", b'{"a":' + b"[" * 100_000], ids=repr
)
def test_bodies_that_are_no_json_object(body):
    """What is not a standard JSON object in UTF-8 is an invalid request."""
    assert refused(from_json, body)[0] == "InvalidRequest"


def test_forms_are_unfolded():
    """Dots make objects, numbers make lists in their numeric order."""
    pairs = {"Name": "x", "List.10": "c", "List.2": "b", "List.0": "a", "Object.Inner": "5", "Objects.0.Key": "k"}
    assert from_form(pairs) == {
        "Name": "x",
        "List": ["a", "b", "c"],
        "Object": {"Inner": "5"},
        "Objects": [{"Key": "k"}],
    }


@given(st.dictionaries(st.from_regex(r"[A-Za-z0-9.]{0,8}", fullmatch=True), st.text(max_size=3), max_size=6))
def test_forms_never_break(pairs):
    """Whatever the names are, a form is unfolded or refused."""
    try:
        assert isinstance(from_form(pairs), dict)
    except Refusal as error:
        assert error.code in ("InvalidParameterValue", "UnknownParameter")


@pytest.mark.parametrize("text", ["True", "true", "TRUE", "1"])
def test_text_stands_for_flags_and_numbers(text):
    """Forms have text only, so text stands for flags and numbers."""
    values = {"Flag": text, "Count": "-5", "Object": {"Inner": "7"}}
    assert checked(values, DECLARED) == {"Flag": True, "Count": -5, "Object": {"Inner": 7}}


@pytest.mark.parametrize(
    "values",
    [
        {"Name": 1},
        {"Name": True},
        {"Count": "x"},
        {"Count": True},
        {"Count": "9" * 30},
        {"Flag": "maybe"},
        {"List": "x"},
        {"List": [1]},
        {"Object": []},
    ],
    ids=repr,
)
def test_wrong_types(values):
    """A value of another type than declared is refused by name."""
    code, message = refused(checked, values, DECLARED)
    assert code == "InvalidParameterValue"
    assert f"`{next(iter(values))}" in message


def test_unknown_names_are_found_at_every_depth():
    """An undeclared parameter is refused with its path, before a missing one and before a wrong type."""
    assert refused(checked, {"Foo": 1}, DECLARED, ("Name",)) == (
        "UnknownParameter",
        "The parameter `Foo` is not recognized.",
    )
    assert "`Object.Foo`" in refused(checked, {"Object": {"Foo": 1}}, DECLARED)[1]
    assert "`Objects.0.Foo`" in refused(checked, {"Objects": [{"Foo": 1}]}, DECLARED)[1]


def test_missing_parameters():
    """A required parameter that is absent is named."""
    assert refused(checked, {}, DECLARED, ("Name",)) == (
        "MissingParameter",
        "The request is missing a required parameter `Name`.",
    )
