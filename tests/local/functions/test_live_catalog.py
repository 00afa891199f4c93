"""The functions of folders as those are now."""

import os
import shutil
import time

import pytest

from tencentserverless.local.functions import live_catalog, look_pace
from tencentserverless.local.functions.folders import from_handler, read
from tencentserverless.local.functions.live_catalog import LiveCatalog
from tencentserverless.local.model.errors import FunctionFolderError

MANIFEST = "component: scf\nname: {}\ninputs:\n  timeout: {}\n"
HERE = ("ap-guangzhou", "default")


@pytest.fixture
def notices():
    return []


@pytest.fixture
def served(folder, notices):
    """Makes the catalog of all functions that `folder` has written."""
    return lambda **more: LiveCatalog([folder.path], notices.append, {}, **more)


def test_a_saved_configuration_counts(folder, served, notices):
    """A saved serverless.yml is what is found next, and a broken one leaves the one before, which is told once."""
    place = folder("one", manifest=MANIFEST.format("one", 3))
    catalog = served()
    assert catalog.get((*HERE, "one")).timeout == 3
    folder("one", manifest=MANIFEST.format("one", 10))
    assert catalog.get((*HERE, "one")).timeout == 10
    folder("one", manifest=MANIFEST.format("one", -1))
    assert [catalog.get((*HERE, "one")).timeout for _ in "ab"] == [10, 10]
    assert [(str(place / "serverless.yml:4") in notice, "stays" in notice) for notice in notices] == [(True, True)]


def test_a_configuration_of_the_same_time(folder, served):
    """A configuration that is saved in place with the size and the time of the one before counts."""
    path = folder("one", manifest=MANIFEST.format("one", 3)) / "serverless.yml"
    os.utime(path, (10**9, 10**9))
    catalog = served()
    path.write_text(MANIFEST.format("one", 4))
    os.utime(path, (10**9, 10**9))
    assert catalog.get((*HERE, "one")).timeout == 4


@pytest.mark.parametrize("deployed", [False, True])
def test_a_link_that_leads_elsewhere(folder, notices, deployed):
    """A link in the path of the folders is followed at each request, as `current` is in many deployments."""
    for name in ("v1", "v2"):
        folder(f"{name}/one").joinpath("version.txt").write_text(name)
    link = folder.path / "current"
    link.symlink_to("v1", target_is_directory=True)
    catalog = LiveCatalog([] if deployed else [link], notices.append, {})
    if deployed:
        catalog.deploy(read([link], notices.append), link)
    seen = []
    for name in ("v1", "v2", "v1"):
        link.unlink()
        link.symlink_to(name, target_is_directory=True)
        seen.append((catalog.get((*HERE, "one")).code / "version.txt").read_text())
    assert (seen, notices) == (["v1", "v2", "v1"], [])


def test_a_function_that_is_named_by_a_link(folder, notices):
    """A function has the name of the link that leads to its folder, also after the link leads to another one."""
    for name in ("1", "2"):
        folder(f"releases/{name}")
    link = folder.path / "current"
    link.symlink_to("releases/1", target_is_directory=True)
    catalog = LiveCatalog([link], notices.append, {})
    for name in ("1", "2"):
        link.unlink()
        link.symlink_to(f"releases/{name}", target_is_directory=True)
        assert catalog.get((*HERE, "current")).code == folder.path / "releases" / name
    assert notices == []


def test_what_is_the_same_stays_the_same(folder, served):
    """A configuration that is saved as it was is the same object, so that warm instances stay."""
    place = folder("one", manifest=MANIFEST.format("one", 3))
    catalog = served()
    before = catalog.get((*HERE, "one"))
    os.utime(place / "serverless.yml", (1, 1))
    assert catalog.get((*HERE, "one")) is before


def test_a_function_gets_a_configuration(folder, served):
    """A serverless.yml that is put beside a function counts, and so does that it is taken away again."""
    place = folder("one")
    catalog = served()
    assert catalog.get((*HERE, "one")).timeout == 3
    folder("one", manifest=MANIFEST.format("one", 9))
    assert catalog.get((*HERE, "one")).timeout == 9
    (place / "serverless.yml").unlink()
    assert catalog.get((*HERE, "one")).timeout == 3


