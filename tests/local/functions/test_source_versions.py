"""Whether code has changed."""

import os
import time
from dataclasses import replace

import pytest

from tencentserverless.local.functions import folder_snapshot, folder_watch
from tencentserverless.local.functions import source_versions as module
from tencentserverless.local.functions.folder_snapshot import folder_version
from tencentserverless.local.functions.folders import read
from tencentserverless.local.functions.source_versions import SourceVersions
from tencentserverless.local.model.function import Layer


def test_an_old_look_is_good_for_what_came_before(folder):
    """Who came before the last look gets what it saw; who came after it has the folder looked at again."""
    (function,) = read([folder("one")], print)
    sources = SourceVersions()
    before = time.monotonic()
    version = sources.of_function(function)
    (function.code / "new.py").touch()
    assert sources.of_function(function, before) == version
    assert sources.of_function(function, time.monotonic()) != version


def test_every_kind_of_change_is_seen(folder):
    """A file changed, added, removed, renamed or put in another's place gives another version; looking does not."""
    place = folder("one")
    sources, versions = SourceVersions(), []

    def look():
        versions.append(sources.of_folder(str(place)))
        assert sources.of_folder(str(place)) == versions[-1]

    look()
    (place / "index.py").write_text("def main_handler(event, context):\n    return 2\n")
    look()
    (place / "inner").mkdir()
    (place / "inner" / "data.json").write_text("{}")
    look()
    (place / "inner" / "data.json").rename(place / "inner" / "other.json")
    look()
    (place / "inner" / "other.json").unlink()
    look()
    same = (place / "index.py").stat()
    (place / "new").write_bytes((place / "index.py").read_bytes())
    os.utime(place / "new", ns=(same.st_atime_ns, same.st_mtime_ns))
    os.replace(place / "new", place / "index.py")
    look()
    assert versions[4] == versions[1]  # as before the additions
    assert len(set(versions)) == 5


SAVES = {
    "written": lambda path: path.write_text("bbb"),
    "in place with its time": lambda path: (path.write_text("bbb"), os.utime(path, (10**9, 10**9))),
    "renamed over": lambda path: (path.with_name("new").write_text("bbb"), os.replace(path.with_name("new"), path)),
    "by another name": lambda path: (path.parent.parent / "outside" / "hard").write_text("bbb"),
    "where a link leads": lambda path: (path.parent.parent / "outside" / "end").write_text("bbb"),
    "a folder below": lambda path: (path.parent / "below" / "new.py").touch(),
    "gone": lambda path: path.unlink(),
    "the folder replaced": lambda path: (path.parent.rename(f"{path.parent}.old"), path.parent.mkdir()),
}


@pytest.mark.parametrize("files", [1, 8], ids=["small", "big"])
@pytest.mark.parametrize("watches", [True, False], ids=["watched", "read"])
@pytest.mark.parametrize("save", SAVES.values(), ids=SAVES)
def test_saved_means_saved(tmp_path, monkeypatch, save, watches, files):
    """However many files a folder has, and however one of them is saved, the next look sees it, watched or not."""
    if not watches:
        monkeypatch.setattr(folder_watch, "watch", lambda: None)
    monkeypatch.setattr(folder_snapshot, "MANY", 5)
    place, outside = tmp_path / "one", tmp_path / "outside"
    outside.mkdir()
    (place / "below").mkdir(parents=True)
    for number in range(files):
        (place / "below" / f"{number}.py").touch()
    path = place / "index.py"
    path.write_text("aaa")
    if save is SAVES["by another name"]:
        os.link(path, outside / "hard")
    elif save is SAVES["where a link leads"]:
        path.rename(outside / "end")
        path.symlink_to(outside / "end")
    os.utime(path, (10**9, 10**9))
    sources = SourceVersions()
    before = {sources.of_folder(str(place)) for _ in range(3)}
    snapshot = sources._folders[str(place), False]
    assert snapshot.is_watched == (watches and files > 5)
    assert snapshot.is_current() == (watches or files < 5) or not snapshot._is_settled
    save(path)
    after = {sources.of_folder(str(place)) for _ in range(3)}
    assert (len(before), len(after), before & after) == (1, 1, set())
    sources.close()


