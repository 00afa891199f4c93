"""Syntax errors in saved code."""

import os

import pytest

from tencentserverless.local.functions import saved_code
from tencentserverless.local.functions.look_pace import LookPace
from tencentserverless.local.functions.saved_code import SavedCode
from tencentserverless.local.model.function import Function


@pytest.fixture
def saved(monkeypatch):
    monkeypatch.setattr(LookPace, "rest_after", lambda *_: None)
    return SavedCode()


def test_errors_are_told_once_for_each_save(saved, tmp_path):
    """A syntax error is told with file and line when the file is new or was saved again, and not between that."""
    path = tmp_path / "index.py"
    hello = Function(name="hello", code=tmp_path)
    path.write_text("def main_handler(event, context):\n    return 1\n")
    assert saved.errors([hello]) == []
    path.write_text("def main_handler(event, context):\n    return (\n")
    (error,) = saved.errors([hello])
    assert error.startswith(f"hello: SyntaxError in {path}, line 2: ")
    assert saved.errors([hello]) == []
    path.write_text("def main_handler(event, context):\n  a\n    b\n")
    (error,) = saved.errors([hello])
    assert error.startswith(f"hello: IndentationError in {path}, line 3: ")
    path.unlink()
    assert saved.errors([hello]) == []


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"print 'old'", b"x = '\\d'", b"\0", b"("])
def test_files_of_all_kinds(saved, tmp_path, content):
    """Whatever a file contains, the look ends; code for Pythons whose syntax is another is left alone."""
    (tmp_path / "index.py").write_bytes(content)
    (tmp_path / "folder.py").mkdir()
    assert saved.errors([Function(name="old", code=tmp_path, runtime="Python2.7")]) == []
    assert saved.errors([Function(name="new", code=tmp_path, runtime="Python9.9")]) == []
    saved.errors([Function(name="now", code=tmp_path, runtime="Python3.6")])
    assert saved.errors([Function(name="gone", code=tmp_path / "gone")]) == []


def test_looks_take_little_time(tmp_path):
    """After a look the next one waits, in proportion."""
    (tmp_path / "index.py").write_text("(")
    saved, hello = SavedCode(), Function(name="hello", code=tmp_path)
    assert saved.errors([hello])
    os.utime(tmp_path / "index.py", (1, 1))
    assert saved.errors([hello]) == []


def test_files_in_subfolders(saved, tmp_path):
    """A file in a subfolder is read when it is saved or new, and not at the first look at its folder."""
    hello, package = Function(name="hello", code=tmp_path), tmp_path / "shop" / "parts"
    package.mkdir(parents=True)
    (package / "old.py").write_text("print 'Python 2'\n")
    (tmp_path / "node_modules").mkdir()
    assert saved.errors([hello]) == []
    (package / "old.py").write_text("return (\n")
    (package / "new.py").write_text("(\n")
    (tmp_path / "node_modules" / "x.py").write_text("(\n")
    assert [error.partition(",")[0] for error in saved.errors([hello])] == [
        f"hello: SyntaxError in {package}/new.py",
        f"hello: SyntaxError in {package}/old.py",
    ]
    assert saved.errors([hello]) == []


def test_big_folders_cost_little(saved, tmp_path, monkeypatch):
    """Only so many entries are looked at, those nearest to the top first."""
    monkeypatch.setattr(saved_code, "MOST_ENTRIES", 3)
    for name in ("deep/a.py", "deep/b.py", "index.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    hello = Function(name="hello", code=tmp_path)
    assert saved.errors([hello]) == []
    for name in ("deep/a.py", "deep/b.py"):
        (tmp_path / name).write_text("(")
    assert [error.partition(",")[0] for error in saved.errors([hello])] == [
        f"hello: SyntaxError in {tmp_path}/deep/a.py"
    ]
