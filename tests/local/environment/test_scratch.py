"""The endpoint's own folder."""

import locale
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tencentserverless.local.environment import scratch as module
from tencentserverless.local.environment.scratch import Scratch, utf8_locale
from tencentserverless.local.model.function import Function, Layer
from tencentserverless.local.processes.interpreters import CURRENT_INTERPRETER


def test_places_are_made_and_removed(tmp_path):
    """Home is an empty folder, the SDK's has the two lent packages, and all vanish."""
    scratch = Scratch()
    places = scratch.paths(tmp_path, (3, 11), "/opt")
    assert places.code == str(tmp_path)
    assert places.layers == "/opt"
    assert list(Path(places.home).iterdir()) == []
    assert {path.name for path in Path(places.sdk).iterdir()} == {"tencentserverless", "tencentcloud"}
    scratch.remove()
    assert not Path(places.home).parent.exists()
    scratch.remove()


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


def test_old_pythons_are_lent_nothing(tmp_path):
    """Python 2.7 cannot read the SDK, so its functions bring their own."""
    scratch = Scratch()
    assert scratch.paths(tmp_path, (2, 7), "/opt").sdk == ""
    scratch.remove()


def test_lent_packages_bring_no_neighbours(tmp_path):
    """From the lent place the SDK can be imported, and what is installed beside it cannot."""
    scratch = Scratch()
    sdk = scratch.paths(tmp_path, (3, 11), "/opt").sdk
    program = (
        f"import sys; sys.path.insert(0, {sdk!r}); import tencentserverless.scf, tencentcloud.common; import httptools"
    )
    done = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=False)
    scratch.remove()
    assert "No module named 'httptools'" in done.stderr


def test_what_instances_see(tmp_path):
    """Of the folder an instance has home, what it is lent and what it is to share, which is made then."""
    scratch = Scratch()
    own = scratch.visible_paths(["lock"])
    assert own.home == scratch.paths(tmp_path, (3, 11), "/opt").home
    assert [Path(place).name for place in own.read_only] == ["sdk", "trust"]
    assert own.shared == (f"{own.folder}/lock",)
    assert all(Path(place).exists() for place in (own.stage, own.home, *own.read_only, *own.shared))
    scratch.remove()


def test_the_locale_is_installed():
    """The locale that workers get is one that this machine has, and asking changes nothing."""
    before = locale.setlocale(locale.LC_ALL)
    name = utf8_locale()
    assert locale.setlocale(locale.LC_ALL) == before
    try:
        locale.setlocale(locale.LC_TIME, name)
    finally:
        locale.setlocale(locale.LC_ALL, before)


def test_a_view_is_looked_up_once(tmp_path, monkeypatch):
    """What an instance needs of the disk is looked up again only for another version of its sources."""
    (tmp_path / "code").mkdir()
    one = Function("one", tmp_path / "code", layers=(Layer("x", 1, tmp_path / "layer"),))
    made = Scratch()
    with pytest.raises(FileNotFoundError):
        made.view(one, CURRENT_INTERPRETER, 1)
    (tmp_path / "layer").mkdir()
    view = made.view(one, CURRENT_INTERPRETER, 1)
    (tmp_path / "layer").rmdir()
    assert made.view(one, CURRENT_INTERPRETER, 1) is view
    with pytest.raises(FileNotFoundError):
        made.view(one, CURRENT_INTERPRETER, 2)
    made.remove()
