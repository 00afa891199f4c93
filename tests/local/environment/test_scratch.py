"""The endpoint's own folder."""

import locale
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tencentserverless.local.environment import scratch as module
from tencentserverless.local.environment.mounts import Root
from tencentserverless.local.environment.scratch import Scratch, utf8_locale
from tencentserverless.local.model.function import Function
from tencentserverless.local.processes.interpreters import CURRENT_INTERPRETER


@pytest.fixture
def scratch():
    made = Scratch()
    yield made
    made.remove()


def paths(scratch, code, version=(3, 11), root=None):
    return scratch.paths(code, version, root, "", "scf-1")


def test_the_folders_of_an_instance(tmp_path, scratch):
    """An instance that sees this machine's root has a home and a folder for temporary files, which are empty at first
    and removed with it; the SDK's has the two lent packages."""
    found = paths(scratch, tmp_path)
    assert (found.code, found.folder, os.listdir(found.layers)) == (str(tmp_path), str(tmp_path), [])
    assert (os.listdir(found.home), os.listdir(found.tmp)) == ([], [])
    assert set(os.listdir(found.sdk)) == {"tencentserverless", "tencentcloud"}
    assert found.home != scratch.paths(tmp_path, (3, 11), None, "", "scf-2").home
    scratch.release("scf-1")
    assert not os.path.exists(found.tmp)
    assert scratch.has_folders("scf-2")
    scratch.remove()
    assert not Path(found.provided).exists()


def test_what_a_killed_endpoint_left_is_removed(tmp_path, monkeypatch):
    """A folder that no process has locked is removed by the next endpoint; one that is in use and a stranger's stay."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    running, scratch = Scratch(), Scratch()
    first = running.folder
    for name in ("tencentserverless-endpoint-killed", "other-1-x"):
        (tmp_path / name / "home").mkdir(parents=True)
    second = scratch.folder
    assert {path.name for path in tmp_path.iterdir()} == {first.name, second.name, "other-1-x"}
    running.remove()
    scratch.remove()
    assert [path.name for path in tmp_path.iterdir()] == ["other-1-x"]


def test_a_folder_that_is_removed_before_it_is_locked(tmp_path, monkeypatch):
    """An endpoint whose new folder another one takes for a leftover makes another folder."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    make, made = tempfile.mkdtemp, []

    def make_and_lose(**named):
        made.append(make(**named))
        if len(made) == 1:
            module._remove_orphans(tmp_path)
        return made[-1]

    monkeypatch.setattr(tempfile, "mkdtemp", make_and_lose)
    scratch = Scratch()
    assert (str(scratch.folder), len(made)) == (made[-1], 2)
    scratch.remove()


def test_a_folder_that_somebody_removes(scratch):
    """If the folder is gone, the error says so, names it, and says what to do."""
    scratch.check()
    os.rename(scratch.folder, f"{scratch.folder}.aside")
    try:
        with pytest.raises(FileNotFoundError, match=r"has been removed\. Start the endpoint again: .*endpoint-"):
            scratch.check()
    finally:
        os.rename(f"{scratch.folder}.aside", scratch.folder)


def test_old_pythons_are_lent_nothing(tmp_path, scratch):
    """Python 2.7 cannot read the SDK, so its functions bring their own."""
    assert [paths(scratch, tmp_path, (2, 7), root).sdk for root in (None, Root("/scratch"))] == ["", ""]


def test_lent_packages_bring_no_neighbours(tmp_path, scratch):
    """From the lent place the SDK can be imported, and what is installed beside it cannot."""
    sdk = paths(scratch, tmp_path).sdk
    program = (
        f"import sys; sys.path.insert(0, {sdk!r}); import tencentserverless.scf, tencentcloud.common; import httptools"
    )
    done = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=False)
    assert "No module named 'httptools'" in done.stderr


def test_the_locale_is_installed():
    """The locale that workers get is one that this machine has, and asking changes nothing."""
    before = locale.setlocale(locale.LC_ALL)
    name = utf8_locale()
    assert locale.setlocale(locale.LC_ALL) == before
    try:
        locale.setlocale(locale.LC_TIME, name)
    finally:
        locale.setlocale(locale.LC_ALL, before)


def test_what_is_needed_is_looked_up_once(tmp_path, scratch):
    """What an instance needs of the disk is looked up again only for another version of its sources."""
    code, shared = tmp_path / "code", Path(tempfile.mkdtemp(dir="/tmp"))
    code.mkdir()
    function = Function("one", code)

    def needed(version):
        return scratch.root(function, CURRENT_INTERPRETER, version, (), ()).needed

    assert not scratch.is_known(function, CURRENT_INTERPRETER, 1)
    before = needed(1)
    (code / "link").symlink_to(shared)
    assert (scratch.is_known(function, CURRENT_INTERPRETER, 1), needed(1)) == (True, before)
    assert str(shared) not in before
    assert str(shared) in needed(2)
    shared.rmdir()
