"""The fork server: one warm process per interpreter that forks workers on request. Linux.

One file, standard library only, Python 3.6 and later; loaded by `bootstrap.py`, imported by nobody else. It stays
single-threaded. The endpoint is at the other end of a socket; when that closes, everything here ends.

    server ── keeper ── worker                           (plain)
    server ── keeper ── init, process 1 ── worker         (with namespaces)

Every worker has a keeper, a parent of all that the worker starts, detached or not. A keeper ends once nothing of
its worker runs any more, and SIGTERM makes it end it: its exit is the proof. Where the system allows it, the worker
lives in a process namespace of its own, whose first process takes all others with it.

Requests and replies are JSON objects, a message each; a request brings the descriptors of channel and output.
"""

import ctypes
import errno
import json
import os
import resource
import select
import signal
import socket
import sys
from array import array
from contextlib import suppress

REQUEST_BYTES = 1 << 18
NEW_MOUNTS, NEW_USER, NEW_PROCESSES = 0x00020000, 0x10000000, 0x20000000
DIE_WITH_PARENT, ADOPT_ORPHANS = 1, 36
READ_ONLY, NO_SET_ID, NO_DEVICES, NO_EXECUTION = 1, 2, 4, 8
REMOUNT, BIND, RECURSIVE, PRIVATE = 32, 4096, 16384, 1 << 18
KEPT_FLAGS = READ_ONLY | NO_SET_ID | NO_DEVICES | NO_EXECUTION  # `statvfs` has the same numbers
CAPABILITIES_VERSION = 0x20080522
PROCESSES = 1024  # the platform's bound, threads included
RESERVED_PIDS = 300  # once numbers have run out, the kernel begins again behind these
OWN_PID_MAX_SINCE = (6, 14)  # on older kernels the setting is the whole machine's
OWN_USER_COUNT_SINCE = (5, 14)  # on older kernels all processes of the user count

_libc = ctypes.CDLL(None, use_errno=True)


def checked(result: int) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def unshare(flags: int) -> None:
    checked(_libc.unshare(ctypes.c_int(flags)))


def mount(source: str, target: str, kind: str = "", flags: int = 0) -> None:
    names = (os.fsencode(source), os.fsencode(target), os.fsencode(kind) or None)
    checked(_libc.mount(*names, ctypes.c_ulong(flags), None))


def control(option: int, value: int) -> None:
    checked(_libc.prctl(ctypes.c_int(option), ctypes.c_ulong(value), *[ctypes.c_ulong(0)] * 3))


def drop_capabilities() -> None:
    """Those over a user namespace of one's own: the function is to find the rights that its user has."""
    checked(_libc.capset((ctypes.c_uint32 * 2)(CAPABILITIES_VERSION, 0), (ctypes.c_uint32 * 6)()))


def children() -> "list[int]":
    """Of this process, the dead included."""
    try:
        with open("/proc/self/task/%d/children" % os.getpid()) as file:
            return [int(pid) for pid in file.read().split()]
    except OSError:  # not every kernel has it
        return [int(pid) for pid in filter(str.isdigit, os.listdir("/proc")) if parent_of(pid) == os.getpid()]


def parent_of(pid: str) -> int:
    try:
        with open("/proc/%s/stat" % pid, "rb") as file:
            return int(file.read().rpartition(b") ")[2].split()[1])
    except OSError:
        return 0