def test_a_function_that_is_new(folder, served, notices):
    """A function that was added is found when it is asked for and when all are listed."""
    folder("one")
    catalog = served()
    assert catalog.get((*HERE, "two")) is None
    folder("two")
    folder("three")
    assert catalog.get((*HERE, "two")).name == "two"
    assert sorted(function.name for function in catalog.inside(*HERE)) == ["one", "three", "two"]
    assert notices == []


def test_new_ones_that_are_broken_are_told_once(folder, served, notices):
    """What is wrong with a new function is told when it is first seen and when it has changed, and nobody suffers."""
    folder("one")
    catalog = served()
    place = folder("two", manifest=MANIFEST.format("one", 3))
    folder("three", manifest=MANIFEST.format("three", -1))
    folder("签到")
    assert [catalog.get((*HERE, "none")) for _ in "ab"] == [None, None]
    assert [
        any(part in notice for notice in notices) for part in ("not a valid function name", "declared twice", "yml:4")
    ] == [True] * 3
    assert len(notices) == 3
    (place / "serverless.yml").write_text(MANIFEST.format("two", 3))
    assert catalog.get((*HERE, "two")).code == place
    assert len(notices) == 3


def test_a_function_that_has_another_name_now(folder, served, notices):
    """A function that was renamed is found by its new name, and not by its old one."""
    folder("one", manifest=MANIFEST.format("one", 3))
    catalog = served()
    folder("one", manifest=MANIFEST.format("other", 3))
    assert catalog.get((*HERE, "other")).name == "other"
    assert catalog.get((*HERE, "one")) is None
    assert notices == ["one (ap-guangzhou, default) is now other (ap-guangzhou, default)"]


def test_a_name_that_is_taken(folder, served, notices):
    """Who has a name keeps it; who wants it keeps what it had, which is told once, and gets it when it is free."""
    folder("one", manifest=MANIFEST.format("aa", 3))
    place = folder("two", manifest=MANIFEST.format("bb", 3))
    catalog = served()
    folder("one", manifest=MANIFEST.format("bb", 5))
    assert [catalog.get((*HERE, name)).timeout for name in ("aa", "bb") * 2] == [3] * 4
    assert [notice.partition(":")[0] for notice in notices] == ["bb (ap-guangzhou, default) is declared twice"]
    folder("two", manifest=MANIFEST.format("aa", 7))
    assert [catalog.get((*HERE, name)).timeout for name in ("aa", "bb")] == [7, 5]
    shutil.rmtree(place)
    assert catalog.get((*HERE, "aa")) is None
    assert catalog.get((*HERE, "bb")).timeout == 5


def test_a_function_that_is_gone(folder, served, notices):
    """A function whose folder is gone is no more, until it is there again."""
    place = folder("one")
    folder("two")
    catalog = served()
    shutil.rmtree(place)
    assert catalog.get((*HERE, "one")) is None
    assert [function.name for function in catalog.inside(*HERE)] == ["two"]
    assert notices == [f"one (ap-guangzhou, default) is gone: {place} is not a function any more"]
    folder("one")
    assert catalog.get((*HERE, "one")).code == place


def test_a_function_that_has_moved(folder, served):
    """A function whose folder has another name now is there all the time, listed or asked for."""
    place = folder("one", manifest=MANIFEST.format("aa", 3))
    catalog = served()
    moved = place.rename(place.with_name("two"))
    assert catalog.get((*HERE, "aa")).code == moved
    moved.rename(place)
    assert [function.code for function in catalog.inside(*HERE)] == [place]


def test_a_function_whose_manifest_was_all(folder, served):
    """A folder without serverless.yml and index.py is no function, though one was there."""
    place = folder("one", manifest="component: scf\nname: one\ninputs: {src: code}\n")
    (place / "code").mkdir()
    (place / "index.py").rename(place / "code" / "index.py")
    folder("two")
    catalog = served()
    (place / "serverless.yml").unlink()
    assert catalog.get((*HERE, "one")) is None


