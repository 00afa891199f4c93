"""The namespaces, mounts, capabilities and process limit of a worker. Linux.

One file, standard library only, Python 3.6 and later. Only `fork_server.py` loads it. The system calls are
made with ctypes, because Python 3.6 has no functions for them: unshare(2), mount(2), prctl(2), capset(2). The numbers
below are those of the kernel's headers.
"""

import ctypes
import errno
import os
import resource
import select

NEW_MOUNTS, NEW_USER, NEW_PROCESSES = 0x00020000, 0x10000000, 0x20000000  # CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWPID
READ_ONLY, NO_SET_ID, NO_DEVICES, NO_EXECUTION = 1, 2, 4, 8  # MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC
REMOUNT, BIND, RECURSIVE, SLAVE = 32, 4096, 16384, 1 << 19  # MS_REMOUNT, MS_BIND, MS_REC, MS_SLAVE
KEPT_FLAGS = READ_ONLY | NO_SET_ID | NO_DEVICES | NO_EXECUTION  # statvfs(3) has the same numbers
CAPABILITIES_VERSION = 0x20080522  # _LINUX_CAPABILITY_VERSION_3: two words of 32 bits for each set
DROP_FROM_BOUNDING_SET = 24  # PR_CAPBSET_DROP
# The capabilities of root in most containers (capabilities(7)): CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL, SETGID,
# SETUID, SETPCAP, NET_BIND_SERVICE, NET_RAW, SYS_CHROOT, AUDIT_WRITE, SETFCAP. With them root has power over files,
# users and ports, but not over mounts, devices and the machine.
USUAL_CAPABILITIES = sum(1 << number for number in (0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 29, 31))
RESERVED_PIDS = 300  # the kernel does not use process ids below this again after it has reached the highest one
OWN_PID_MAX_SINCE = (6, 14)  # since this kernel each process namespace has its own pid_max; before, the machine has one
OWN_USER_COUNT_SINCE = (5, 14)  # since this kernel RLIMIT_NPROC counts per user namespace; before, per user
# A view that uses everything that a view can ask for. If it cannot be made, namespaces are not used at all.
TRIAL_VIEW = {
    "cover": {"stage": "/tmp", "most_bytes": 4096, "folders": [{"target": "/tmp", "kept": [], "new": []}]},  # noqa: S108
    "read_only": ["/tmp"],  # noqa: S108
}  # type: dict[str, object]

_libc = ctypes.CDLL(None, use_errno=True)


def check_result(result: int) -> None:
    """Raise the OSError of a system call that has failed."""
    if result:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def unshare(flags: int) -> None:
    check_result(_libc.unshare(ctypes.c_int(flags)))


def mount(source: str, target: str, kind: str = "", flags: int = 0, data: str = "") -> None:
    names = (os.fsencode(source), os.fsencode(target), os.fsencode(kind) or None)
    check_result(_libc.mount(*names, ctypes.c_ulong(flags), os.fsencode(data) or None))


def prctl(option: int, value: int) -> None:
    check_result(_libc.prctl(ctypes.c_int(option), ctypes.c_ulong(value), *[ctypes.c_ulong(0)] * 3))


def drop_capabilities(flags: int) -> None:
    """Drop the capabilities with which a function could undo its mounts.

    In a user namespace of its own a process has all capabilities there. It drops all, and keeps the rights of its user.
    Without a user namespace it is root, and keeps the usual ones.

    flags: as `possible_namespaces` returns them.
    """
    header, sets = (ctypes.c_uint32 * 2)(CAPABILITIES_VERSION, 0), (ctypes.c_uint32 * 6)()
    if not flags & NEW_USER:
        check_result(_libc.capget(header, sets))
        # The first three words are effective, permitted and inheritable. The other three stay 0: the usual capabilities
        # are all below 32.
        sets = type(sets)(*[low & USUAL_CAPABILITIES for low in sets[:3]])
    check_result(_libc.capset(header, sets))