def end_all() -> None:
    """Kill the children; theirs become ours, until none is left."""
    while True:
        for pid in children():
            os.kill(pid, signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def end_all_and_leave(*_: object) -> None:
    end_all()
    os._exit(0)


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


def furnish(mounts: "list[list[str]]") -> None:
    """In process 1: mounts that nobody else sees and that end with it. `mounts`: source, target, "" or "ro"."""
    unshare(NEW_MOUNTS)
    mount("none", "/", flags=RECURSIVE | PRIVATE)
    mount("proc", "/proc", "proc", NO_SET_ID | NO_DEVICES | NO_EXECUTION)
    for source, target, how in mounts:
        mount(source, target, flags=BIND | RECURSIVE)
        if how == "ro":
            kept = os.statvfs(target).f_flag & KEPT_FLAGS
            mount("none", target, flags=BIND | REMOUNT | READ_ONLY | kept)


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
            furnish([])
            os._exit(0)
        return os.waitpid(pid, 0)[1] == 0
    except BaseException:  # noqa: BLE001  whatever it is, it does not work
        return False


class Server:
    """Takes requests. `work`: what a worker does with its channel's descriptor. `modules`: what it may find loaded."""

    def __init__(self, connection: "socket.socket", work: "object", modules: "frozenset[str]", plain: bool) -> None:
        self.connection = connection
        self.work = work
        self.modules = modules
        self.namespaces = None if plain else possible_namespaces()
        self.keepers = set()  # type: set[int]
        self.pid = os.getpid()

    def serve(self) -> None:
        self.reply({"namespaces": self.namespaces is not None})
        while True:
            data, descriptors = self.receive()
            if not data:
                return
            request = json.loads(data.decode())
            if "reap" in request:
                self.reap(request["reap"])
            else:
                self.start(request, descriptors)
            for descriptor in descriptors:
                os.close(descriptor)

    def receive(self) -> "tuple[bytes, list[int]]":
        found = array("i")
        data, ancillary, _, _ = self.connection.recvmsg(REQUEST_BYTES, socket.CMSG_SPACE(2 * found.itemsize))
        for level, kind, content in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                found.frombytes(content[: len(content) - len(content) % found.itemsize])
        return data, list(found)

    def reply(self, reply: "dict[str, object]") -> None:
        with suppress(OSError):  # the next read ends this
            self.connection.send(json.dumps(reply).encode())

    def start(self, request: "dict[str, object]", descriptors: "list[int]") -> None:
        # A new process of Python forgets the signals that came before it was ready for them.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        try:
            pid = os.fork()
            if pid == 0:
                Start(self, request, descriptors).keep()
        except OSError as error:
            self.reply({"id": request["id"], "error": [error.errno, str(error)]})
            return
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        self.keepers.add(pid)
        self.reply({"id": request["id"], "pid": pid})

    def reap(self, pid: int) -> None:
        """Forget a keeper that has ended, and end what lost its keeper."""
        self.keepers.discard(pid)
        for child in children():
            if child not in self.keepers:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)