def test_what_is_kept_is_bounded(tmp_path, monkeypatch):
    """The snapshots of very many folders are not all kept, nor are the watches of big ones; nothing is missed."""
    monkeypatch.setattr(module, "MOST_ENTRIES", 20)
    monkeypatch.setattr(module, "MOST_FOLDERS", 8)
    monkeypatch.setattr(module, "MOST_WATCHES", 2)
    monkeypatch.setattr(folder_snapshot, "MANY", 3)
    sources, places = SourceVersions(), [tmp_path / str(number) for number in range(12)]
    for place in places:
        place.mkdir()
        for number in range(2 + 4 * (place.name in "0123")):
            (place / f"{number}.py").touch()
    before = [sources.of_folder(str(place)) for _ in range(3) for place in places]
    kept = sources._folders.values()
    assert len(kept) <= 8
    assert sum(len(snapshot.entries) for snapshot in kept) <= 20
    assert sum(snapshot.is_watched for snapshot in kept) <= 2
    assert before == before[:12] * 3
    (places[0] / "0.py").write_text("x")
    assert sources.of_folder(str(places[0])) != before[0]
    sources.close()


def test_caches_and_hidden_files_are_no_source(folder):
    """What Python, git and editors leave in a folder does not restart instances."""
    place = folder("one")
    sources = SourceVersions()
    before = sources.of_folder(str(place))
    for name in ("__pycache__", ".git", ".venv", "node_modules"):
        (place / name).mkdir()
        (place / name / "file").write_text("x")
    (place / ".index.py.swp").write_text("x")
    assert sources.of_folder(str(place)) == before
    (place / ".env").write_text("A=1")
    assert sources.of_folder(str(place)) != before


def test_linked_packages_are_source(folder, tmp_path):
    """A change in a folder that a function links to is seen, under each of its names, and so is a link that goes."""
    place, package = folder("one"), tmp_path / "package"
    package.mkdir()
    (package / "module.py").touch()
    for name in ("first", "second"):
        (place / name).symlink_to(package, target_is_directory=True)
    sources = SourceVersions()
    seen = {sources.of_folder(str(place))}
    (package / "module.py").write_text("x = 1\n")
    seen.add(sources.of_folder(str(place)))
    for name in ("second", "first"):
        (place / name).unlink()
        seen.add(sources.of_folder(str(place)))
    assert len(seen) == 4


def test_a_folder_that_vanished(tmp_path):
    """A folder that is gone has a version too: the instance's start will say what is wrong."""
    assert isinstance(SourceVersions().of_folder(str(tmp_path / "gone")), int)


def test_layers_count_as_source(folder, tmp_path):
    """The version of a function changes with its code, with what its layers hold, and with their order."""
    (function,) = read([folder("one")], print)
    folders = [tmp_path / name for name in ("first", "second")]
    layers = [Layer(place.name, 1, place) for place in folders]
    for place in folders:
        place.mkdir()
        (place / f"{place.name}.py").touch()
    sources = SourceVersions()
    seen = {sources.of_function(function), sources.of_function(replace(function, layers=(layers[0], layers[1])))}
    seen.add(sources.of_function(replace(function, layers=(layers[1], layers[0]))))
    (folders[1] / "new.py").touch()
    seen.add(sources.of_function(replace(function, layers=(layers[0], layers[1]))))
    (function.code / "index.py").write_text("main_handler = repr")
    seen.add(sources.of_function(function))
    assert len(seen) == 5
    assert folder_version(str(folders[1])) == sources.of_folder(str(folders[1]), is_layer=True)
