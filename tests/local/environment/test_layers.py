"""Layers: what is put together, and what functions find of it."""

import asyncio
import json
import os
import socket
import tempfile
from pathlib import Path

import pytest

from tencentserverless.local import LocalSCF
from tencentserverless.local.environment import layers, mounts
from tencentserverless.local.environment.layers import Layers, merge
from tencentserverless.local.environment.scratch import Scratch
from tencentserverless.local.model.errors import FunctionFolderError
from tencentserverless.local.processes import fork_client
from tests.local.api_client import Api
from tests.local.worker.test_namespaces import in_namespaces

MANIFEST = "component: scf\nname: one\ninputs:\n  layers:\n"
CODE = """
import errno, os, sys

def main_handler(event, context):
    opt = os.environ["PYTHONPATH"].split(":")[1]
    if event == "fail":
        import shared
        shared.fail()
    if event == "write":
        try:
            open(os.path.join(opt, "written"), "w").close()
        except OSError as error:
            return errno.errorcode[error.errno]
    return {
        "opt": opt,
        "library": os.environ["LD_LIBRARY_PATH"].split(":")[1],
        "path": sys.path[1],
        "listed": sorted(os.listdir(opt)),
        "here": sorted(os.listdir(os.path.dirname(os.path.dirname(__file__)))),
        "who": sys.modules["shared"].WHO if "shared" in sys.modules else None,
    }
"""


def write(folder, **files):
    """A folder with these modules."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    return folder


def listed(folder):
    """What is below a folder: links by what they say, files by their content, folders by None."""
    found = {}
    for path in sorted(Path(folder).rglob("*")):
        name = path.relative_to(folder).as_posix()
        found[name] = f"-> {os.readlink(path)}" if path.is_symlink() else path.read_text() if path.is_file() else None
    return found


@pytest.fixture
def merged(tmp_path):
    """Merges folders into a new one."""

    def run(*folders):
        (tmp_path / "merged").mkdir()
        merge([str(folder) for folder in folders], str(tmp_path / "merged"))
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
    """Without layers the content is an empty folder; a single layer is used where it is, or misses."""
    content = Layers(scratch).content
    assert os.listdir(asyncio.run(content((), (), "scf-1"))) == []
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
        patch.setattr(mounts, "OPT", str(tmp_path))
        mounted = (f"{tmp_path}/tools/program", f"{tmp_path}/tools/python")
        made = asyncio.run(Layers(scratch).content((tmp_path / "layer",), mounted, "scf-1"))
    assert listed(made) == {"tools": None, "tools/program": "", "tools/python": None}


def test_folders_that_are_told(tmp_path):
    """Layers that are told to the endpoint are folders; their paths are made absolute."""
    assert layers.resolve_layers({"a": os.path.relpath(tmp_path)}) == {"a": tmp_path}
    with pytest.raises(FunctionFolderError, match="layer `a`: there is no folder"):
        layers.resolve_layers({"a": tmp_path / "gone"})


# What functions find.


@pytest.fixture(params=["with mounts", "without"])
def has_mounts(request, monkeypatch):
    """Whether instances have mounts of their own; both, where the system lets us choose."""
    if request.param == "without":
        monkeypatch.setattr(fork_client, "is_supported", lambda: False)
    elif not (fork_client.is_supported() and in_namespaces()):
        pytest.skip("this system allows no namespaces")
    return request.param == "with mounts"


def told(api, event=None):
    return json.loads(api.invoke("one", json.dumps(event))["RetMsg"])


def test_without_layers(folder, has_mounts):
    """A function without layers finds an empty folder."""
    folder("one", CODE)
    with LocalSCF(folder.path) as scf, Api(scf) as api:
        found = told(api)
    assert found["listed"] == []
    assert (found["opt"] == "/opt") == has_mounts


def test_two_layers(folder, tmp_path, has_mounts):
    """A function imports from its layers, the later one first, finds both in one folder, which is /opt to it and in
    its tracebacks; what is saved in a layer is live at the next invocation."""
    write(tmp_path / "first", shared="WHO = 'first'", only_first="")
    text = MANIFEST + "  - {name: first, version: 1}\n  - {name: second, version: 2, src: ../../second}\n"
    write(tmp_path / "second", shared="WHO = 'second'\ndef fail(): 1 / 0\n")
    folder("one", "import shared, only_first\n" + CODE, text)
    with LocalSCF(folder.path, layers={"first": tmp_path / "first"}) as scf, Api(scf) as api:
        found = told(api)
        assert (found["listed"], found["who"]) == (["only_first.py", "shared.py"], "second")
        assert found["opt"] == found["path"] == found["library"]
        assert (found["opt"] == "/opt") == has_mounts
        if has_mounts:
            assert told(api, "write") == "EROFS"
        assert 'File "/opt/shared.py", line 2, in fail' in told(api, "fail")["stackTrace"]
        write(tmp_path / "second", shared="WHO = 'saved'")
        assert told(api)["who"] == "saved"
        write(tmp_path / "first", new="")
        assert "new.py" in told(api)["listed"]
    assert listed(tmp_path / "first") == {"new.py": "", "only_first.py": "", "shared.py": "WHO = 'first'"}


def test_one_layer_below_tmp(folder, has_mounts):
    """A single layer is seen as /opt although it lies below /tmp, which is the instance's own."""
    with tempfile.TemporaryDirectory(dir="/tmp") as place:
        write(Path(place), shared="WHO = 'layer'\ndef fail(): 1 / 0\n")
        folder("one", "import shared\n" + CODE, MANIFEST + f"  - {{name: x, version: 1, src: {place}}}\n")
        with LocalSCF(folder.path) as scf, Api(scf) as api:
            assert told(api)["who"] == "layer"
            assert 'File "/opt/shared.py", line 2, in fail' in told(api, "fail")["stackTrace"]
            write(Path(place), shared="WHO = 'saved'")
            assert told(api)["who"] == "saved"
        assert os.listdir(place) == ["shared.py"]