def test_a_function_that_is_broken_stays(folder, served):
    """A known function whose code lacks its handler for a while stays one: its invocation says what is wrong."""
    place = folder("one")
    catalog = served()
    (place / "index.py").write_text("def main_hand")
    (place / "other.py").touch()
    assert catalog.get((*HERE, "one")).code == place


def test_a_folder_that_became_several(folder, notices):
    """A path that led to one function and now holds others serves those."""
    folder(".")
    catalog = LiveCatalog([folder.path], notices.append, {})
    (folder.path / "index.py").unlink()
    folder("one")
    assert [function.name for function in catalog.inside(*HERE)] == ["one"]


def test_a_folder_of_functions_that_becomes_one(folder, served):
    """Functions are not lost because something that looks like a function was put beside them."""
    folder("one")
    catalog = served()
    folder(".", manifest="component: website\n")
    assert [function.name for function in catalog.inside(*HERE)] == ["one"]


def test_only_what_has_changed_is_read(folder, served, monkeypatch):
    """A file that is put beside the code of one function has no other one read, and a second look reads nothing."""
    place, _ = folder("one"), folder("two")
    catalog = served()
    both = [catalog.get((*HERE, name)) for name in ("one", "two")]
    looked = []
    look = live_catalog.FolderReader.read_folder
    monkeypatch.setattr(
        live_catalog.FolderReader, "read_folder", lambda reader, place: looked.append(place) or look(reader, place)
    )
    (place / "data").touch()
    assert [catalog.get((*HERE, name)) for name in ("one", "two") * 2] == both * 2
    assert looked == [place]


@pytest.mark.parametrize("value", ["2024-02-30", "!!python/object:os.system {}", "[" * 2000, '"\\0"'])
def test_one_that_cannot_be_read_is_no_matter_for_others(folder, served, notices, value):
    """Whatever is wrong with a serverless.yml, others are served and listed, and it is told once."""
    folder("one")
    catalog = served()
    folder("bad", manifest=f"component: scf\nname: bad\ninputs:\n  src: {value}\n")
    folder("two")
    assert catalog.get((*HERE, "two")).name == "two"
    assert [function.name for function in catalog.inside(*HERE)] == ["one", "two"]
    assert [str(folder.path / "bad") in notice for notice in notices] == [True]
    folder("one", manifest=f"component: scf\nname: one\ninputs:\n  src: {value}\n")
    assert [catalog.get((*HERE, "one")).timeout for _ in "ab"] == [3, 3]
    assert [notice.endswith("(the old configuration stays in use)") for notice in notices] == [False, True]


def test_notices_of_a_configuration(folder, served, notices):
    """What is to be noticed about a configuration is told when it is saved, also where it changes nothing."""
    folder("one", manifest=MANIFEST.format("one", 3))
    catalog = served()
    folder("one", manifest=MANIFEST.format("one", 3) + "  memorysize: 256\n")
    assert [catalog.get((*HERE, "one")).memory_mb for _ in "ab"] == [128, 128]
    assert [("memorysize" in notice) for notice in notices] == [True]


def test_what_was_told_at_the_start_is_not_told_again(folder, served, notices):
    """The first look at a function repeats no notice of the start."""
    folder("one", manifest=MANIFEST.format("one", 3) + "  memorysize: 256\n")
    catalog = served()
    assert catalog.get((*HERE, "one")).memory_mb == 128
    assert len(notices) == 1


def test_a_function_that_is_deployed_again(folder, served, notices):
    """A folder that is deployed again under another name is one function."""
    place = folder("one", manifest=MANIFEST.format("aa", 3))
    catalog = served()
    folder("one", manifest=MANIFEST.format("bb", 3))
    catalog.deploy(read([place], notices.append), place)
    assert [function.name for function in catalog] == ["bb"]
    assert catalog.get((*HERE, "aa")) is None
    assert catalog.get((*HERE, "bb")).code == place


