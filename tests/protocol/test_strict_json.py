"""JSON without Python's extensions."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tencentserverless._protocol import strict_json

leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
values = st.recursive(leaves, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10)


@given(values)
def test_json_is_decoded(value):
    """What `json.dumps` writes of standard values comes back."""
    assert strict_json.decoded(json.dumps(value)) == value


@pytest.mark.parametrize("text", ["NaN", "[1, Infinity]", '{"a": -Infinity}', "", "{", "'a'", "1 2"])
def test_other_text_is_refused(text):
    """Python's extensions and broken text raise ValueError."""
    with pytest.raises(ValueError):  # noqa: PT011  the texts are Python's, and differ
        strict_json.decoded(text)
