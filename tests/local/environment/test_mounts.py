"""What an instance sees of `/tmp` and `/opt`."""

import pytest

from tencentserverless.local.environment import mounts
from tencentserverless.local.environment.mounts import OPT, TMP, TMP_BYTES, ScratchPaths, View
from tencentserverless.local.processes.interpreters import Interpreter
from tencentserverless.local.processes.worker_file import BOOTSTRAP

OWN = ScratchPaths("/scratch", "/scratch/tmp", "/scratch/home", ("/scratch/sdk", "/scratch/trust"), ("/scratch/lock",))


@pytest.fixture
def place(tmp_path):
    """A folder with some of what there may be."""
    for name in ("tools/python/bin", "tools/python-old", "app/code"):
        (tmp_path / name).mkdir(parents=True)
    return tmp_path


def test_what_is_kept(place):
    """Of a folder the outermost of the needed places stay, what does not exist and what lies elsewhere do not."""
    needed = {f"{place}/{name}" for name in ("tools/python", "tools/python-old", "tools/python/bin", "gone")}
    outermost = (f"{place}/tools/python", f"{place}/tools/python-old")
    assert mounts.visible_below(str(place), needed | {"/elsewhere"}) == outermost
    assert mounts.visible_below(str(place), ()) == ()


def test_what_cannot_be_covered(place):
    """A folder that is needed itself is left alone, and so are a link and what is not there."""
    (place / "link").symlink_to(place / "app")
    for name in ("app", "link", "gone"):
        assert mounts.visible_below(f"{place}/{name}", {f"{place}/app"}) is None


def test_what_is_needed(place):
    """An instance needs its folders, what links in them lead to, its interpreter, and what the endpoint lends it."""
    (place / "app" / "code" / "library").symlink_to(place / "tools")
    interpreter = Interpreter(f"{place}/tools/python/bin/python", (3, 10))
    needed = mounts.needed_paths([f"{place}/app/code"], interpreter, ["/lent"])
    assert {f"{place}/app/code", f"{place}/tools", f"{place}/tools/python", "/lent"} <= needed
    assert str(BOOTSTRAP.parent) in needed


def test_mounts():
    """What is kept of /opt is mounted in the folder of the layers, which becomes /opt; neither that nor the code can
    be written to, nor what the endpoint lends."""
    mounts = View(("/tmp/code",), ("/opt/python",)).mounts("/tmp/code", "/scratch/layers", OWN)
    assert mounts["cover"]["folders"][1] == {"target": TMP, "kept": ["/tmp/code"], "new": []}
    assert mounts["binds"] == [("/opt/python", "/scratch/layers/python"), ("/scratch/layers", OPT)]
    assert mounts["read_only"] == [*OWN.read_only, OPT, "/tmp/code"]


def test_no_mounts():
    """Where both are left alone, the endpoint's own folder is covered nevertheless, and only reading is left of the
    layers and the code."""
    own = {"target": "/scratch", "kept": [*OWN.read_only, *OWN.shared], "new": ["/scratch/home"]}
    assert View().mounts("/code", "/layers", OWN) == {
        "binds": [],
        "cover": {"stage": "/scratch/tmp", "most_bytes": TMP_BYTES, "folders": [own]},
        "read_only": [*OWN.read_only, "/layers", "/code"],
    }


def test_layers_without_opt():
    """Where /opt is left alone, layers that the endpoint has merged stay to be seen in its folder."""
    mounts = View().mounts("/code", "/scratch/layers/1", OWN)
    assert "/scratch/layers/1" in mounts["cover"]["folders"][0]["kept"]
