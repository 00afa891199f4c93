"""YAML with lines."""

import pytest

from tencentserverless.local.functions.forms.yaml_file import YamlError, read


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
