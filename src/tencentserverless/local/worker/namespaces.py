"""Namespaces, mounts and limits of a worker: what it sees of the machine. Linux.

One file, standard library only, Python 3.6 and later; loaded by `fork_server.py`, imported by nobody else.
"""

import ctypes
import errno
import os
import resource
import select

NEW_MOUNTS, NEW_USER, NEW_PROCESSES = 0x00020000, 0x10000000, 0x20000000
READ_ONLY, NO_SET_ID, NO_DEVICES, NO_EXECUTION = 1, 2, 4, 8
REMOUNT, BIND, RECURSIVE, SLAVE = 32, 4096, 16384, 1 << 19
KEPT_FLAGS = READ_ONLY | NO_SET_ID | NO_DEVICES | NO_EXECUTION  # `statvfs` has the same numbers
CAPABILITIES_VERSION = 0x20080522
OUT_OF_BOUNDS = 24
# What root may do in most containers: to files, users and ports, but not to mounts, devices and the machine.
USUAL_CAPABILITIES = sum(1 << number for number in (0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 29, 31))
PROCESSES = 1024  # the platform's bound, threads included
RESERVED_PIDS = 300  # once numbers have run out, the kernel begins again behind these
OWN_PID_MAX_SINCE = (6, 14)  # on older kernels the setting is the whole machine's
OWN_USER_COUNT_SINCE = (5, 14)  # on older kernels all processes of the user count
# A view that asks for all that views can: where it cannot be had, there are no namespaces.
TRIAL = {
    "cover": {"stage": "/tmp", "most_bytes": 4096, "folders": [{"target": "/tmp", "kept": [], "new": []}]},  # noqa: S108
    "read_only": ["/tmp"],  # noqa: S108
}  # type: dict[str, object]

_libc = ctypes.CDLL(None, use_errno=True)


def checked(result: int) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def unshare(flags: int) -> None:
    checked(_libc.unshare(ctypes.c_int(flags)))


def mount(source: str, target: str, kind: str = "", flags: int = 0, data: str = "") -> None:
    names = (os.fsencode(source), os.fsencode(target), os.fsencode(kind) or None)
    checked(_libc.mount(*names, ctypes.c_ulong(flags), os.fsencode(data) or None))


def control(option: int, value: int) -> None:
    checked(_libc.prctl(ctypes.c_int(option), ctypes.c_ulong(value), *[ctypes.c_ulong(0)] * 3))


def drop_capabilities(flags: int) -> None:
    """Those with which a function could undo its mounts.

    Over a user namespace of its own all: it is to find the rights that its user has. Those of root but the usual ones.
    """
    header, sets = (ctypes.c_uint32 * 2)(CAPABILITIES_VERSION, 0), (ctypes.c_uint32 * 6)()
    if not flags & NEW_USER:
        checked(_libc.capget(header, sets))
        sets = type(sets)(*[low & USUAL_CAPABILITIES for low in sets[:3]])
    checked(_libc.capset(header, sets))


def bound_capabilities(flags: int) -> None:
    """What `drop_capabilities` drops root gets back in no program that is started from now on."""
    kept = 0 if flags & NEW_USER else USUAL_CAPABILITIES
    for number in range(64):
        if not kept >> number & 1:
            try:
                control(OUT_OF_BOUNDS, number)
            except OSError as error:
                if error.errno == errno.EINVAL:  # the kernel has no more
                    return
                raise


def write_to(path: str, text: str) -> None:
    with open(path, "w") as file:
        file.write(text)


def become_user(user: int, group: int) -> None:
    """In a user namespace just made: be who we were. Without this, everything is nobody's."""
    write_to("/proc/self/setgroups", "deny")
    write_to("/proc/self/uid_map", "%d %d 1" % (user, user))
    write_to("/proc/self/gid_map", "%d %d 1" % (group, group))


def enter_namespaces(flags: int) -> None:
    """The next child is process 1 of a namespace."""
    user, group = os.geteuid(), os.getegid()
    unshare(flags | NEW_PROCESSES)
    if flags & NEW_USER:
        become_user(user, group)


def enter_mounts() -> None:
    """In process 1: mounts from now on are seen by nobody else and end with it; those of the machine come and go."""
    unshare(NEW_MOUNTS)
    mount("none", "/", flags=RECURSIVE | SLAVE)
    mount("proc", "/proc", "proc", NO_SET_ID | NO_DEVICES | NO_EXECUTION)


