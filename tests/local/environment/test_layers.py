"""Layers: what is put together."""

import asyncio
import os
import socket

import pytest

from tencentserverless.local.environment import layers
from tencentserverless.local.environment.layers import Layers, merge_into
from tencentserverless.local.environment.scratch import Scratch
from tencentserverless.local.model.errors import FunctionFolderError
from tests.local.layer_folders import listed, write


@pytest.fixture
def merged(tmp_path):
    """Merges folders into a new one."""

    def run(*folders):
        (tmp_path / "merged").mkdir()
        for folder in folders:
            merge_into(str(folder), str(tmp_path / "merged"))
        return tmp_path / "merged"

    return run


def test_later_layers_win(tmp_path, merged):
    """Files of all layers are there, of a file in two of them the later one's, and the layers stay as they are."""
    first = write(tmp_path / "first", shared="1", only_first="1")
    write(first / "package", a="1", b="1")
    second = write(tmp_path / "second", shared="2")
    write(second / "package", b="2", c="2")
    before = listed(first), listed(second)
    assert listed(merged(first, second)) == {
        "only_first.py": "1",
        "package": None,
        "package/a.py": "1",
        "package/b.py": "2",
        "package/c.py": "2",
        "shared.py": "2",
    }
    assert (listed(first), listed(second)) == before


@pytest.mark.parametrize("kind", ["file", "link to a folder", "folder", "link to nothing"])
@pytest.mark.parametrize("over", ["file", "link to a folder", "folder", "link to nothing"])
def test_one_kind_over_another(tmp_path, merged, kind, over):
    """Whatever an earlier layer has under a name, a later one's takes its place, and what a link leads to is left
    alone; two folders become one."""
    outside = write(tmp_path / "outside", stays="1")
    folders = []
    for number, what in enumerate((kind, over)):
        place = tmp_path / str(number)
        place.mkdir()
        if what == "folder":
            write(place / "x", **{f"of_{number}": ""})
        elif what == "file":
            (place / "x").write_text(str(number))
        else:
            (place / "x").symlink_to(outside if what == "link to a folder" else "nothing")
        folders.append(place)
    expected = listed(folders[1]) if (kind, over) != ("folder", "folder") else listed(folders[0]) | listed(folders[1])
    assert listed(merged(*folders)) == expected
    assert listed(outside) == {"stays.py": "1"}


def test_links_stay_links(tmp_path, merged):
    """A link that leads out of its layer is a link in the merged folder; what it leads to is not copied."""
    first = write(tmp_path / "first")
    (first / "out").symlink_to("/etc")
    (first / "beside").symlink_to("../second")
    found = listed(merged(first, write(tmp_path / "second", a="")))
    assert found == {"a.py": "", "beside": "-> ../second", "out": "-> /etc"}


def test_a_disk_without_links(tmp_path, merged, monkeypatch):
    """Where files cannot be linked they are copied, and a socket is passed over."""
    monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(OSError("another disk")))
    first = write(tmp_path / "first", a="1")
    monkeypatch.chdir(first)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        assert listed(merged(first)) == {"a.py": "1"}


@pytest.fixture
def scratch():
    made = Scratch()
    yield made
    made.remove()


def test_none_and_one(tmp_path, scratch):
    """Without layers there is no folder, whatever is mounted; a single layer is used where it is, or misses."""
    content = Layers(scratch).content
    assert asyncio.run(content((), ("/opt/python",), "scf-1")) == ""
    assert asyncio.run(content((tmp_path,), (), "scf-1")) == str(tmp_path)
    with pytest.raises(FileNotFoundError):
        asyncio.run(content((tmp_path / "gone",), (), "scf-1"))


def test_several_are_merged_once(tmp_path, scratch):
    """Layers are merged once until something in one of them changes, and a merged folder goes after its instances."""
    folders = (write(tmp_path / "first", a="1"), write(tmp_path / "second", b="1"))
    made = Layers(scratch)

    def content(holder):
        return asyncio.run(made.content(folders, (), holder))

    old = content("scf-1")
    assert content("scf-2") == old
    write(folders[1], b="22")
    new = content("scf-3")
    assert old != new
    assert listed(new) == {"a.py": "1", "b.py": "22"}
    made.release("scf-1")
    write(folders[0], a="333")
    content("scf-4")
    assert os.path.exists(old)
    made.release("scf-2")
    write(folders[0], a="4444")
    content("scf-5")
    assert not os.path.exists(old)
    assert os.path.exists(new)


def test_a_merge_that_fails_leaves_nothing(tmp_path, scratch):
    """Layers that cannot be read are an error, and the begun folder is removed."""
    with pytest.raises(FileNotFoundError):
        asyncio.run(Layers(scratch).content((write(tmp_path / "first", a=""), tmp_path / "gone"), (), "scf-1"))
    assert os.listdir(scratch.folder / "layers") == []


def test_mount_points(tmp_path, scratch):
    """For what must stay in /opt there are places of its kind, in the way of which no layer is."""
    write(tmp_path / "tools" / "python")
    (tmp_path / "tools" / "program").touch()
    (tmp_path / "layer").mkdir()
    (tmp_path / "layer" / "tools").symlink_to("/etc")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layers, "LAYERS_SHOWN_AS", str(tmp_path))
        mounted = (f"{tmp_path}/tools/program", f"{tmp_path}/tools/python")
        made = asyncio.run(Layers(scratch).content((tmp_path / "layer",), mounted, "scf-1"))
    assert listed(made) == {"tools": None, "tools/program": "", "tools/python": None}


def test_folders_that_are_told(tmp_path):
    """Layers that are told to the endpoint are folders; their paths are made absolute."""
    assert layers.resolve_layers({"a": os.path.relpath(tmp_path)}) == {"a": tmp_path}
    with pytest.raises(FunctionFolderError, match="layer `a`: there is no folder"):
        layers.resolve_layers({"a": tmp_path / "gone"})
