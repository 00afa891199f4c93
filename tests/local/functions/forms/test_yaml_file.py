"""YAML with lines."""

import pytest

from tencentserverless.local.functions.forms.yaml_file import Rewritten, YamlError, read


def test_merge_keys_and_anchors():
    """Merge keys count, own keys win over them, and a value with several names is the same everywhere."""
    top = read("x: &x\n  a: 1\n  b: 2\ny:\n  <<: *x\n  b: 3\nz: *x\n")
    assert top.inner("y").values == {"a": 1, "b": 3}
    assert top.inner("z").values == top.inner("x").values == {"a": 1, "b": 2}
    assert (top.line_of("y"), top.inner("y").line_of("b"), top.line_of("none")) == (4, 6, 1)


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "`a` is given twice, here and in line 1"),
        ("a: 1\nb: &x {c: *x}\n", 2, "refers to itself"),
        ("a: 1\nb: {<<: 5}\n", 2, "`<<`"),
        ("a: !!python/object:os.system {}\n", 1, "the tag"),
        ("- a\n", 1, "must be an object"),
        ("# later\n", 1, "the file is empty"),
        ("a: 1\nb: {{ name }}\n", 2, "a key must be text. Put a template"),
        ("a:\n\tb: 1\n", 2, "a tab is not allowed here. Use spaces"),
        ("a: 1\n---\nb: 2\n", 2, "expected a single document in the stream, but found another document"),
        ("a: [\n", 2, "expected"),
    ],
)
def test_mistakes_have_their_line(text, line, why):
    """What is not YAML, or not an object, is an error with its line."""
    with pytest.raises(YamlError, match=why) as caught:
        read(text)
    assert caught.value.line <= line


def test_many_anchors():
    """Anchors that multiply each other are read once each."""
    lines = ["a0: &a0 [x, x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    assert len(read("\n".join(lines)).values["a29"]) == 9


def test_words_that_are_texts():
    """Only `true` and `false` are flags, as for the deploy tool."""
    assert read("a: yes\nb: off\nc: True\nd: false\n").values == {"a": "yes", "b": "off", "c": True, "d": False}


@pytest.mark.parametrize(
    ("written", "passed_on"),
    [
        ("1.0", "1"),
        ("-0.50", "-0.5"),
        ("1e3", "1000"),
        ("1.5e3", "1500"),
        ("0777", "511"),
        ("12:30", "750"),
        ("0x1F", "31"),
        ("110101199003071234", "110101199003071230"),
        ("12345678901234567890123", "1.2345678901234568e+22"),
        ("2020-01-31", "2020-01-31T00:00:00.000Z"),
        ("2020-01-31 08:00:00+08:00", "2020-01-31T00:00:00.000Z"),
    ],
)
def test_numbers_and_dates_are_those_of_javascript(written, passed_on):
    """A number or date without quotes is what the deploy tool makes of it, and in quotes it stays as written."""
    plain, quoted = read(f"a: {written}\nb: '{written}'\n").values.values()
    assert (plain, plain.written, quoted) == (passed_on, written, written)
    assert not isinstance(quoted, Rewritten)


def test_numbers_that_stay_as_they_are():
    """Numbers that JavaScript writes in the same way, and what only looks like a number or a date, are as written."""
    values = read("a: 7\nb: 1.5\nc: 9007199254740991\nd: .inf\ne: 2020-13-45\nf: 1e\n").values
    assert list(values.values()) == [7, 1.5, 9007199254740991, float("inf"), "2020-13-45", "1e"]
    assert not any(isinstance(value, Rewritten) for value in values.values())
