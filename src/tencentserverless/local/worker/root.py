"""The root folder of an instance: all that it sees of this machine. Linux.

It is a folder in memory. The folders of this machine are mounted in it, and can only be read. These differ:

    /tmp, /dev/shm, HOME    the instance's own: empty at its start, and writable
    /dev                    the devices that containers have, and those of graphics cards. Disks are not there.
    /proc                   the processes of the instance
    /run                    what the lookup of host names needs. The rest is sockets of the machine's services, which
                            would do for a function what it cannot do itself.
    /opt                    the layers of the function
    /var/user               the function's code once more
    /var/runtime            what the endpoint provides

Nothing is made on the machine: all mounts are in mount namespaces of our own, and end with them.

The folder is made in three steps, because dozens of mounts take milliseconds, and the copy of a mount namespace takes
a tenth of that. `prepare` makes the part that all instances have, once, in a namespace that is copied for each of them.
`add_own` adds in the copy what is the instance's own. `finish` adds what depends on the function, when it is known.

One file, standard library only, Python 3.6 and later. Only `fork_server.py` loads it.
"""

import os
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tencentserverless.local.worker import namespaces  # `fork_server.py` sets this name

MOST_BYTES = 512 * 1024 * 1024  # in /tmp, /dev/shm and HOME together
CODE, RUNTIME = "/var/user", "/var/runtime"
HOME = RUNTIME + "/home"
OWN = {"/tmp": 0o1777, "/dev/shm": 0o1777, HOME: 0o755}  # noqa: S108
MADE = ("/dev/pts", "/opt", "/proc", "/run", CODE, *OWN)  # folders that are not those of this machine
PROVIDED = ("sdk", "trust")  # folders that the endpoint provides
FILES = ("terminal", "terminal.lock")  # mount points in RUNTIME; pdb uses what is mounted there
DEVICES = ("null", "zero", "full", "random", "urandom", "tty", "dri", "kfd", "fd", "stdin", "stdout", "stderr")
GRAPHICS = "nvidia"
OF_RUN = ("systemd/resolve", "resolvconf", "NetworkManager", "nscd", "media", "current-system", "opengl-driver")
# Files of /proc that act on the whole machine. Root could write to them.
OF_MACHINE = ("/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus", "/proc/fs", "/proc/acpi", "/proc/scsi")
# Files of /proc that tell of the whole machine. Containers usually hide them, too.
HIDDEN = ("/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/latency_stats", "/proc/sched_debug")


def prepare(root: str, scratch: str) -> None:
    """Make what all instances have, at the empty folder `root`. scratch: the endpoint's own folder."""
    namespaces.mount("tmpfs", root, "tmpfs", namespaces.NO_SET_ID | namespaces.NO_DEVICES, "mode=755")
    for path in MADE:
        os.makedirs(root + path)
    for path in machine_paths():
        with suppress(OSError):  # what cannot be mounted is left out, such as a disk of the network that is gone
            if os.path.islink(path):
                os.symlink(os.readlink(path), root + path)
            else:
                bind(path, root + path)
    os.symlink("pts/ptmx", root + "/dev/ptmx")
    for name in PROVIDED:
        bind(scratch + "/" + name, root + RUNTIME + "/" + name)
    for name in FILES:
        os.close(os.open(root + RUNTIME + "/" + name, os.O_CREAT | os.O_WRONLY))
    namespaces.set_read_only(root)


def machine_paths() -> "list[str]":
    """The paths of this machine that an instance sees. Of these folders each entry, as the folders have others too."""
    found = ["/" + name for name in os.listdir("/") if name not in ("dev", "opt", "proc", "run", "tmp", "var")]
    found += ["/dev/" + name for name in os.listdir("/dev") if name in DEVICES or name.startswith(GRAPHICS)]
    found += ["/run/" + name for name in OF_RUN]
    if os.path.isdir("/var"):
        found += ["/var/" + name for name in os.listdir("/var") if name not in ("user", "runtime")]
    return [path for path in found if os.path.lexists(path)]