def test_an_old_look_is_good_for_what_came_before(folder, served):
    """Who came before the last look gets what it saw; who came after it has the place looked at again."""
    folder("one")
    came = [time.monotonic()]
    catalog = served(since=lambda: came[0])
    catalog.get((*HERE, "one"))
    folder("one", manifest=MANIFEST.format("one", 9))
    assert catalog.get((*HERE, "one")).timeout == 3
    came[0] = time.monotonic()
    assert catalog.get((*HERE, "one")).timeout == 9


def test_nothing_to_serve(tmp_path):
    """Paths that lead to no function are an error at the start."""
    with pytest.raises(FunctionFolderError, match="no function here"):
        LiveCatalog([tmp_path], print, {})


def test_a_crowd_of_folders_is_looked_at_less_often(folder, served, monkeypatch):
    """Where many folders could be functions one that is missing does not have them all looked at every time."""
    folder("one")
    catalog = served()
    monkeypatch.setattr(live_catalog, "MANY", 0)
    monkeypatch.setattr(look_pace, "REST_FACTOR", 1e9)
    (folder.path / "empty").mkdir()
    assert catalog.get((*HERE, "two")) is None
    folder("two")
    assert catalog.get((*HERE, "two")) is None
    monkeypatch.setattr(catalog, "_pace", look_pace.LookPace())
    assert catalog.get((*HERE, "two")).name == "two"


def test_what_was_deployed_over_a_function_stays(folder, served, notices):
    """A function in whose place another one was deployed does not come back, and is no matter for a notice."""
    folder("one")
    catalog = served()
    stand_in = from_handler(len, "one", *HERE, {})
    catalog.deploy([stand_in])
    assert catalog.get((*HERE, "none")) is None
    assert catalog.get((*HERE, "one")) is stand_in
    assert notices == []
    catalog.deploy(read([folder("one")], notices.append))
    assert catalog.get((*HERE, "one")).call is None


def test_other_files_that_count(folder, served, notices):
    """A `.env` file and the project's own file count at the next request: when they are added and when they change."""
    text = "component: scf\nname: one\ninputs:\n  name: ${app}-x\n  environment: {variables: {A: '${env:NOT_SET}'}}\n"
    folder("one", manifest=text)
    catalog = served()
    assert catalog.get((*HERE, "one-x")).variables == {}
    (folder.path / "serverless.yml").write_text("app: shop\n")
    assert catalog.get((*HERE, "one-x")) is None
    assert catalog.get((*HERE, "shop-x")).variables == {}
    for value in ("first", "second"):
        (folder.path / ".env").write_text(f"NOT_SET={value}\n")
        assert catalog.get((*HERE, "shop-x")).variables == {"A": value}
    assert "is now shop-x" in "".join(notices)


def test_several_functions_in_a_file(folder, served, notices):
    """Functions of one file come, change and go on their own, and one with a mistake stays as it was."""
    text = "component: multi-scf\nname: p\ninputs:\n  functions:\n    aa: {{name: aa, timeout: {}}}\n    {}\n"
    place = folder("p", manifest=text.format(3, "bb: {name: bb}"))
    catalog = served()
    first, second = catalog.get((*HERE, "aa")), catalog.get((*HERE, "bb"))
    (place / "serverless.yml").write_text(text.format(0, "bb: {name: bb, timeout: 9}"))
    assert (catalog.get((*HERE, "aa")), catalog.get((*HERE, "bb")).timeout) == (first, 9)
    assert any(notice.endswith("(the old configuration stays in use)") for notice in notices)
    (place / "serverless.yml").write_text(text.format(7, "cc: {name: cc}"))
    assert [catalog.get((*HERE, name)) is not None for name in ("aa", "bb", "cc")] == [True, False, True]
    assert (catalog.get((*HERE, "aa")).timeout, second.timeout) == (7, 3)
    assert any("does not declare it any more" in notice for notice in notices)
