"""JSON text to values."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tencentserverless._protocol.json_text import parsed

_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


@given(_values, st.sampled_from(["", " ", "\r\n\t"]))
def test_values(value, around):
    """A text of JSON is the value that `json.loads` makes of it, whatever blanks are around it."""
    assert parsed(around + json.dumps(value) + around) == value


@pytest.mark.parametrize("text", ["", " ", "{", "1 2", "[1]]", "nul", "'a'", "\u00a01"])
def test_other_texts(text):
    """A text that is not exactly one JSON value is a ValueError."""
    with pytest.raises(ValueError, match=r"."):
        parsed(text)


def test_long_numbers():
    """A number of more digits than Python parses by default is refused on every Python, inside other values too."""
    assert parsed("1" * 4300) == int("1" * 4300)
    for text in ("1" * 4301, "[%s]" % ("1" * 100000)):
        with pytest.raises(ValueError, match="digits"):
            parsed(text)
