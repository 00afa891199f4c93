"""The files of records of projects: which one is written, which one is read."""

import os
import time
from pathlib import Path

import pytest

from tencentserverless._cli.looking import record_files


@pytest.fixture
def kept(state, by_hand, tmp_path):
    """`kept("a", "b")` is the file for an endpoint of these folders; a notice fails the test."""

    def make(*names, notify=pytest.fail):
        options = record_files.options_for(
            [str(tmp_path / name) for name in names], None, is_wanted=True, notify=notify
        )
        return Path(options["records"]) if options else None

    return make


def newest(folder):
    found = record_files.find(folder=folder)
    return found and found.path


def test_each_project_has_a_private_file(kept, state, tmp_path):
    """The file has mode 600 in a folder of mode 700, which every start of the project uses, and no other project."""
    path = kept("shop", "tools")
    assert path.parent.parent == state / "records"
    assert path.parent.name.startswith("shop-")
    modes = [each.stat().st_mode & 0o777 for each in (path, path.parent, path.parent.parent, state)]
    assert modes == [0o600, 0o700, 0o700, 0o700]
    path.parent.chmod(0o755)
    assert kept("tools", "shop").parent.name.rpartition("-")[2] == path.parent.name.rpartition("-")[2]
    assert kept("shop", "tools") == path
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert kept("shop") != path
    assert kept("商店/" + "x" * 200).name == "records.db"


def test_the_file_that_is_read(kept, tmp_path):
    """It is the newest of a project in or below the folder, else that of the nearest project above; --records wins."""
    assert newest(tmp_path) is None
    for age, names in ((30, ("a/b",)), (20, ("a",)), (10, ("c", "a/b/d"))):
        path = kept(*names)
        os.utime(path, (time.time() - age, time.time() - age))
    assert newest(tmp_path) == kept("c", "a/b/d")
    assert newest(tmp_path / "a" / "b") == kept("c", "a/b/d")
    assert newest(tmp_path / "a" / "b" / "x") == kept("a/b")
    assert newest(tmp_path / "a" / "y") == kept("a")
    assert newest(tmp_path.parent / "elsewhere") is None
    assert record_files.find(str(kept("a")), tmp_path).path == kept("a")


def test_projects_that_are_not_used_go(kept):
    """A start removes what was written more than seven days ago, also that of other projects."""
    old, young = kept("old"), kept("young")
    os.utime(old, (time.time() - 8 * 86400,) * 2)
    kept("another")
    assert not old.parent.exists()
    assert young.exists()


@pytest.mark.parametrize("planted", ["file", "folder", "all"])
def test_a_link_that_was_planted(kept, state, tmp_path, planted):
    """Where a link stands in the place of the file or a folder, there is one notice, and nothing is kept."""
    elsewhere = tmp_path / "elsewhere"
    path, notices = kept("shop"), []
    target = {"file": path, "folder": path.parent, "all": state / "records"}[planted]
    target.rename(elsewhere)
    target.symlink_to(elsewhere)
    before = elsewhere.stat().st_mtime_ns, elsewhere.stat().st_mode
    assert kept("shop", notify=notices.append) is None
    assert len(notices) == 1
    assert (elsewhere.stat().st_mtime_ns, elsewhere.stat().st_mode) == before


def test_a_place_that_cannot_be_used(kept, state, monkeypatch):
    """If the folder cannot be made or the file is no file of records, there is one notice that says why."""
    notices = []
    kept("shop").write_bytes(b"no database " * 1000)
    assert kept("shop", notify=notices.append) is None
    assert "file is not a database" in notices.pop()
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    assert kept("shop", notify=notices.append) is None
    assert "home folder" in notices.pop()
    monkeypatch.setenv("XDG_STATE_HOME", str(state.parent))
    (state / "records").rename(state / "aside")
    (state / "records").write_text("")
    assert kept("shop", notify=notices.append) is None
    assert len(notices) == 1


@pytest.mark.parametrize("variable", ["CI", "PYTEST_CURRENT_TEST"])
def test_tests_keep_nothing_unless_asked(state, monkeypatch, variable):
    """In CI and in pytest there is no file, unless the user names one."""
    for name in ("CI", "PYTEST_CURRENT_TEST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, "1")
    options = record_files.options_for
    assert options(["shop"], None, is_wanted=True, notify=pytest.fail) == {}
    assert options(["shop"], "x.db", is_wanted=True, notify=pytest.fail)["records"] == "x.db"
    monkeypatch.setenv(variable, "")
    assert options(["shop"], None, is_wanted=False, notify=pytest.fail) == {}
    assert not state.exists()
