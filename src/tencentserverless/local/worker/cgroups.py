"""Control groups (cgroups): each worker has one, which limits its processes and its memory. Linux.

The group also gives every worker the same share of the processors, however many processes it has. Both versions of
control groups are supported. In version 1 each controller has a tree of folders of its own; in version 2 there is one
tree for all. On a system with both, the controllers are in version 1.

One file, standard library only, Python 3.6 and later. Only `fork_server.py` loads it.
https://docs.kernel.org/admin-guide/cgroup-v2.html and https://docs.kernel.org/admin-guide/cgroup-v1/
"""

import os
import re
import time
from contextlib import suppress

CONTROLLERS = ("pids", "memory", "cpu")
PREFIX = "tencentserverless-"
# A group's processes are in a group in it, because of this: root can make a cgroup namespace, in which it can mount the
# file system of control groups and write to them. But it sees no group outside the one that it is in.
INNER = "own"
PROCESSES = 1024  # the platform's limit, threads included
EMPTY_SECONDS = 0.1  # a process that has ended, and has been reaped, may still be in its group for a moment
OLD_SECONDS = 60  # a group is without processes when it has just been made
LEVELS = 3  # how many folders, from our own group upwards, are tried as the parent of new groups
# The file of each limit: in version 2, then in version 1 if its name differs.
LIMIT_FILES = {"pids": ("pids.max",), "memory": ("memory.max", "memory.limit_in_bytes")}


def usable_parents() -> "dict[str, str]":
    """For each controller that can be used, the folder in which groups can be made.

    Our own group is often not usable: version 2 lets a group other than the root have processes or give controllers to
    its children, but not both ("no internal processes" in the kernel's document). So its parents are tried too.
    """
    found = {}
    with suppress(OSError):
        ours = _lines("/proc/self/cgroup")
        for controller, folder in own_folders(ours, _lines("/proc/self/mountinfo")).items():
            for parent in enclosing_groups(folder):
                if _works(controller, parent):
                    found[controller] = parent
                    break
    return found


def own_folders(groups: "list[str]", mounts: "list[str]") -> "dict[str, str]":
    """The folder of our own group for each controller. Pure. The formats are in cgroups(7) and proc_pid_mountinfo(5).

    groups: the lines of ``/proc/self/cgroup``. A line of version 2 names no controller.
    mounts: the lines of ``/proc/self/mountinfo``.
    """
    paths = {}
    for line in groups:
        _, names, path = line.split(":", 2)
        for name in names.split(",") if names else ("",):
            paths[name] = path
    found = {}
    for line in mounts:
        before, _, after = line.partition(" - ")
        (root, mount_point), (kind, _, options) = before.split(" ")[3:5], after.split(" ")[:3]
        if kind == "cgroup":
            here = set(options.split(",")) & set(CONTROLLERS)
        else:
            here = set(CONTROLLERS) if kind == "cgroup2" else set()
        for controller in here:
            name = controller if kind == "cgroup" else ""
            if name in paths and (controller not in found or kind == "cgroup"):  # version 1 has it if both are mounted
                found[controller] = mount_point + below_mount(paths[name], root)
    return found


def below_mount(path: str, root: str) -> str:
    """The path of a group relative to a mount whose root is the group `root`. Pure.

    In a container the mount often shows a part of the tree only, while ``/proc/self/cgroup`` has the full path.
    """
    inside = path[len(root.rstrip("/")) :] if path.startswith(root.rstrip("/") + "/") else path
    return inside.rstrip("/") if path != root else ""


def enclosing_groups(folder: str) -> "list[str]":
    """The folder and the folders around it that are control groups, at most `LEVELS`, the innermost first."""
    found = []  # type: list[str]
    while len(found) < LEVELS and os.path.exists(os.path.join(folder, "cgroup.procs")):
        found.append(folder)
        folder = os.path.dirname(folder)
    return found


def _works(controller: str, parent: str) -> bool:
    """Whether a process can enter a new group in `parent`. A child tries it, so that this process stays where it is."""
    try:
        made = create({controller: parent}, new_name())
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


def new_name() -> str:
    """A name for a group: the process that makes it, its start, its process namespace, and a random part."""
    return "%d-%s-%s-%s" % (os.getpid(), _begun_at(os.getpid()), _namespace(), os.urandom(6).hex())


