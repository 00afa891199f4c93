"""The namespaces, mounts, capabilities and process limit of a worker. Linux.

One file, standard library only, Python 3.6 and later. Only `fork_server.py` loads it. The system calls are
made with ctypes, because Python 3.6 has no functions for them: unshare(2), mount(2), prctl(2), capset(2). The numbers
below are those of the kernel's headers.
"""

import ctypes
import errno
import os
import re
import resource
import select

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

NEW_MOUNTS, NEW_USER, NEW_PROCESSES = 0x00020000, 0x10000000, 0x20000000  # CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWPID
READ_ONLY, NO_SET_ID, NO_DEVICES, NO_EXECUTION = 1, 2, 4, 8  # MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC
REMOUNT, BIND, RECURSIVE, PRIVATE, SLAVE = 32, 4096, 16384, 1 << 18, 1 << 19  # MS_REMOUNT, MS_BIND, MS_REC, ...
KEPT_FLAGS = NO_SET_ID | NO_DEVICES | NO_EXECUTION  # statvfs(3) has the same numbers
DETACH = 2  # MNT_DETACH
MOUNT_SETATTR, WORKING_FOLDER, BELOW = 442, -100, 0x8000  # the number of the call, AT_FDCWD, AT_RECURSIVE
CAPABILITIES_VERSION = 0x20080522  # _LINUX_CAPABILITY_VERSION_3: two words of 32 bits for each set
DROP_FROM_BOUNDING_SET = 24  # PR_CAPBSET_DROP
# The capabilities of root in most containers (capabilities(7)): CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL, SETGID,
# SETUID, SETPCAP, NET_BIND_SERVICE, NET_RAW, SYS_CHROOT, AUDIT_WRITE, SETFCAP. With them root has power over files,
# users and ports, but not over mounts, devices and the machine.
USUAL_CAPABILITIES = sum(1 << number for number in (0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 29, 31))
RESERVED_PIDS = 300  # the kernel does not use process ids below this again after it has reached the highest one
OWN_PID_MAX_SINCE = (6, 14)  # since this kernel each process namespace has its own pid_max; before, the machine has one
OWN_USER_COUNT_SINCE = (5, 14)  # since this kernel RLIMIT_NPROC counts per user namespace; before, per user

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


def set_read_only(path: str) -> None:
    """Make the mount at `path` and all below it read-only, and private: no later mount of the machine appears there."""
    attributes = (ctypes.c_uint64 * 4)(READ_ONLY, 0, PRIVATE, 0)  # to set, to clear, propagation, not used
    name, size = ctypes.c_char_p(os.fsencode(path)), ctypes.c_size_t(ctypes.sizeof(attributes))
    result = _libc.syscall(MOUNT_SETATTR, WORKING_FOLDER, name, BELOW, attributes, size)
    if result and ctypes.get_errno() == errno.ENOSYS:  # before Linux 5.12
        set_read_only_one_by_one(path)
    else:
        check_result(result)


def set_read_only_one_by_one(path: str) -> None:
    mount("none", path, flags=PRIVATE | RECURSIVE)
    for mounted, flags in mounts_below(path):
        # The mount's own flags are repeated, because a user namespace may not clear those of the machine
        # (mount_namespaces(7)).
        mount("none", mounted, flags=BIND | REMOUNT | READ_ONLY | flags)


def mounts_below(path: str) -> "list[tuple[str, int]]":
    """The mount points at `path` and below it, with their `KEPT_FLAGS` (proc_pid_mountinfo(5))."""
    names = {b"nosuid": NO_SET_ID, b"nodev": NO_DEVICES, b"noexec": NO_EXECUTION}
    found = []
    with open("/proc/self/mountinfo", "rb") as file:
        for line in file:
            fields = line.split()
            mounted = os.fsdecode(re.sub(rb"\\(\d{3})", lambda code: bytes([int(code[1], 8)]), fields[4]))
            if (mounted + "/").startswith(path + "/"):
                found.append((mounted, sum(names.get(option, 0) for option in fields[5].split(b","))))
    if not found:  # a worker must not go on with mounts that it can write to
        raise OSError(errno.EINVAL, "%s is not a mount point" % path)
    return found


def set_writable(path: str) -> None:
    """Let this mount be written to, not those below it."""
    mount("none", path, flags=BIND | REMOUNT | os.statvfs(path).f_flag & KEPT_FLAGS)


def set_read_only_alone(path: str) -> None:
    """Undo `set_writable`."""
    mount("none", path, flags=BIND | REMOUNT | READ_ONLY | os.statvfs(path).f_flag & KEPT_FLAGS)


def change_root(path: str) -> None:
    """Make a mount the root folder of this mount namespace, and of its processes. The old root is unmounted.

    Without a second folder the old root is mounted on the new one, from where it is taken away (pivot_root(2)).
    """
    os.chdir(path)
    check_result(_libc.pivot_root(b".", b"."))
    check_result(_libc.umount2(b".", DETACH))
    os.chdir("/")


def prctl(option: int, value: int) -> None:
    check_result(_libc.prctl(ctypes.c_int(option), ctypes.c_ulong(value), *[ctypes.c_ulong(0)] * 3))