def limit_capabilities(flags: int) -> None:
    """Remove from the bounding set what `drop_capabilities` drops.

    Otherwise root would get the dropped capabilities back with the next execve(2) (capabilities(7)). This needs
    CAP_SETPCAP, so it comes before `drop_capabilities`.
    """
    kept = 0 if flags & NEW_USER else USUAL_CAPABILITIES
    for number in range(64):
        if not kept >> number & 1:
            try:
                prctl(DROP_FROM_BOUNDING_SET, number)
            except OSError as error:
                if error.errno == errno.EINVAL:  # the kernel has no capability of this number, nor of a higher one
                    return
                raise


def write_to(path: str, text: str) -> None:
    with open(path, "w") as file:
        file.write(text)


def map_user(user: int, group: int) -> None:
    """Keep our user and group ids in a user namespace that has just been made. Without this they would be `nobody`.

    A process without privileges may write gid_map only after it has written "deny" to setgroups (user_namespaces(7)).
    """
    write_to("/proc/self/setgroups", "deny")
    write_to("/proc/self/uid_map", "%d %d 1" % (user, user))
    write_to("/proc/self/gid_map", "%d %d 1" % (group, group))


def enter_namespaces(flags: int) -> None:
    """Make a process namespace. The next child of this process is process 1 in it; this process stays outside.

    The same call makes the user namespace, if there is one. It owns the others, which gives the right to make them.
    """
    user, group = os.geteuid(), os.getegid()
    unshare(flags | NEW_PROCESSES)
    if flags & NEW_USER:
        map_user(user, group)


def enter_mounts() -> None:
    """Make a mount namespace. To be called in process 1.

    Mounts that are made in it are not visible outside, and end with its processes.
    """
    unshare(NEW_MOUNTS)
    # As slaves our mounts follow the mounts and unmounts of the machine, but send none back (mount_namespaces(7)). This
    # comes before any other mount: the machine would get a mount that is made earlier.
    mount("none", "/", flags=RECURSIVE | SLAVE)
    # A /proc shows the process namespace of the process that mounts it. The machine's /proc has these three flags
    # usually; in a user namespace the kernel refuses a new one without them.
    mount("proc", "/proc", "proc", NO_SET_ID | NO_DEVICES | NO_EXECUTION)


class MountTable:
    """The table of this process's mounts. It knows whether a mount was added or removed since the object was made.

    The kernel marks the open file as having an exceptional condition then (proc_pid_mounts(5)).
    """

    def __init__(self) -> None:
        self.file = open("/proc/self/mountinfo")  # noqa: SIM115
        self.poll = select.poll()
        self.poll.register(self.file, select.POLLPRI)

    def has_changed(self) -> bool:
        """Whether the table has changed since the last call."""
        return bool(self.poll.poll(0))

    def close(self) -> None:
        self.file.close()


def make_mounts(view: "dict[str, object]") -> None:
    """Make the mounts of one function. Each key of `view` may be missing.

    binds: pairs of a path and a second path at which the same content is mounted.
    cover: the arguments of `cover_folders`.
    read_only: paths that the function cannot write to.

    The order matters. Binds come first: their sources may lie in folders that are covered next. Read-only mounts come
    last: they are made on top of what the function finally sees.
    """
    for path, target in view.get("binds", ()):  # type: ignore[attr-defined]
        mount(path, target, flags=BIND | RECURSIVE)
    if view.get("cover"):
        cover_folders(**view["cover"])  # type: ignore[arg-type]
    for path in view.get("read_only", ()):  # type: ignore[attr-defined]
        # Two calls: mount(2) ignores the other flags when it makes a bind mount, only a remount sets them. The mount's
        # own flags are repeated, because a user namespace may not clear those of the machine (mount_namespaces(7)).
        mount(path, path, flags=BIND | RECURSIVE)
        kept = os.statvfs(path).f_flag & KEPT_FLAGS
        mount("none", path, flags=BIND | REMOUNT | READ_ONLY | kept)