def _namespace() -> str:
    """The number of our process namespace, in which a process id counts."""
    return re.sub(r"\D", "", os.readlink("/proc/self/ns/pid"))


def _begun_at(pid: "int | str") -> str:
    """The time at which a process was started, "" if it has ended. It tells processes with the same id apart."""
    try:
        with open("/proc/%s/stat" % pid) as file:
            words = file.read().rpartition(") ")[2].split()
    except OSError:
        return ""
    return "" if words[0] in "ZX" else words[19]


def create(parents: "dict[str, str]", name: str) -> "dict[str, str]":
    """Make a group, and return its folder for each controller. Raises OSError if a folder cannot be made, or if the
    group does not have a controller that it should have.
    """
    made = {controller: os.path.join(parent, PREFIX + name) for controller, parent in parents.items()}
    try:
        for folder in sorted(set(made.values())):
            os.mkdir(folder)
            os.mkdir(os.path.join(folder, INNER))
        for controller, folder in made.items():
            # Version 2 lists the controllers that the parent gives to the group. Version 1 does not have this file.
            controls = _lines(os.path.join(folder, "cgroup.controllers"), missing=[controller])[0].split(" ")
            if controller not in controls:
                raise OSError(95, "%s has no %s" % (folder, controller))
        limit(made, "pids", PROCESSES)
    except OSError:
        remove(made)
        raise
    return made


def enter(made: "dict[str, str]") -> None:
    """Move this process into the group. The processes that it starts later are in the group too. Raises OSError."""
    for folder in sorted(set(made.values())):
        # 0 is the process that writes, in any process namespace.
        _write(os.path.join(folder, INNER, "cgroup.procs"), "0")


def limit(made: "dict[str, str]", controller: str, most: int) -> None:
    """Limit a group to `most` processes (controller "pids") or bytes ("memory"). Raises OSError."""
    if controller in made:
        paths = [os.path.join(made[controller], name) for name in LIMIT_FILES[controller]]
        _write(next(filter(os.path.exists, paths), paths[0]), str(most))


def remove(made: "dict[str, str]") -> None:
    """Remove a group whose processes have ended. A group that has processes, or had not been made, is left as it is."""
    deadline = time.monotonic() + EMPTY_SECONDS
    for folder in set(made.values()):
        _remove(folder, deadline)


def remove_orphans(parents: "dict[str, str]", seconds: float = EMPTY_SECONDS) -> None:
    """Remove the groups of fork servers that have ended: the name of a group contains its server.

    A server of another container cannot be seen, so its groups are removed only if they are old. The kernel removes no
    group that has processes.
    """
    deadline, ours = time.monotonic() + seconds, _namespace()
    found = [(parent, name) for parent in set(parents.values()) for name in os.listdir(parent)]
    for parent, name in (each for each in found if each[1].startswith(PREFIX)):
        folder = os.path.join(parent, name)
        pid, begun, namespace = [*name[len(PREFIX) :].split("-"), "", ""][:3]
        if namespace == ours and (pid == str(os.getpid()) or _begun_at(pid) != begun):
            _remove(folder, deadline)
        if namespace != ours and _is_old(folder):
            _remove(folder, 0)


def _is_old(folder: str) -> bool:
    try:
        return time.time() - os.stat(folder).st_mtime > OLD_SECONDS
    except OSError:  # somebody has removed it
        return False


def _remove(folder: str, deadline: float) -> None:
    """Remove a group and the groups in it. A function may have made some. If it is in use, try again until then."""
    pause = 0.0005
    while not _is_removed(folder) and time.monotonic() + pause < deadline:
        time.sleep(pause)
        pause *= 2


def _is_removed(folder: str) -> bool:
    with suppress(OSError):  # usually there is nothing else in it
        os.rmdir(os.path.join(folder, INNER))
        os.rmdir(folder)
        return True
    try:
        for inner, _, _ in os.walk(folder, topdown=False):
            os.rmdir(inner)
    except OSError:
        return False
    return True


def _lines(path: str, missing: "list[str] | None" = None) -> "list[str]":
    """The lines of a file. `missing`, if given, is returned for a file that does not exist."""
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
