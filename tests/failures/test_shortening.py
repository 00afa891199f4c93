"""Accounts that are too long for a screen."""

from hypothesis import given
from hypothesis import strategies as st

from tencentserverless._failures.shortening import MOST_LINES, shortened

FRAME = ["  File x, line 5, in work", "    work(deeper)", "    ~~~~^^^^^^^^"]


def test_few_lines_stay_as_they_are():
    """What fits on a screen is not touched."""
    lines = ["Hint: a", *FRAME * 5]
    assert shortened(lines) == lines


def test_a_deep_traceback():
    """Of many frames the first and the last ones stay, and the number of the lines that were left out."""
    lines = shortened(["Hint: a", *FRAME * 60, "  KeyError: 1"])
    assert len(lines) == MOST_LINES
    assert lines[:3] == ["Hint: a", *FRAME[:2]]
    assert lines[8] == "  [106 more lines]"
    assert lines[-3:] == [*FRAME[:2], "  KeyError: 1"]


@given(st.lists(st.sampled_from(["A (r/n) raised", *FRAME, ""]), max_size=80))
def test_lines_that_are_not_indented_stay(lines):
    """First lines and hints always stay, in their order; all others only as long as there is room."""
    kept = [line for line in lines if line[:1] == "A"]
    found = shortened(lines)
    assert [line for line in found if line[:1] == "A"] == kept
    assert len(found) <= max(MOST_LINES, len(kept))
