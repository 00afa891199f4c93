"""Layers as functions find them."""

import json
import os
import tempfile
from pathlib import Path

import pytest

from tencentserverless.local import LocalSCF
from tests.local.api_client import Api
from tests.local.layer_folders import listed, write

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


# What functions find.


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


def test_what_an_instance_needs_stays_in_opt(tmp_path, possible):
    """Of what lies below /opt an instance sees what it needs, here its code, beside its layers, and nothing else."""
    if not os.access("/opt", os.W_OK):
        pytest.skip("nothing can be written to /opt")
    with tempfile.TemporaryDirectory(dir="/opt") as opt:
        place = write(Path(opt) / "functions" / "one", index=CODE)
        write(Path(opt) / "functions" / "two", hidden="")
        write(tmp_path / "layer", shared="WHO = 'layer'")
        (place / "serverless.yml").write_text(MANIFEST + "  - {name: x, version: 1}\n")
        with LocalSCF(place, layers={"x": tmp_path / "layer"}) as scf, Api(scf) as api:
            found = told(api)
            assert told(api, "write") == "EROFS"
        assert (found["opt"], found["listed"], found["here"]) == ("/opt", sorted([opt[5:], "shared.py"]), ["one"])
        assert sorted(os.listdir(opt)) == ["functions"]


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
