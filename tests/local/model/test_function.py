"""A function as it is configured, and the names that it may have."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tencentserverless.local.model.function import FUNCTION_NAME, NAMESPACE_NAME, Layer, version_of
from tests.local.factories import function


def test_variables_are_not_shown():
    """What shows a function shows none of its variables, which may be secrets."""
    assert "hush" not in repr(function(variables={"SECRET": "hush"}))


def test_what_follows_from_the_rest():
    """The key and the folders of a function follow from its names, its code and its layers, also after a change."""
    made = function(region="ap-chengdu", layers=(Layer("a", 1, Path("/a")), Layer("b", 2, Path("/b"))))
    assert made.key == ("ap-chengdu", "default", "hello")
    assert made.layer_folders == (Path("/a"), Path("/b"))
    assert made.folders == (str(Path("/code/hello")), str(Path("/a")), str(Path("/b")))
    assert replace(made, name="other", layers=()).key == ("ap-chengdu", "default", "other")
    assert replace(made, layers=()).folders == (str(Path("/code/hello")),)
    assert str(made) == "hello (ap-chengdu, default)"


def test_equal_functions():
    """Functions that are configured alike are equal, and any other setting makes another function."""
    assert function() == function()
    for change in ({"memory_mb": 256}, {"timeout": 4}, {"variables": {"A": "b"}}, {"call": print}):
        assert function() != function(**change)


@pytest.mark.parametrize("name", ["a", "1ab", "-ab", "ab-", "ab_", "a b", "ä1", "a" * 61, "", "ab\n"])
def test_names_that_no_function_has(name):
    """A function's name begins with a letter, ends with a letter or a digit, and has 2 to 60 characters."""
    assert not FUNCTION_NAME.fullmatch(name)


@given(st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,58}[A-Za-z0-9]", fullmatch=True))
def test_names_that_functions_have(name):
    """What is a function's name is a namespace's, too; that may also be one letter."""
    assert FUNCTION_NAME.fullmatch(name)
    assert NAMESPACE_NAME.fullmatch(name)
    assert NAMESPACE_NAME.fullmatch(name[0])


def test_versions():
    """A runtime's name tells its version."""
    assert version_of("Python3.10") == (3, 10)
    assert version_of("Nodejs16.13") is None
    assert version_of(None) is None
