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

Nothing is made on the machine: all mounts are in the instance's mount namespace, and end with it.

One file, standard library only, Python 3.6 and later. Only `fork_server.py` loads it.
"""

import os
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tencentserverless.local.worker import namespaces  # `fork_server.py` sets this name

MOST_BYTES = 512 * 1024 * 1024  # in /tmp, /dev/shm and HOME together
HOME = "/var/runtime/home"
OWN = {"/tmp": 0o1777, "/dev/shm": 0o1777, HOME: 0o755}  # noqa: S108
MADE = ("/opt", "/run", "/var/user", "/dev/pts", "/proc", *OWN)  # folders that are not those of this machine
DEVICES = frozenset(("null", "zero", "full", "random", "urandom", "tty", "dri", "kfd"))
GRAPHICS = "nvidia"
OF_RUN = ("systemd/resolve", "resolvconf", "NetworkManager", "nscd", "media", "current-system", "opengl-driver")
# Files of /proc that act on the whole machine. Root could write to them.
OF_MACHINE = ("/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus", "/proc/fs", "/proc/acpi", "/proc/scsi")


def plan():
    # type: () -> tuple[list[tuple[str, str]], list[str]]
    """The links of a root folder, with their targets, and the paths of this machine that are mounted in it.

    The machine's folders are listed once, because that takes longer than the mounts. Of `/dev`, `/run` and `/var` each
    entry is mounted, not the folder: these contain paths that the machine may not have.
    """
    links, mounted = [], []
    for folder, wanted in (("/", is_of_root), ("/dev", is_of_devices), ("/var", is_of_var)):
        with suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                if not wanted(entry.name):
                    continue
                if entry.is_symlink():
                    links.append((entry.path, os.readlink(entry.path)))
                else:
                    mounted.append(entry.path)
    mounted += [path for path in ("/run/" + name for name in OF_RUN) if os.path.exists(path)]
    return links, mounted


def is_of_root(name):
    # type: (str) -> bool
    return name not in ("dev", "opt", "proc", "run", "tmp", "var")


def is_of_devices(name):
    # type: (str) -> bool
    return name in DEVICES or name.startswith(GRAPHICS) or name in ("fd", "stdin", "stdout", "stderr")


def is_of_var(name):
    # type: (str) -> bool
    return name not in ("user", "runtime")


def prepare(root, links, mounted):
    # type: (str, list[tuple[str, str]], list[str]) -> None
    """Make what does not depend on the function, at the empty folder `root`. links, mounted: see `plan`."""
    data = "size=%d,mode=755" % MOST_BYTES
    namespaces.mount("tmpfs", root, "tmpfs", namespaces.NO_SET_ID | namespaces.NO_DEVICES, data)
    for path in MADE:
        os.makedirs(root + path)
    for path, target in links:
        os.symlink(target, root + path)
    for path in mounted:
        with suppress(FileNotFoundError):  # it has been removed since `plan`
            bind(path, root + path)
    namespaces.set_read_only(root)
    namespaces.set_writable(root)  # this mount alone
    for path, mode in OWN.items():
        os.chmod(root + path, mode)
        namespaces.mount(root + path, root + path, flags=namespaces.BIND)
    # Terminals of its own, so that a function cannot write to those of the machine.
    flags = namespaces.NO_SET_ID | namespaces.NO_EXECUTION
    namespaces.mount("devpts", root + "/dev/pts", "devpts", flags, "newinstance,ptmxmode=0666")
    os.symlink("pts/ptmx", root + "/dev/ptmx")
    # A /proc shows the process namespace of the process that mounts it. The machine's /proc has these three flags
    # usually; in a user namespace the kernel refuses a new one without them.
    namespaces.mount("proc", root + "/proc", "proc", flags | namespaces.NO_DEVICES)


def finish(root, request):
    # type: (str, dict[str, object]) -> None
    """Make what depends on the function, and make `root` the root folder of this mount namespace.

    request: each key may be missing.
    binds: pairs of a path of this machine and the path at which the instance finds it.
    needed: paths that the instance needs at the same place as on this machine, an outer path before those in it.
    hidden: folders of this machine that the instance must not see.
    writable: files that the instance may change, by their paths in the instance.
    """
    for path, target in request.get("binds", ()):  # type: ignore[attr-defined]
        bind(path, root + target)
    for path in request.get("needed", ()):  # type: ignore[attr-defined]
        if not is_same(path, root + path):
            with suppress(FileNotFoundError):  # it has been removed since it was found
                bind(path, root + path)
    for path in request.get("hidden", ()):  # type: ignore[attr-defined]
        if os.path.isdir(root + path):
            namespaces.mount("tmpfs", root + path, "tmpfs", data="size=4k,mode=755")
    protect(root)
    namespaces.set_read_only(root)
    for path in ("/proc", "/dev/pts", *OWN, *request.get("writable", ())):  # type: ignore[misc]
        namespaces.set_writable(root + path)
    namespaces.change_root(root)


def attempt(root):
    # type: (str) -> None
    """Make a root folder for no function. Raises OSError if the system does not allow it."""
    prepare(root, *plan())
    finish(root, {})


def protect(root):
    # type: (str) -> None
    """Mount the files of /proc that act on the machine on themselves, so that they can be made read-only."""
    for path in OF_MACHINE:
        if os.path.exists(root + path):
            namespaces.mount(root + path, root + path, flags=namespaces.BIND)


def bind(path, target):
    # type: (str, str) -> None
    """Mount `path` at `target`, which is made if it does not exist. Raises OSError."""
    if not os.path.lexists(target):
        make_mount_point(path, target)
    namespaces.mount(path, target, flags=namespaces.BIND | namespaces.RECURSIVE)


def make_mount_point(path, new):
    # type: (str, str) -> None
    """Make an empty folder or file `new`, on which `path` can be mounted. A file needs a file, a folder a folder."""
    if os.path.isdir(path):
        os.makedirs(new)
    else:
        os.makedirs(os.path.dirname(new), exist_ok=True)
        os.close(os.open(new, os.O_CREAT | os.O_WRONLY))


def is_same(path, other):
    # type: (str, str) -> bool
    try:
        return os.path.samestat(os.stat(path), os.stat(other))
    except OSError:
        return False
