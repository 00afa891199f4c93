"""Texts of bounded length."""

from hypothesis import given
from hypothesis import strategies as st

from tencentserverless.local.model.bounded_text import (
    FIRST_LINES,
    LAST_LINES,
    LINE_CHARACTERS,
    MESSAGE_CHARACTERS,
    MOST_NAMES,
    few_lines,
    few_names,
    one_line,
    shortened,
)

TEXTS = st.builds(lambda part, times: part * times, st.text(max_size=20), st.integers(0, 2000))


@given(TEXTS)
def test_bounds(text):
    """However long a text is, a notice is one line, and what is shown of a log has a bound in lines and in length."""
    assert len(one_line(text)) <= MESSAGE_CHARACTERS + 3
    assert len(one_line(text).splitlines()) <= 1
    lines = few_lines(text).split("\n")
    assert len(lines) <= FIRST_LINES + LAST_LINES + 1
    assert max(map(len, lines)) <= LINE_CHARACTERS + 1
    assert len(shortened(text)) <= 81


def test_what_is_left_out():
    """Short texts stay as they are; of long ones the beginning and the end stay, with what is missing in number."""
    assert one_line("a b") == few_lines("a b") == shortened("a b") == "a b"
    text = few_lines("\n".join(map(str, range(10_000))))
    assert text.startswith("0\n1\n")
    assert text.endswith("\n9999")
    assert f"[{10_000 - FIRST_LINES - LAST_LINES} lines are left out here]" in text
    assert one_line("a" * 5000 + "\nlast").startswith("aaa")
    assert one_line("a" * 5000 + "\nlast").endswith("a last")
    assert few_names("ab") == "a, b"
    assert few_names("x" * (MOST_NAMES + 2)).endswith("x and 2 more")