@pytest.mark.skipif(not fork_client.is_supported(), reason="this system has no fork servers")
def test_what_an_instance_needs_stays_in_opt(tmp_path, monkeypatch):
    """Of what lies below /opt an instance sees what it needs, here its code, beside its layers, and nothing else."""
    if not in_namespaces():
        pytest.skip("this system allows no namespaces")
    with tempfile.TemporaryDirectory(dir="/var/tmp") as opt:
        monkeypatch.setattr(mounts, "OPT", opt)
        place = write(Path(opt) / "functions" / "one", index=CODE)
        write(Path(opt) / "functions" / "two", hidden="")
        write(tmp_path / "layer", shared="WHO = 'layer'")
        (place / "serverless.yml").write_text(MANIFEST + "  - {name: x, version: 1}\n")
        with LocalSCF(place, layers={"x": tmp_path / "layer"}) as scf, Api(scf) as api:
            found = told(api)
            assert told(api, "write") == "EROFS"
        assert (found["opt"], found["listed"], found["here"]) == (opt, ["functions", "shared.py"], ["one"])
        assert sorted(os.listdir(opt)) == ["functions"]


@pytest.mark.skipif(not fork_client.is_supported(), reason="this system has no fork servers")
def test_merged_layers_where_opt_is_left_alone(folder, tmp_path, monkeypatch):
    """An instance with mounts, but not over /opt, finds several layers too, and cannot write to them either."""
    if not in_namespaces():
        pytest.skip("this system allows no namespaces")
    monkeypatch.setattr(mounts, "OPT", str(tmp_path / "nothing"))
    write(tmp_path / "first", shared="WHO = 'first'")
    write(tmp_path / "second", other="")
    text = MANIFEST + "".join(f"  - {{name: {name}, version: 1, src: ../../{name}}}\n" for name in ("first", "second"))
    folder("one", CODE, text)
    with LocalSCF(folder.path) as scf, Api(scf) as api:
        found = told(api)
        assert found["listed"] == ["other.py", "shared.py"]
        assert told(api, "write") == "EROFS"
    assert listed(tmp_path / "first") == {"shared.py": "WHO = 'first'"}


def test_a_layer_that_vanishes(folder, tmp_path):
    """A function whose layer is gone cannot be started, and the message names the folder."""
    folder("one", CODE, MANIFEST + "  - {name: x, version: 1, src: ../../layer}\n" if write(tmp_path / "layer") else "")
    with LocalSCF(folder.path) as scf, Api(scf) as api:
        (tmp_path / "layer").rmdir()
        result = api.invoke("one")
    assert "could not be started" in result["RetMsg"]
    assert str(tmp_path / "layer") in result["RetMsg"]


def test_layers_in_this_interpreter(folder, tmp_path):
    """With `in_process` the modules of layers are found too, the later layer's first."""
    write(tmp_path / "first", layered_shared="WHO = 'first'", layered_first="")
    write(tmp_path / "second", layered_shared="WHO = 'second'")
    code = "import layered_shared, layered_first\ndef main_handler(event, context): return layered_shared.WHO\n"
    text = MANIFEST + "".join(f"  - {{name: {name}, version: 1, src: ../../{name}}}\n" for name in ("first", "second"))
    folder("one", code, text)
    with LocalSCF(folder.path, in_process=True) as scf, Api(scf) as api:
        assert told(api) == "second"
        write(tmp_path / "second", layered_shared="WHO = 'saved'")
        assert told(api) == "saved"


def test_a_layer_that_nobody_names(folder, tmp_path):
    """A layer that is told and that no serverless.yml names is a notice."""
    notices = []
    folder("one", CODE, MANIFEST + "  - {name: x, version: 1}\n")
    with LocalSCF(folder.path, layers={"y": tmp_path}, notify=notices.append):
        pass
    assert "serverless.yml:5: layer `x` has no folder" in notices[0]
    assert notices[1] == "layer `y` is not used: no serverless.yml names it"