class Start:
    """One start, in the processes that it forks. None of its methods returns to the server's loop."""

    def __init__(self, server: Server, request: "dict[str, object]", descriptors: "list[int]") -> None:
        self.server = server
        self.request = request
        self.channel, self.output = descriptors

    def keep(self) -> None:
        """The keeper: waits for the worker, and ends what the worker leaves."""
        try:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
            os.setsid()
            control(DIE_WITH_PARENT, signal.SIGKILL)
            if os.getppid() != self.server.pid:
                os._exit(0)
            self.server.connection.close()
            control(ADOPT_ORPHANS, 1)
            if self.server.namespaces is None:
                pid, sign_of_life = self.fork_worker(), 0
            else:
                pid, sign_of_life = self.fork_init()
            close_all_but(sign_of_life)
            wait_for(pid)
        except BaseException as error:  # noqa: BLE001
            self.complain(error)
        end_all_and_leave()

    def complain(self, error: BaseException) -> None:
        """Said where the function's output goes."""
        with suppress(OSError):
            os.write(self.output, ("the worker could not be started: %r\n" % error).encode())

    def fork_init(self) -> "tuple[int, int]":
        """Its process id, and a descriptor that it watches until it has made sure of dying with us."""
        enter_namespaces(self.server.namespaces or 0)
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(writing)
            control(DIE_WITH_PARENT, signal.SIGKILL)
            if select.select([reading], [], [], 0)[0]:  # the keeper ended before we said so
                os._exit(0)
            self.be_init()
        return pid, writing

    def be_init(self) -> None:
        code = 1
        try:
            furnish(self.request["mounts"])  # type: ignore[arg-type]
            bound_processes(self.server.namespaces or 0)
            pid = self.fork_worker()
            close_all_but(0)
            code = wait_for(pid)
        except BaseException as error:  # noqa: BLE001
            self.complain(error)
        os._exit(code)

    def fork_worker(self) -> int:
        keeper = os.getpid()
        pid = os.fork()
        if pid == 0:
            if self.server.namespaces is None:
                control(DIE_WITH_PARENT, signal.SIGKILL)
                if os.getppid() != keeper:
                    os._exit(0)
            self.be_worker()
        return pid

    def be_worker(self) -> None:
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        if self.server.namespaces:
            drop_capabilities()
        self.take_descriptors()
        os.chdir(str(self.request["folder"]))
        resource.setrlimit(resource.RLIMIT_DATA, lowered(resource.RLIMIT_DATA, int(str(self.request["data_bytes"]))))
        environment = self.request["environment"]
        assert isinstance(environment, dict)
        if self.request["command"]:
            self.execute([str(word) for word in self.request["command"]], environment)  # type: ignore[attr-defined]
        os.environ.clear()
        os.environ.update(environment)
        self.forget()
        self.server.work(self.channel, -1)  # type: ignore[operator]
        os._exit(0)

    def take_descriptors(self) -> None:
        """Nothing is open but the standard three and the channel."""
        nowhere = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nowhere, 0)
        os.dup2(self.output, 1)
        os.dup2(self.output, 2)
        os.dup2(self.channel, 3)
        self.channel, self.output = 3, 2
        os.closerange(4, highest_descriptor() + 1)

    def execute(self, command: "list[str]", environment: "dict[str, str]") -> None:
        os.set_inheritable(self.channel, True)
        try:
            os.execve(command[0], command + [str(self.channel), "-1"], environment)  # noqa: S606
        except OSError as error:
            os.write(2, ("%s: %s\n" % (command[0], error.strerror)).encode())
            os._exit(127)

    def forget(self) -> None:
        """The modules and the time zone of the server."""
        import time

        time.tzset()
        for name in [name for name in sys.modules if name not in self.server.modules]:
            del sys.modules[name]


def wait_for(pid: int) -> int:
    """Collect the dead until this one is among them; its status as an exit code."""
    while True:
        ended, status = os.waitpid(-1, 0)
        if ended == pid:
            return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)


def close_all_but(kept: int) -> None:
    os.closerange(0, kept)
    os.closerange(kept + 1, highest_descriptor() + 1)


def highest_descriptor() -> int:
    return max(int(name) for name in os.listdir("/proc/self/fd"))


def freeze() -> None:
    """What was made until now is garbage never: collecting in a worker would copy the pages it shares."""
    import gc

    gc.collect()
    getattr(gc, "freeze", gc.collect)()  # 3.6 has none


def run(arguments: "list[str]", work: object, modules: "frozenset[str]") -> None:
    """arguments: the descriptor of the connection, "plain" or "", a folder to remove at the end or ""."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET, 0, int(arguments[0]))
    connection.set_inheritable(False)
    folder = arguments[2]

    def leave(*_: object) -> None:
        if os.getpid() == server.pid:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)  # it comes together with the end of file
            end_all()
            if folder:  # the endpoint's own, which it cannot remove if it was killed
                import shutil

                shutil.rmtree(folder, ignore_errors=True)
        end_all_and_leave()

    control(ADOPT_ORPHANS, 1)
    server = Server(connection, work, modules, arguments[1] == "plain")
    signal.signal(signal.SIGTERM, leave)
    control(DIE_WITH_PARENT, signal.SIGTERM)  # comes when the thread ends that started us; so does the end of file
    freeze()
    try:
        server.serve()
    except OSError as error:
        if error.errno != errno.ECONNRESET:
            raise
    leave()
