"""The files by which a second terminal finds a running endpoint."""

import json
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from tencentserverless._cli import running

SCF = SimpleNamespace(
    endpoint="http://127.0.0.1:9", secret_id="id", secret_key="a secret", ca_file="", bundle="", records_file=""
)


@pytest.fixture
def place(monkeypatch, tmp_path):
    """The folder of the files."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "tencentserverless"


def test_only_the_user_can_read_it(place):
    """The file has mode 600 in a folder of mode 700, and goes with the endpoint; its repr has no key."""
    with running.announced(SCF, ["x"], pytest.fail):
        (file,) = place.iterdir()
        assert (file.stat().st_mode & 0o777, place.stat().st_mode & 0o777) == (0o600, 0o700)
        (found,) = running.all_running()
        assert (found.secret_key, found.folders, found.pid) == ("a secret", (str(Path("x").resolve()),), os.getpid())
        assert "a secret" not in repr(found) + str(found)
    assert not list(place.iterdir())


def test_what_does_not_count(place):
    """Files of endpoints that were killed do not count and are removed; nor do those of other machines, nor others."""
    with running.announced(SCF, ["x"], pytest.fail):
        content = next(place.iterdir()).read_text()
        (place / "killed.json").write_text(content)
        (place / "other.json").write_text("{")
        assert len(running.all_running()) == 1
        assert not (place / "killed.json").exists()
        elsewhere = json.loads(content) | {"machine": "another"}
        next(place.glob(f"{os.getpid()}-*")).write_text(json.dumps(elsewhere))
        assert running.all_running() == []
        place.chmod(0o777)
        assert running.all_running() == []


def test_the_one_for_a_folder(place):
    """Of several endpoints the one is used whose folders are nearest; without such a one the error lists all."""
    with running.announced(SCF, ["/a"], pytest.fail), running.announced(SCF, ["/a/b", "/c"], pytest.fail):
        assert running.the_running(Path("/a/b/d")).folders == ("/a/b", "/c")
        assert running.the_running(Path("/a/x")).folders == ("/a",)
        with pytest.raises(running.SeveralRunningError) as caught:
            running.the_running(Path("/"))
    assert "serves /a\n" in str(caught.value) + "\n"
    assert "serves /a/b, /c" in str(caught.value)
    assert "a secret" not in str(caught.value)


def test_a_place_that_cannot_be_written(place, tmp_path):
    """If the file can be written nowhere, there is a notice, and the endpoint goes on."""
    (tmp_path / "state").write_text("")
    place.write_text("")
    notices = []
    with running.announced(SCF, ["x"], notices.append):
        assert len(notices) == 1