def add_own(root: str) -> None:
    """Add what is the instance's own. To be called in process 1 of the instance, in a copy of the mount namespace."""
    own = root + CODE  # the code will be mounted over it
    data = "size=%d,mode=755" % MOST_BYTES
    namespaces.mount("tmpfs", own, "tmpfs", namespaces.NO_SET_ID | namespaces.NO_DEVICES, data)
    for number, (path, mode) in enumerate(OWN.items()):
        made = "%s/%d" % (own, number)
        os.mkdir(made)
        os.chmod(made, mode)
        namespaces.mount(made, root + path, flags=namespaces.BIND)
    # Terminals of its own, so that a function cannot write to those of the machine.
    flags = namespaces.NO_SET_ID | namespaces.NO_EXECUTION
    namespaces.mount("devpts", root + "/dev/pts", "devpts", flags, "newinstance,ptmxmode=0666")
    # A /proc shows the process namespace of the process that mounts it. The machine's /proc has these three flags
    # usually; in a user namespace the kernel refuses a new one without them.
    namespaces.mount("proc", root + "/proc", "proc", flags | namespaces.NO_DEVICES)


def protect_machine(root: str) -> None:
    """Hide files of /proc, and make others read-only. To be called if functions are the machine's root."""
    for path in OF_MACHINE + HIDDEN:
        if os.path.exists(root + path):
            show(root + ("/dev/null" if path in HIDDEN else path), root + path)


def finish(root: str, request: "dict[str, object]") -> None:
    """Add what depends on the function. To be called before `namespaces.change_root`.

    request: each key may be missing.
    code: the folder of the function's code. code_at: paths at which the instance finds it, too.
    binds: pairs of a path of this machine and the path at which the instance finds it.
    needed: paths that the instance needs at the same place as on this machine, an outer path before those in it.
    aliases: pairs as in `binds`, for paths that do not exist yet.
    hidden: folders that the instance must not see, by their paths in the instance.
    shared: pairs as in `binds`, of what the instance may change.
    """
    for path, target in request.get("binds", ()):  # type: ignore[attr-defined]
        show(path, root + target)
    for path in request.get("needed", ()):  # type: ignore[attr-defined]
        if not is_same(path, root + path):
            add(root, path, path)
    for path, target in request.get("aliases", ()):  # type: ignore[attr-defined]
        if not os.path.lexists(root + target):
            add(root, path, target)
    for path, target in request.get("shared", ()):  # type: ignore[attr-defined]
        bind(path, root + target)
    show(str(request.get("code") or root + "/opt"), root + CODE)
    for path in request.get("code_at", ()):  # type: ignore[attr-defined]
        add(root, str(request["code"]), path)
    for path in request.get("hidden", ()):  # type: ignore[attr-defined]
        if os.path.isdir(root + path):
            namespaces.mount("tmpfs", root + path, "tmpfs", namespaces.READ_ONLY)


def add(root: str, path: str, target: str) -> None:
    """Mount `path`, read-only, at a path that the root folder may not have.

    If a mount point is made, other instances see an empty folder or file there: the root folder is a copy as a mount
    only. Its content is one for all.
    """
    with suppress(FileNotFoundError):  # it has been removed since it was found
        namespaces.set_writable(root)
        try:
            show(path, root + target)
        finally:
            namespaces.set_read_only_alone(root)


def show(path: str, target: str) -> None:
    """Mount `path` at `target`, read-only."""
    bind(path, target)
    namespaces.set_read_only(target)


def bind(path: str, target: str) -> None:
    """Mount `path` at `target`, which is made if it does not exist. Raises OSError."""
    if not os.path.lexists(target):
        make_mount_point(path, target)
    namespaces.mount(path, target, flags=namespaces.BIND | namespaces.RECURSIVE)


def make_mount_point(path: str, new: str) -> None:
    """Make an empty folder or file `new`, on which `path` can be mounted. A file needs a file, a folder a folder."""
    if os.path.isdir(path):
        os.makedirs(new)
    else:
        os.makedirs(os.path.dirname(new), exist_ok=True)
        os.close(os.open(new, os.O_CREAT | os.O_WRONLY))


def is_same(path: str, other: str) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.stat(other))
    except OSError:
        return False
