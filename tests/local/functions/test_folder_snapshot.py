"""The files of a folder, listed and looked at again."""

import os
import time

import pytest

from tencentserverless.local.functions import folder_snapshot as module
from tencentserverless.local.functions.folder_snapshot import FolderSnapshot, folder_version


@pytest.fixture
def settled(folder, monkeypatch):
    """A function's folder, with one below it, that counts as unchanged for a while."""
    place = folder("one")
    (place / "inner").mkdir()
    (place / "inner" / "data").touch()
    monkeypatch.setattr(module, "SETTLED_NS", -1_000_000_000)
    return place


def test_what_has_not_changed(settled):
    """Nothing needs to be listed again while nothing changes."""
    listing = FolderSnapshot(str(settled))
    assert listing.is_current()
    assert len(listing.entries) == 2


def test_a_changed_file(settled):
    """A file that is written to is seen, although its folder has not changed."""
    listing = FolderSnapshot(str(settled))
    (settled / "inner" / "data").write_text("x")
    assert not listing.is_current()
    assert FolderSnapshot(str(settled)).entries != listing.entries


@pytest.mark.parametrize(
    "change",
    [
        lambda place: (place / "new").touch(),
        lambda place: (place / "inner" / "new").touch(),
        lambda place: (place / "inner" / "data").unlink(),
        lambda place: (place / "inner" / "data").rename(place / "inner" / "other"),
        lambda place: (place / "inner").rename(place / "outer"),
        lambda place: os.replace(place / "inner" / "data", place / "index.py"),
        lambda place: ((place / "new").touch(), os.utime(place, ns=(place.stat().st_atime_ns, 10**18))),
    ],
    ids=["new", "new below", "gone", "renamed", "folder renamed", "replaced", "time put back"],
)
def test_what_may_have_come_or_gone(settled, change):
    """Where a folder has changed it is listed again, and the change is found, whatever its time is set to."""
    os.utime(settled, ns=(settled.stat().st_atime_ns, 10**18))
    listing = FolderSnapshot(str(settled))
    change(settled)
    assert not listing.is_current()
    assert FolderSnapshot(str(settled)).entries != listing.entries


def test_a_folder_that_has_just_changed(folder):
    """A folder whose last change is recent is listed each time: another one could have the same time."""
    place = folder("one")
    assert not FolderSnapshot(str(place)).is_current()
    os.utime(place, (time.time() + 1000, time.time() + 1000))
    assert not FolderSnapshot(str(place)).is_current()


def test_links(settled, tmp_path):
    """Links that lead elsewhere now, or whose end comes or goes, are seen."""
    one, two = tmp_path / "one.txt", tmp_path / "two.txt"
    one.write_text("1")
    (settled / "link").symlink_to(one)
    listing = FolderSnapshot(str(settled))
    assert listing.is_current()
    one.unlink()
    assert not listing.is_current()
    gone = FolderSnapshot(str(settled))
    one.mkdir()
    assert not gone.is_current()
    one.rmdir()
    assert gone.is_current()
    two.touch()
    two.rename(one)
    assert not gone.is_current()


def test_a_folder_that_comes(tmp_path):
    """A folder that was not there is listed once it is."""
    place = tmp_path / "later"
    listing = FolderSnapshot(str(place))
    assert listing.is_current()
    assert listing.entries == ()
    place.mkdir()
    assert not listing.is_current()


def test_links_in_a_circle(folder, monkeypatch):
    """Links to the folder that they are in do not multiply what is looked at."""
    place = folder("one")
    looked = []
    scan = os.scandir
    monkeypatch.setattr(module.os, "scandir", lambda path: looked.append(path) or scan(path))
    for name in ("a", "b"):
        (place / name).symlink_to(".", target_is_directory=True)
    (place / "inner").mkdir()
    (place / "inner" / "up").symlink_to("..", target_is_directory=True)
    monkeypatch.setattr(module, "MOST_FILES", 1000)  # without the rule this ends too
    folder_version(str(place))
    assert looked == [str(place), str(place / "inner")]


def test_a_bound_of_files(folder, monkeypatch):
    """Of a folder that leads to a whole disk only the nearest files are looked at, the function's own first."""
    monkeypatch.setattr(module, "MOST_FILES", 10)
    place = folder("one")
    for number in range(20):
        (place / "deep" / str(number)).mkdir(parents=True)
        (place / "deep" / str(number) / "file").touch()
    before = folder_version(str(place))
    (place / "index.py").write_text("main_handler = repr")
    assert folder_version(str(place)) != before
    monkeypatch.setattr(module, "MOST_FILES", 1)
    before = folder_version(str(place))
    (place / "deep" / "0" / "file").write_text("x")
    assert folder_version(str(place)) == before


def test_a_link_to_the_whole_disk(folder):
    """A link to the top of the disk brings nothing of what is there."""
    place = folder("one")
    (place / "link").symlink_to(place.anchor, target_is_directory=True)
    assert [path for path, *_ in FolderSnapshot(str(place)).entries] == [str(place / "index.py"), str(place / "link")]


def test_a_link_to_where_the_folder_lies(folder):
    """What lies beside the folder is source where a link leads there."""
    place = folder("one")
    (place.parent / "common.py").touch()
    (place / "up").symlink_to("..", target_is_directory=True)
    assert str(place / "up" / "common.py") in [path for path, *_ in FolderSnapshot(str(place)).entries]


def test_a_drive_without_inodes(folder, monkeypatch):
    """Where folders cannot be told apart they are listed all the same."""
    place = folder("one")
    monkeypatch.setattr(module, "_folder_at", lambda _: (1, 0, 0, 0))
    assert [path for path, *_ in FolderSnapshot(str(place)).entries] == [str(place / "index.py")]