def cover_folders(stage: str, most_bytes: int, folders: "list[dict[str, object]]") -> None:
    """Mount folders in memory over some folders, so that their content is hidden.

    stage: an empty folder, in which the folders in memory are made. most_bytes: what they can hold together.
    folders: the arguments of `replace_folder` for each. They are covered in this order; a later one may keep an earlier
    one that lies in it.
    """
    mount("tmpfs", stage, "tmpfs", NO_SET_ID | NO_DEVICES, "size=%d,mode=755" % most_bytes)
    os.chdir(stage)  # relative paths from here on: the path of `stage` itself may lead into a covered folder
    for number, folder in enumerate(folders):
        replace_folder(str(number), **folder)  # type: ignore[arg-type]


def replace_folder(made: str, target: str, kept: "list[str]", new: "list[str]") -> None:
    """Mount a new folder over the folder `target`.

    made: the name of the new folder, in the working folder. kept: paths below `target` that stay visible.
    new: paths below `target` that are empty folders.
    """
    os.mkdir(made)
    os.chmod(made, 0o1777)  # noqa: S103  as /tmp is
    for path in new:
        os.makedirs(made + path[len(target) :])
    for path in sorted(kept):  # an outer path before those in it
        inside = made + path[len(target) :]
        if not os.path.lexists(inside):  # otherwise it is in a path that has been mounted already
            make_mount_point(path, inside)
            mount(path, inside, flags=BIND | RECURSIVE)
    mount(made, target, flags=BIND | RECURSIVE)  # last: `target` hides what is kept from now on


def make_mount_point(path: str, new: str) -> None:
    """Make an empty folder or file `new`, on which `path` can be mounted. A file needs a file, a folder a folder."""
    if os.path.isdir(path):
        os.makedirs(new)
    else:
        os.makedirs(os.path.dirname(new), exist_ok=True)
        os.close(os.open(new, os.O_CREAT | os.O_WRONLY))


def limit_processes(flags: int, most: int) -> None:
    """Limit the number of processes and threads of a namespace, if the kernel can. If not, the endpoint counts them."""
    if flags & NEW_USER and kernel_version() >= OWN_USER_COUNT_SINCE:
        resource.setrlimit(resource.RLIMIT_NPROC, lowered_limit(resource.RLIMIT_NPROC, most))
    elif kernel_version() >= OWN_PID_MAX_SINCE:  # RLIMIT_NPROC does not limit root (getrlimit(2))
        write_to("/proc/sys/kernel/pid_max", "%d" % (most + RESERVED_PIDS))


def kernel_version() -> "tuple[int, ...]":
    """The kernel's version as two numbers, such as (6, 1)."""
    numbers = os.uname().release.split("-")[0].split(".")[:2]
    return tuple(int(number) for number in numbers if number.isdigit())


def lowered_limit(which: int, most: int) -> "tuple[int, int]":
    """A soft and a hard limit of `most`, or of the present hard limit if that is lower."""
    hard = resource.getrlimit(which)[1]
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    return most, most


def possible_namespaces() -> "int | None":
    """The flags with which `enter_namespaces` works on this system; None if it does not work.

    0 works for a process that may make namespaces, such as root's. `NEW_USER` adds a user namespace, in which any user
    may make the others, if the system allows that. Each is tried in a child: a process cannot leave its namespaces.
    """
    for flags in (0, NEW_USER):
        pid = os.fork()
        if pid == 0:
            os._exit(not is_possible(flags))
        if os.waitpid(pid, 0)[1] == 0:
            return flags
    return None


def is_possible(flags: int) -> bool:
    """Whether namespaces with these flags, the mounts of a view and the capabilities of a worker can be had."""
    try:
        enter_namespaces(flags)
        pid = os.fork()
        if pid == 0:
            enter_mounts()
            make_mounts(TRIAL_VIEW)
            limit_capabilities(flags)
            drop_capabilities(flags)
            os._exit(0)
        return os.waitpid(pid, 0)[1] == 0
    except BaseException:  # noqa: BLE001  whatever the reason is, it does not work
        return False
