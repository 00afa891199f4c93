"""The interpreter for a runtime."""

import sys

import pytest

from tencentserverless.local.processes.interpreters import CURRENT, Interpreter, Interpreters

MISSING = "Python3.99"


def script(place, answer):
    """An executable that answers the question for its version."""
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(f"#!/bin/sh\n{answer}\n")
    place.chmod(0o755)
    return place


@pytest.fixture
def nowhere(monkeypatch, tmp_path):
    """No interpreter anywhere but where the test puts one."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.setenv("UV_PYTHON_INSTALL_DIR", str(tmp_path / "uv"))
    return tmp_path


def test_no_runtime_is_the_current_interpreter():
    """Functions that name no runtime, or the current one, run on the current interpreter without a word."""
    notices = []
    interpreters = Interpreters(notices.append, {})
    here = Interpreter(sys.executable, CURRENT)
    assert interpreters.find(None) == interpreters.find(here.runtime) == interpreters.known(None) == here
    assert notices == []


@pytest.mark.parametrize(
    "place", ["bin/python3.99", "pyenv/versions/3.99.1/bin/python3.99", "uv/cpython-3.99.0-linux/bin/python3.99"]
)
def test_where_interpreters_are_found(nowhere, place):
    """On PATH, among pyenv's versions and among uv's."""
    path = script(nowhere / place, "echo 3.99")
    interpreters = Interpreters(pytest.fail, {})
    assert interpreters.known(MISSING) is None
    assert interpreters.find(MISSING) == Interpreter(str(path), (3, 99))
    assert interpreters.known(MISSING) == Interpreter(str(path), (3, 99))


def test_the_launcher_of_windows(nowhere, monkeypatch):
    """On Windows the launcher `py` is asked too; elsewhere a program of that name is left alone."""
    path = script(nowhere / "somewhere" / "python.exe", "echo 3.99")
    script(nowhere / "bin" / "py", f'test "$1" = -3.99 && echo {path}')
    assert Interpreters(list, {}).find(MISSING).version == CURRENT
    monkeypatch.setattr(sys, "platform", "win32")
    assert Interpreters(pytest.fail, {}).find(MISSING) == Interpreter(str(path), (3, 99))
    assert Interpreters(list, {}).find("Python3.98").version == CURRENT


def test_shims_are_not_believed(nowhere):
    """An executable of the right name that fails, or is another version, is passed over."""
    script(nowhere / "bin" / "python3.99", "echo not installed >&2; exit 127")
    script(nowhere / "pyenv" / "versions" / "3.99.2" / "bin" / "python3.99", "echo 3.98")
    good = script(nowhere / "pyenv" / "versions" / "3.99.1" / "bin" / "python3.99", "echo 3.99")
    assert Interpreters(pytest.fail, {}).find(MISSING).path == str(good)


def test_the_fallback_is_told_once(nowhere):
    """Where there is none the current interpreter is used, and one notice says so and what to install."""
    notices = []
    interpreters = Interpreters(notices.append, {})
    assert interpreters.find(MISSING).version == interpreters.find(MISSING).version == CURRENT
    assert len(notices) == 1
    assert "Python3.99 was not found" in notices[0]
    assert "uv python install 3.99" in notices[0]
    interpreters.find("Python3.0")
    assert "pyenv install 3.0" in notices[1]


def test_a_user_without_a_home(nowhere, monkeypatch):
    """Where neither HOME nor the system's list of users tells a home, none is looked into."""
    pwd = pytest.importorskip("pwd")
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr(pwd, "getpwuid", {}.__getitem__)
    assert Interpreters([].append, {}).find(MISSING).version == CURRENT


def test_commands_are_isolated():
    """Every command line leaves out the user's packages, PYTHON* variables and bytecode files."""
    assert Interpreter("p", (3, 12)).command == ["p", "-I", "-B", "-X", "utf8"]
    assert Interpreter("p", (3, 6)).command == ["p", "-I", "-B"]
    assert Interpreter("p", (2, 7)).command == ["p", "-E", "-s", "-B", "-u"]


def test_chosen_interpreters(tmp_path):
    """An interpreter that is named for a runtime goes before those that are found; it has to be that Python."""
    path = script(tmp_path / "mine", "echo 3.99")
    interpreters = Interpreters(pytest.fail, {MISSING: path})
    assert interpreters.find(MISSING) == interpreters.known(MISSING) == Interpreter(str(path), (3, 99))
    with pytest.raises(ValueError, match=f"{path} is not an interpreter for Python3.6"):
        Interpreters(pytest.fail, {"Python3.6": path})
    with pytest.raises(ValueError, match="is not a runtime"):
        Interpreters(pytest.fail, {"Nodejs16.13": path})
