"""Watches of single folders."""

import os
import sys

import pytest

from tencentserverless.local.functions import folder_watch

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="inotify is of Linux")


def test_changes_are_there_at_once(tmp_path):
    """After each change, and not before, a watch is not quiet, and stays so; reading is no change."""
    (tmp_path / "file").write_text("a")
    (tmp_path / "below").mkdir()
    changes = [
        lambda: (tmp_path / "file").write_text("b"),
        lambda: os.utime(tmp_path / "file", (1, 1)),
        lambda: (tmp_path / "file").rename(tmp_path / "other"),
        lambda: (tmp_path / "other").unlink(),
        lambda: (tmp_path / "new").touch(),
        lambda: (tmp_path / "below").rmdir(),
        lambda: tmp_path.rename(tmp_path.with_name("moved")),
    ]
    for change in changes:
        watch = folder_watch.watch()
        assert watch.add(str(tmp_path))
        os.listdir(tmp_path)
        if (tmp_path / "file").exists():
            (tmp_path / "file").read_text()
        assert watch.is_quiet()
        change()
        assert not watch.is_quiet()
        assert not watch.is_quiet()
        watch.close()
        watch.close()


def test_what_cannot_be_watched(tmp_path):
    """Neither a folder that is missing nor one of a file system that others change is watched."""
    watch = folder_watch.watch()
    assert not watch.add(str(tmp_path / "missing"))
    assert not watch.add("/proc")
    watch.close()
    assert not watch.is_quiet()