class MountTable:
    """Knows whether something has been mounted or unmounted since it was made, where this process sees it."""

    def __init__(self) -> None:
        self.file = open("/proc/self/mountinfo")  # noqa: SIM115
        self.poll = select.poll()
        self.poll.register(self.file, select.POLLPRI)

    def has_changed(self) -> bool:
        """True once for each change."""
        return bool(self.poll.poll(0))

    def close(self) -> None:
        self.file.close()


def furnish(view: "dict[str, object]") -> None:
    """The mounts of one function.

    view: `binds`, pairs of a place and another where it is seen as well; `cover`, the arguments of that; `read_only`,
    places that cannot be written to. All may be missing.
    """
    for place, target in view.get("binds", ()):  # type: ignore[attr-defined]
        mount(place, target, flags=BIND | RECURSIVE)
    if view.get("cover"):
        cover(**view["cover"])  # type: ignore[arg-type]
    for place in view.get("read_only", ()):  # type: ignore[attr-defined]
        mount(place, place, flags=BIND | RECURSIVE)
        kept = os.statvfs(place).f_flag & KEPT_FLAGS
        mount("none", place, flags=BIND | REMOUNT | READ_ONLY | kept)


def cover(stage: str, most_bytes: int, folders: "list[dict[str, object]]") -> None:
    """In the place of these folders others in memory, which hold so much together. One after the other: the later may
    keep the earlier."""
    mount("tmpfs", stage, "tmpfs", NO_SET_ID | NO_DEVICES, "size=%d,mode=755" % most_bytes)
    os.chdir(stage)  # it has no path any more once what it lies in is covered
    for number, folder in enumerate(folders):
        replace(str(number), **folder)  # type: ignore[arg-type]


def replace(made: str, target: str, kept: "list[str]", new: "list[str]") -> None:
    """A folder `made` here in the place of `target`, with `kept` of what stood there and `new`, which are empty."""
    os.mkdir(made)
    os.chmod(made, 0o1777)  # noqa: S103  as /tmp is
    for place in new:
        os.makedirs(made + place[len(target) :])
    for place in sorted(kept):
        inside = made + place[len(target) :]
        if not os.path.lexists(inside):  # it is not within one that came before
            make_like(place, inside)
            mount(place, inside, flags=BIND | RECURSIVE)
    mount(made, target, flags=BIND | RECURSIVE)


def make_like(place: str, new: str) -> None:
    """An empty folder or file to mount `place` on."""
    if os.path.isdir(place):
        os.makedirs(new)
    else:
        os.makedirs(os.path.dirname(new), exist_ok=True)
        os.close(os.open(new, os.O_CREAT | os.O_WRONLY))


def bound_processes(flags: int) -> None:
    """How many processes and threads there may be. What the kernel cannot bind, the endpoint counts."""
    if flags & NEW_USER and kernel() >= OWN_USER_COUNT_SINCE:
        resource.setrlimit(resource.RLIMIT_NPROC, lowered(resource.RLIMIT_NPROC, PROCESSES))
    elif kernel() >= OWN_PID_MAX_SINCE:  # root is bound by nothing else
        write_to("/proc/sys/kernel/pid_max", "%d" % (PROCESSES + RESERVED_PIDS))


def kernel() -> "tuple[int, ...]":
    numbers = os.uname().release.split("-")[0].split(".")[:2]
    return tuple(int(number) for number in numbers if number.isdigit())


def lowered(which: int, most: int) -> "tuple[int, int]":
    hard = resource.getrlimit(which)[1]
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    return most, most


def possible_namespaces() -> "int | None":
    """The flags with which `enter_namespaces` works here; None if it does not. Tried out in a child."""
    for flags in (0, NEW_USER):
        pid = os.fork()
        if pid == 0:
            os._exit(not tried(flags))
        if os.waitpid(pid, 0)[1] == 0:
            return flags
    return None


def tried(flags: int) -> bool:
    try:
        enter_namespaces(flags)
        pid = os.fork()
        if pid == 0:
            enter_mounts()
            furnish(TRIAL)
            bound_capabilities(flags)
            drop_capabilities(flags)
            os._exit(0)
        return os.waitpid(pid, 0)[1] == 0
    except BaseException:  # noqa: BLE001  whatever it is, it does not work
        return False
