"""A function as it is configured."""

from tests.local.factories import function


def test_variables_are_not_shown():
    """What shows a function shows none of its variables, which may be secrets."""
    assert "hush" not in repr(function(variables={"SECRET": "hush"}))
