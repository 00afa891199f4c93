"""Looking up variables of the environment."""

import os

import pytest

from tencentserverless._settings.environment import environment


def test_variables_as_they_are_now(monkeypatch):
    """A variable is looked up at each call: set, changed, blank and gone again."""
    name = "TENCENTSERVERLESS_A_TEST"
    assert environment(name) is None
    for value in ("one", "two", ""):
        monkeypatch.setenv(name, value)
        assert environment(name) == value
    monkeypatch.delenv(name)
    assert environment(name) is None


@pytest.mark.parametrize("form", ["{}\r", " {}\t", '"{}"', "'{}'\r\n", "{}\u00a0", "\ufeff{}"])
def test_what_files_of_variables_add(monkeypatch, form):
    """Blanks, Windows' line ends and a pair of quotes, which files of variables leave, are no part of a value."""
    monkeypatch.setenv("TENCENTSERVERLESS_A_TEST", form.format("ap-chengdu"))
    assert environment("TENCENTSERVERLESS_A_TEST") == "ap-chengdu"


def test_an_environment_that_was_replaced(monkeypatch):
    """Programs may put another mapping in the place of `os.environ`; it is then the one that is read."""
    monkeypatch.setattr(os, "environ", {"TENCENTSERVERLESS_A_TEST": "x"})
    assert environment("TENCENTSERVERLESS_A_TEST") == "x"
    assert environment("TENCENTSERVERLESS_ANOTHER") is None