def drop_capabilities(flags: int) -> None:
    """Drop the capabilities with which a function could undo its mounts.

    In a user namespace of its own a process has all capabilities there. It drops all, and keeps the rights of its user.
    Without a user namespace it is root, and keeps the usual ones.

    flags: as `Mould` has them.
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


def enter_user() -> None:
    """Make a user namespace, in which this process has all capabilities."""
    user, group = os.geteuid(), os.getegid()
    unshare(NEW_USER)
    map_user(user, group)


def enter_mounts(flags: int) -> None:
    """Make a mount namespace, and with `NEW_USER` a user namespace that owns it. The machine does not see its mounts.

    flags: as `Mould` has them.
    """
    if flags & NEW_USER:
        enter_user()
    unshare(NEW_MOUNTS)
    # As slaves our mounts follow the mounts and unmounts of the machine, but send none back (mount_namespaces(7)). This
    # comes before any other mount: the machine would get a mount that is made earlier.
    mount("none", "/", flags=RECURSIVE | SLAVE)


class Mould:
    """A mount namespace that is copied for each instance. It exists without processes, as long as it is open.

    flags: `NEW_USER` for a user namespace that owns it: in it any user may make mounts, if the system allows that.
    prepare: makes the mounts in it.
    Raises OSError if the namespaces or the mounts cannot be made.
    """

    def __init__(self, flags: int, prepare: "Callable[[], None]") -> None:
        self.flags = flags
        self.descriptors = []  # type: list[tuple[int, int]]
        self.table = MountTable()  # misses no change after the fork
        self.times = folder_times()
        ready, go = os.pipe(), os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(go[1])
            os._exit(not self.is_made(prepare, ready[1], go[0]))
        for descriptor in (ready[1], go[0]):
            os.close(descriptor)
        if os.read(ready[0], 1):
            for kind, name in ((NEW_USER, "user"), (NEW_MOUNTS, "mnt")):
                if kind & (flags | NEW_MOUNTS):
                    self.descriptors.append((os.open("/proc/%d/ns/%s" % (pid, name), os.O_RDONLY), kind))
        for descriptor in (ready[0], go[1]):
            os.close(descriptor)
        os.waitpid(pid, 0)
        if not self.descriptors:
            self.close()
            raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    def is_made(self, prepare: "Callable[[], None]", ready: int, go: int) -> bool:
        try:
            enter_mounts(self.flags)
            prepare()
            os.write(ready, b".")
            os.read(go, 1)  # until the namespaces have been opened
            return True
        except BaseException:  # noqa: BLE001  whatever the reason is, it does not work
            return False

    def enter_processes(self) -> None:
        """Make a process namespace. The next child of this process is process 1 in it; this process stays outside.

        The mould's user namespace owns it, if there is one, which gives the right to make it.
        """
        self.enter(NEW_USER)
        unshare(NEW_PROCESSES)

    def enter_copy(self) -> None:
        """Enter a copy of the mount namespace. To be called in process 1."""
        self.enter(NEW_MOUNTS)
        unshare(NEW_MOUNTS)

    def enter(self, wanted: int) -> None:
        for descriptor, kind in self.descriptors:
            if kind == wanted:
                check_result(_libc.setns(ctypes.c_int(descriptor), ctypes.c_int(kind)))

    def leave_rights(self, most: int) -> None:
        """Give up the right to change the namespaces. most: the largest number of processes and threads.

        A user namespace of its own counts the processes of the instance, if the kernel can.
        """
        if self.flags & NEW_USER:
            enter_user()
            if kernel_version() >= OWN_USER_COUNT_SINCE:
                resource.setrlimit(resource.RLIMIT_NPROC, lowered_limit(resource.RLIMIT_NPROC, most))
        drop_capabilities(self.flags)

    def is_outdated(self) -> bool:
        """Whether mounts or `folder_times` have changed since it was made. It does not follow all changes."""
        return self.table.has_changed() or self.times != folder_times()

    def close(self) -> None:
        self.table.close()
        for descriptor, _ in self.descriptors:
            os.close(descriptor)


def folder_times() -> "list[int]":
    """When the folders have changed whose entries are mounted one by one, see `root.prepare`."""
    return [os.stat(folder).st_mtime_ns for folder in ("/", "/var") if os.path.isdir(folder)]


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


def limit_process_ids(proc: str, most: int) -> None:
    """Limit the number of processes and threads of a process namespace, if the kernel can. Otherwise they are counted.

    It is for functions of root, whom RLIMIT_NPROC does not limit (getrlimit(2)). proc: the namespace's /proc.
    """
    if kernel_version() >= OWN_PID_MAX_SINCE:
        write_to(proc + "/sys/kernel/pid_max", "%d" % (most + RESERVED_PIDS))


def kernel_version() -> "tuple[int, ...]":
    """The kernel's version as two numbers, such as (6, 1)."""
    numbers = os.uname().release.split("-")[0].split(".")[:2]
    return tuple(int(number) for number in numbers if number.isdigit())


def lowered_limit(which: int, most: int) -> "tuple[int, int]":
    """A soft and a hard limit of `most`, or of the present hard limit if that is lower."""
    hard = resource.getrlimit(which)[1]
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    return most, most


def possible_mould(prepare: "Callable[[], None]", finish: "Callable[[], None]") -> "Mould | None":
    """A mould with which instances can be made on this system; None if this is not possible.

    Without a user namespace it works for a process that may make namespaces, such as root's.
    finish: makes the root folder of an instance.
    """
    for flags in (0, NEW_USER):
        try:
            mould = Mould(flags, prepare)
        except OSError:
            continue
        pid = os.fork()
        if pid == 0:
            os._exit(not is_possible(mould, finish))
        if os.waitpid(pid, 0)[1] == 0:
            return mould
        mould.close()
    return None


def is_possible(mould: Mould, finish: "Callable[[], None]") -> bool:
    """Whether namespaces, a root folder and the capabilities of a worker can be had. It changes this process."""
    try:
        mould.enter_processes()
        pid = os.fork()
        if pid == 0:
            mould.enter_copy()
            finish()
            limit_capabilities(mould.flags)
            mould.leave_rights(1)
            os._exit(0)
        return os.waitpid(pid, 0)[1] == 0
    except BaseException:  # noqa: BLE001  whatever the reason is, it does not work
        return False
