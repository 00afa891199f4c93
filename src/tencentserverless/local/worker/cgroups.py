"""Control groups: how many processes a worker may have, how much memory, and that it takes no more than its share of
the processors, however many processes it has. Linux, where groups can be made; version 1 and 2.

One file, standard library only, Python 3.6 and later; loaded by `fork_server.py`, imported by nobody else.
https://docs.kernel.org/admin-guide/cgroup-v2.html and .../cgroup-v1/
"""

import os
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

CONTROLLERS = ("pids", "memory", "cpu")
PREFIX = "tencentserverless-"
PROCESSES = 1024  # the platform's bound, threads included
LEVELS = 3  # so far up from our own group a folder may be to make groups in
BOUNDS = {"pids": ("pids.max",), "memory": ("memory.max", "memory.limit_in_bytes")}


def usable() -> "dict[str, str]":
    """For each controller that can be used here, the folder in which to make groups. Tried out in a child."""
    found = {}
    with suppress(OSError):
        ours = _lines("/proc/self/cgroup")
        for controller, folder in own_folders(ours, _lines("/proc/self/mountinfo")).items():
            for parent in upwards(folder):
                if _works(controller, parent):
                    found[controller] = parent
                    break
    return found


def own_folders(groups: "list[str]", mounts: "list[str]") -> "dict[str, str]":
    """The folder of our own group for each controller. Pure.

    groups, mounts: the lines of ``/proc/self/cgroup`` and of ``/proc/self/mountinfo``.
    """
    paths = {}
    for line in groups:
        _, names, path = line.split(":", 2)
        for name in names.split(",") if names else ("",):
            paths[name] = path
    found = {}
    for line in mounts:
        before, _, after = line.partition(" - ")
        (root, place), (kind, _, options) = before.split(" ")[3:5], after.split(" ")[:3]
        if kind == "cgroup":
            here = set(options.split(",")) & set(CONTROLLERS)
        else:
            here = set(CONTROLLERS) if kind == "cgroup2" else set()
        for controller in here:
            name = controller if kind == "cgroup" else ""
            if name in paths and (controller not in found or kind == "cgroup"):
                found[controller] = place + within(paths[name], root)
    return found


def within(path: str, root: str) -> str:
    """`path` as it is seen below a mount of `root`. Pure."""
    inside = path[len(root.rstrip("/")) :] if path.startswith(root.rstrip("/") + "/") else path
    return inside.rstrip("/") if path != root else ""


def upwards(folder: str) -> "list[str]":
    """The folder and those around it, as long as they belong to control groups."""
    found = []  # type: list[str]
    while len(found) < LEVELS and os.path.exists(os.path.join(folder, "cgroup.procs")):
        found.append(folder)
        folder = os.path.dirname(folder)
    return found


def _works(controller: str, parent: str) -> bool:
    try:
        made = make({controller: parent}, "%d-trial" % os.getpid())
    except OSError:
        return False
    pid = os.fork()
    if pid == 0:
        try:
            enter(made)
            os._exit(0)
        finally:
            os._exit(1)
    has_worked = os.waitpid(pid, 0)[1] == 0
    remove(made)
    return has_worked


def make(parents: "dict[str, str]", name: str) -> "dict[str, str]":
    """The folders of a new group. Raises OSError where one cannot be made or does not bound what it should."""
    made = {controller: os.path.join(parent, PREFIX + name) for controller, parent in parents.items()}
    try:
        for folder in sorted(set(made.values())):
            os.mkdir(folder)
        for controller, folder in made.items():
            controls = _lines(os.path.join(folder, "cgroup.controllers"), missing=[controller])[0].split(" ")
            if controller not in controls:
                raise OSError(95, "%s has no %s" % (folder, controller))
        bound(made, "pids", PROCESSES)
    except OSError:
        remove(made)
        raise
    return made


def enter(made: "dict[str, str]") -> None:
    """Belong to the group from now on, with all that this process starts. Raises OSError."""
    for folder in sorted(set(made.values())):
        _write(os.path.join(folder, "cgroup.procs"), "0")


def bound(made: "dict[str, str]", controller: str, most: int) -> None:
    """At most so many processes, or bytes. Raises OSError."""
    if controller in made:
        places = [os.path.join(made[controller], name) for name in BOUNDS[controller]]
        _write(next(filter(os.path.exists, places), places[0]), str(most))


def remove(made: "dict[str, str]") -> None:
    """Give a group up whose processes have ended."""
    for folder in set(made.values()):
        with suppress(OSError):
            os.rmdir(folder)


def remove_all(parents: "dict[str, str]", pid: int) -> None:
    """Give up every group that this fork server has made, also one that it was about to hand out."""
    _remove(parents, lambda maker: maker == str(pid))


def remove_orphans(parents: "dict[str, str]") -> None:
    """The groups of fork servers that were killed: their names begin with the server's process id."""
    _remove(parents, lambda maker: maker.isdigit() and not os.path.exists("/proc/" + maker))


def _remove(parents: "dict[str, str]", is_meant: "Callable[[str], bool]") -> None:
    for parent in set(parents.values()):
        for name in os.listdir(parent):
            if name.startswith(PREFIX) and is_meant(name[len(PREFIX) :].partition("-")[0]):
                with suppress(OSError):
                    os.rmdir(os.path.join(parent, name))


def _lines(path: str, missing: "list[str] | None" = None) -> "list[str]":
    try:
        with open(path) as file:
            return file.read().splitlines() or [""]
    except FileNotFoundError:
        if missing is None:
            raise
        return missing


def _write(path: str, text: str) -> None:
    with open(path, "w") as file:
        file.write(text)
