"""Control groups: where ours are, and that they bind."""

import os
import subprocess
import sys

import pytest

from tencentserverless.local.worker import cgroups

V1 = [
    "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755",
    "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct",
    "35 31 0:32 /docker/abc /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory",
    "39 31 0:36 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids",
    "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw",
]
V2 = ["30 23 0:27 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate"]


def test_our_own_folders():
    """The folder of our group is found in either version, below what is mounted; the first version goes first."""
    ours = ["9:pids:/a/b", "4:memory:/docker/abc/x", "2:cpu,cpuacct:/", "0::/somewhere"]
    assert cgroups.own_folders(ours, V1) == {
        "cpu": "/sys/fs/cgroup/cpu,cpuacct",
        "memory": "/sys/fs/cgroup/memory/x",
        "pids": "/sys/fs/cgroup/pids/a/b",
    }
    place = "/sys/fs/cgroup/user.slice/app.scope"
    assert cgroups.own_folders(["0::/user.slice/app.scope"], V2) == dict.fromkeys(cgroups.CONTROLLERS, place)
    assert cgroups.own_folders(["0::/"], V2) == dict.fromkeys(cgroups.CONTROLLERS, "/sys/fs/cgroup")
    assert cgroups.own_folders([], V2) == {}


@pytest.mark.parametrize(
    ("path", "root", "expected"),
    [("/", "/", ""), ("/a", "/", "/a"), ("/a", "/a", ""), ("/a/b", "/a", "/b"), ("/ab", "/a", "/ab")],
)
def test_below_a_mount(path, root, expected):
    """A path is seen from the root of its mount."""
    assert cgroups.below_mount(path, root) == expected


def test_the_folders_around(tmp_path):
    """As many folders as may be are looked at, from the inside out, as long as they belong to control groups."""
    inner = tmp_path / "a" / "b" / "c" / "d"
    inner.mkdir(parents=True)
    for folder in (inner, *list(inner.parents)[:2]):
        (folder / "cgroup.procs").touch()
    assert cgroups.enclosing_groups(str(inner)) == [str(inner), str(inner.parent), str(inner.parent.parent)]
    (inner.parent / "cgroup.procs").unlink()
    assert cgroups.enclosing_groups(str(inner)) == [str(inner)]


def test_orphans_are_removed(tmp_path):
    """Groups of processes that have ended are removed, with the groups in them; those of a living one stay."""
    name = "import os; from tencentserverless.local.worker import cgroups as it; print(it.PREFIX + it.new_name())"
    code = name + "; os.close(1); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as it:
        living = it.stdout.read().strip()
        same_id = f"{cgroups.PREFIX}{it.pid}-1-{cgroups._namespace()}-1"
        for path in (living, "other", same_id, f"{same_id}/own/inner", cgroups.PREFIX + cgroups.new_name()):
            (tmp_path / path).mkdir(parents=True)
        cgroups.remove_orphans({"pids": str(tmp_path), "memory": str(tmp_path)})
        assert sorted(path.name for path in tmp_path.iterdir()) == sorted((living, "other"))
        it.communicate("\n")
    cgroups.remove_orphans({"pids": str(tmp_path)})
    assert [path.name for path in tmp_path.iterdir()] == ["other"]


def test_groups_of_another_container(tmp_path):
    """A group of another process namespace stays while it is new: its server may be about to move a process into it."""
    new, old = (tmp_path / f"{cgroups.PREFIX}{os.getpid()}-1-{number}-1" for number in (1, 2))
    new.mkdir()
    old.mkdir()
    os.utime(old, (0, 0))
    cgroups.remove_orphans({"pids": str(tmp_path)})
    assert list(tmp_path.iterdir()) == [new]


def test_a_group_that_does_not_bind(tmp_path):
    """A group that has not its controller, or not its file, is given up and leaves no folder."""
    with pytest.raises(OSError):  # noqa: PT011  there is no such file in a folder that is no group
        cgroups.create({"pids": str(tmp_path / "missing")}, "1-1")
    assert list(tmp_path.iterdir()) == []


BOUND = """
import os, sys
from tencentserverless.local.worker import cgroups

made = cgroups.create({"pids": sys.argv[1]}, cgroups.new_name())
pid = os.fork()
if pid == 0:
    cgroups.limit(made, "pids", 3)
    cgroups.enter(made)
    children = []
    try:
        while len(children) < 9:
            child = os.fork()
            if child == 0:
                os.read(0, 1)
                os._exit(0)
            children.append(child)
    except OSError:
        print(len(children), flush=True)
    os._exit(0)
os.waitpid(pid, 0)
"""


def test_a_group_binds():
    """In a group there are no more processes than it is bound to."""
    parent = cgroups.usable_parents().get("pids")
    if parent is None:
        pytest.skip("no control group can be made here that bounds the number of processes")
    with subprocess.Popen(
        [sys.executable, "-c", BOUND, parent], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.communicate("", timeout=20)[0] == "2\n"
    cgroups.remove_orphans({"pids": parent})
    assert not any(name.startswith(f"tencentserverless-{process.pid}-") for name in os.listdir(parent))
