"""Whether code has changed."""

import os
import time
from dataclasses import replace

from tencentserverless.local.functions.folder_snapshot import folder_version
from tencentserverless.local.functions.folders import read
from tencentserverless.local.functions.source_versions import SourceVersions
from tencentserverless.local.model.function import Layer
from tests.local.process_table import until


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


def test_large_folders_are_looked_at_less_often(folder):
    """In a folder of many files a change may be seen a moment later, so that looking stays cheap."""
    place = folder("one")
    for number in range(600):
        (place / f"{number}.txt").touch()
    sources = SourceVersions()
    before = sources.of_folder(str(place))
    (place / "new.txt").touch()
    until(lambda: sources.of_folder(str(place)) != before)


def test_caches_and_hidden_files_are_no_source(folder):
    """What Python, git and editors leave in a folder does not restart instances."""
    place = folder("one")
    sources = SourceVersions()
    before = sources.of_folder(str(place))
    for name in ("__pycache__", ".git", "node_modules"):
        (place / name).mkdir()
        (place / name / "file").write_text("x")
    (place / ".index.py.swp").write_text("x")
    assert sources.of_folder(str(place)) == before


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
    assert folder_version(str(folders[1])) == sources.of_folder(str(folders[1]))
