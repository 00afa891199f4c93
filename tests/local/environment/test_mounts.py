"""What the root folder of an instance has of this machine."""

import os
import tempfile
from pathlib import Path

import pytest

from tencentserverless.local.environment import mounts
from tencentserverless.local.environment.mounts import MOST_PATHS, Root
from tencentserverless.local.processes.interpreters import Interpreter


@pytest.fixture
def place():
    """A folder below /tmp, which instances do not see."""
    with tempfile.TemporaryDirectory(dir="/tmp") as made:
        yield made


def needed(code, interpreter="/usr/bin/python3", folders=(), scratch="/scratch", own=()):
    return mounts.needed_paths(str(code), (), Interpreter(interpreter, (3, 11), folders), own, scratch)


def made(place, *names):
    """Make folders, and files where the name has a dot."""
    for name in names:
        path = Path(place, name)
        (path.parent if "." in path.name else path).mkdir(parents=True, exist_ok=True)
        if "." in path.name:
            path.touch()
    return place


def test_what_is_needed(place):
    """An instance needs its code, its interpreter over all links, and the targets of links, wherever in the code and in
    other targets they are; of paths in each other the outer one, and none that it sees anyway."""
    made(place, "code/package", "py/bin/python.x", "venv/bin", "shims", "linked/inner", "far", "unused")
    os.symlink("../../shims/python", f"{place}/venv/bin/python")
    os.symlink(f"{place}/py/bin/python.x", f"{place}/shims/python")
    os.symlink("../../linked", f"{place}/code/package/library")
    os.symlink(f"{place}/far", f"{place}/linked/inner/far")
    os.symlink("/usr/lib", f"{place}/code/usr")
    os.symlink("nowhere", f"{place}/code/nowhere")
    found = needed(f"{place}/code", f"{place}/venv/bin/python", (f"{place}/venv", "/usr", f"{place}/gone"))
    names = ("code", "far", "linked", "py/bin", "shims", "venv")
    assert {f"{place}/{name}" for name in names} <= set(found)
    assert not {f"{place}/unused", f"{place}/gone", "/usr"} & set(found)


def test_links_out_of_the_code(place):
    """A relative link that leads out of the code leads to the same from /var/user, however deep it is."""
    made(place, "code/package/inner", "shared", "code/own")
    os.symlink("../shared", f"{place}/code/one")
    os.symlink("../../../shared", f"{place}/code/package/inner/two")
    os.symlink("../own", f"{place}/code/package/own")
    os.symlink("../../../../gone", f"{place}/code/package/gone")
    os.symlink(f"{place}/shared", f"{place}/code/absolute")
    assert mounts.link_aliases(f"{place}/code") == ((f"{place}/shared", "/var/shared"),)


def test_what_is_never_needed(place):
    """Neither a folder that is the instance's own, such as /tmp, nor the endpoint's own folder is needed."""
    made(place, "code", "scratch/sdk")
    os.symlink("/tmp", f"{place}/code/tmp")
    os.symlink("/", f"{place}/code/root")
    found = needed(f"{place}/code", folders=("/tmp", "/"), scratch=f"{place}/scratch", own=[f"{place}/scratch/sdk"])
    assert {path for path in found if path.startswith(place)} == {f"{place}/code"}
    assert not {"/tmp", "/", "/scratch"} & set(found)


def test_many_links(place):
    """Thousands of links are replaced by the folders of their targets: a request has a limit."""
    made(place, "code", "data/many", *(f"data/many/{number}.txt" for number in range(MOST_PATHS + 1)))
    for number in range(MOST_PATHS + 1):
        os.symlink(f"{place}/data/many/{number}.txt", f"{place}/code/{number}.txt")
    assert f"{place}/data/many" in needed(f"{place}/code")


@pytest.mark.parametrize("code", ["/tmp", "/var/user", "/var/user/one", "/opt", "/dev", "/proc/1/cwd"])
def test_code_where_something_else_is(code):
    """Code in a place that is another one in an instance is imported from /var/user."""
    assert mounts.paths_in_root(code, has_sdk=True).code == "/var/user"
    assert code not in Root("/scratch").request(code, "")["needed"]


def test_the_request(monkeypatch):
    """Code is found at its own path too, layers in /opt, the terminal and shared files in /var/runtime."""
    root = Root("/scratch", ("/opt/python", "/tmp/venv"), (("/home/me/lib", "/var/lib"),), ("lock",))
    monkeypatch.setattr(os.path, "realpath", os.path.abspath)  # /etc/hosts is itself
    request = root.request("/home/me/code", "/scratch/layers/1", "/dev/tty1", "/scratch/hosts")
    assert request["code"] == "/home/me/code"
    binds = [("/scratch/layers/1", "/opt"), ("/dev/tty1", "/var/runtime/terminal"), ("/scratch/hosts", "/etc/hosts")]
    assert request["binds"] == binds
    assert request["needed"] == ["/home/me/code", "/opt/python", "/tmp/venv"]
    assert request["aliases"] == [("/home/me/lib", "/var/lib")]
    assert (request["hidden"], request["shared"]) == (["/scratch"], [("/scratch/lock", "/var/runtime/lock")])
    assert Root("/code/tmp/x").request("/code", "")["hidden"] == ["/code/tmp/x", "/var/user/tmp/x"]
    assert root.needed_of_opt == ("/opt/python",)
    assert root.request("/home/me/code", "")["binds"] == []
