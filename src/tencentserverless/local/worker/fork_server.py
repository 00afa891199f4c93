"""The fork server: one warm process per interpreter that forks workers on request. Linux.

One file, standard library only, Python 3.6 and later; loaded by `bootstrap.py`, imported by nobody else. It stays
single-threaded. The endpoint is at the other end of a socket; when that closes, everything here ends.

    server ── keeper ── worker                           (plain)
    server ── keeper ── init, process 1 ── worker         (with namespaces)

Every worker has a keeper, a parent of all that the worker starts, detached or not. A keeper ends once nothing of
its worker runs any more, and SIGTERM makes it end it: its exit is the proof. Where the system allows it, the worker
lives in a process namespace of its own, whose first process takes all others with it when it gets SIGTERM.

Some workers are always ready, spares, but for what makes them a function's: a request is handed to one as it came.

Requests and replies are JSON objects, a message each; a request brings the descriptors of channel and output.
"""

import errno
import fcntl
import json
import os
import resource
import select
import signal
import socket
import sys
import time
from array import array
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tencentserverless.local.worker import cgroups, descendants, namespaces
else:  # by their paths, as this file is
    from importlib.machinery import SourceFileLoader

    def beside(name):
        module, place = type(sys)(name), os.path.dirname(os.path.abspath(__file__))
        SourceFileLoader(name, os.path.join(place, name + ".py")).exec_module(module)
        return module

    cgroups, namespaces, descendants = beside("cgroups"), beside("namespaces"), beside("descendants")

REQUEST_BYTES = 1 << 18
HURRY_SECONDS, PAUSE_SECONDS = 0.003, 0.02  # without a request, before spares are made: where there is none, and else
SPARES = 4  # a chain starts several at a time, and to make one may take long: the kernel has who enters a group wait
DIE_WITH_PARENT, ADOPT_ORPHANS = 1, 36


class Forker:
    """Takes requests. `work`: what a worker does with its channel's descriptor."""

    def __init__(self, connection: "socket.socket", work: "object", plain: bool) -> None:
        self.connection = connection
        self.work = work
        self.namespaces = None if plain else namespaces.possible_namespaces()
        # Without namespaces a function may have stopped its keeper.
        self.end_all = descendants.kill_all if self.namespaces is None else descendants.have_all_end
        self.parents = {} if plain else cgroups.usable()
        cgroups.remove_orphans(self.parents)
        self.keepers = {}  # type: dict[int, dict[str, str]]
        self.spares = []  # type: list[Spare]
        self.made = 0
        self.pid = os.getpid()

    def serve(self) -> None:
        self.reply({"namespaces": self.namespaces is not None})
        while True:
            self.prepare()
            data, descriptors = receive(self.connection)
            if not data:
                return
            request = json.loads(data.decode())
            if "reap" in request:
                self.reap(request["reap"])
                continue
            self.start(request, data, descriptors)
            for descriptor in descriptors:
                os.close(descriptor)

    def reply(self, reply: "dict[str, object]") -> None:
        with suppress(OSError):  # the next read ends this
            self.connection.send(json.dumps(reply).encode())

    def prepare(self) -> None:
        """Have spares, but not before what was started last has had the processors for a while."""
        pause = PAUSE_SECONDS if self.spares else HURRY_SECONDS
        with suppress(OSError):  # told to who asks next
            while len(self.spares) < SPARES and not self.is_asked_within(pause):
                self.spares.append(Spare(self))
                pause = 0.0

    def is_asked_within(self, seconds: float) -> bool:
        return bool(select.select([self.connection], [], [], seconds)[0])

    def start(self, request: "dict[str, object]", data: bytes, descriptors: "list[int]") -> None:
        try:
            spare = self.handed_over(request, data, descriptors)
        except OSError as error:
            self.reply({"id": request["id"], "error": [error.errno, error.strerror]})
        else:
            self.reply({"id": request["id"], "pid": spare.pid, "groups": spare.groups})

    def handed_over(self, request: "dict[str, object]", data: bytes, descriptors: "list[int]") -> "Spare":
        """The spare that has the request now. Raises OSError."""
        for spare in [spare for spare in self.spares if spare.is_outdated()]:
            self.discard(spare)
        for last in (False,) * SPARES + (True,):  # spares may have died
            spare = self.spares.pop(0) if self.spares else Spare(self)
            try:
                cgroups.bound(spare.groups, "memory", int(str(request["memory_bytes"])))
                spare.take(data, descriptors)
                return spare
            except OSError:
                self.reap(spare.pid)
                if last:
                    raise
        raise AssertionError

    def discard(self, spare: "Spare") -> None:
        """Nobody will ask it: it ends by itself."""
        self.spares.remove(spare)
        spare.close()
        os.waitpid(spare.pid, 0)
        cgroups.remove(self.keepers.pop(spare.pid))

    def reap(self, pid: int) -> None:
        """Forget a keeper that has ended, and end what lost its keeper."""
        cgroups.remove(self.keepers.pop(pid, {}))
        while self.has_ended_strangers():  # theirs are ours then
            pass

    def has_ended_strangers(self) -> bool:
        strangers = [child for child in descendants.children() if child not in self.keepers]
        for child in strangers:
            os.kill(child, signal.SIGKILL if self.namespaces is None else signal.SIGTERM)
            os.waitpid(child, 0)
        return bool(strangers)


class Spare:
    """A worker that waits for its request. Raises OSError where none can be forked."""

    def __init__(self, server: Forker) -> None:
        server.made += 1
        self.mounts = None if server.namespaces is None else namespaces.MountTable()  # without, it sees ours
        self.groups = cgroups.make(server.parents, "%d-%d" % (server.pid, server.made))
        self.ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        signal.pthread_sigmask(signal.SIG_BLOCK, descendants.AWAITED)
        try:
            self.pid = os.fork()
            if self.pid == 0:
                for spare in [self, *server.spares]:
                    spare.close()
                WorkerStart(server, theirs, self.groups).keep()
        except OSError:
            self.close()
            cgroups.remove(self.groups)
            raise
        finally:
            theirs.close()
            signal.pthread_sigmask(signal.SIG_UNBLOCK, descendants.AWAITED)
        server.keepers[self.pid] = self.groups

    def take(self, data: bytes, descriptors: "list[int]") -> None:
        """Take over a request. Raises OSError, with what the spare has died of if it has said so."""
        try:
            self.ours.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array("i", descriptors))])
        except OSError as error:
            complaint = ""
            with suppress(OSError):
                complaint = self.ours.recv(REQUEST_BYTES, socket.MSG_DONTWAIT).decode()  # it may live
            raise OSError(error.errno, complaint or error.strerror) from None
        finally:
            self.close()

    def is_outdated(self) -> bool:
        """Whether something has been mounted that it does not see."""
        return self.mounts is not None and self.mounts.has_changed()

    def close(self) -> None:
        self.ours.close()
        if self.mounts is not None:
            self.mounts.close()


def receive(connection: "socket.socket") -> "tuple[bytes, list[int]]":
    """The next message and the descriptors that came with it; no bytes at the end."""
    found = array("i")
    data, ancillary, _, _ = connection.recvmsg(REQUEST_BYTES, socket.CMSG_SPACE(2 * found.itemsize))
    for level, kind, content in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            found.frombytes(content[: len(content) - len(content) % found.itemsize])
    return data, list(found)


class WorkerStart:
    """One start, in the processes that it forks. None of its methods returns to the server's loop."""

    def __init__(self, server: Forker, asked: "socket.socket", made: "dict[str, str]") -> None:
        self.server = server
        self.asked = asked
        self.groups = made
        self.channel = self.output = -1

    def keep(self) -> None:
        """The keeper: waits for the worker, and ends what the worker leaves."""
        try:
            os.setsid()
            namespaces.control(DIE_WITH_PARENT, signal.SIGKILL)
            if os.getppid() != self.server.pid:
                os._exit(0)
            self.server.connection.close()
            namespaces.control(ADOPT_ORPHANS, 1)
            if self.server.namespaces is None:
                pid, sign_of_life = self.fork_worker(), 0
            else:
                pid, sign_of_life = self.fork_init()
            close_all_but(sign_of_life)
            descendants.wait_for(pid)
        except BaseException as error:  # noqa: BLE001
            self.complain(error)
        self.server.end_all()
        os._exit(0)

    def complain(self, error: BaseException) -> None:
        """Said where the function's output goes, or to the server as long as there is no function."""
        text = ("the worker could not be started: %r\n" % error).encode()
        with suppress(OSError):
            if self.output >= 0:
                os.write(self.output, text)
            else:
                self.asked.send(text)

    def fork_init(self) -> "tuple[int, int]":
        """Its process id, and a descriptor that it watches until it has made sure of dying with us."""
        namespaces.enter_namespaces(self.server.namespaces or 0)
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(writing)
            namespaces.control(DIE_WITH_PARENT, signal.SIGTERM)
            if select.select([reading], [], [], 0)[0]:  # the keeper ended before we said so
                os._exit(0)
            self.be_init()
        return pid, writing

    def be_init(self) -> None:
        try:
            namespaces.enter_mounts()
            namespaces.bound_processes(self.server.namespaces or 0)
            namespaces.bound_capabilities(self.server.namespaces or 0)
            pid = self.fork_worker()
            close_all_but(0)
            descendants.wait_for(pid)
        except BaseException as error:  # noqa: BLE001
            self.complain(error)
        descendants.end_namespace()

    def fork_worker(self) -> int:
        keeper = os.getpid()
        pid = os.fork()
        if pid == 0:
            if self.server.namespaces is None:
                namespaces.control(DIE_WITH_PARENT, signal.SIGKILL)
                if os.getppid() != keeper:
                    os._exit(0)
            try:
                self.be_worker()
            except BaseException as error:  # noqa: BLE001
                self.complain(error)
            os._exit(1)
        return pid

    def be_worker(self) -> None:
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, descendants.AWAITED)
        cgroups.enter(self.groups)
        data, descriptors = receive(self.asked)
        if not data:  # nobody will ask any more
            os._exit(0)
        request = json.loads(data.decode())
        self.channel, self.output = descriptors
        if self.server.namespaces is not None:
            namespaces.furnish(request["view"])
            namespaces.drop_capabilities(self.server.namespaces)
        self.take_descriptors()
        os.chdir(request["folder"])
        resource.setrlimit(resource.RLIMIT_DATA, namespaces.lowered(resource.RLIMIT_DATA, request["data_bytes"]))
        if request["command"]:
            self.execute(request["command"], request["environment"])
        zone = os.environ.get("TZ")
        os.environ.clear()
        os.environ.update(request["environment"])
        if os.environ.get("TZ") != zone:
            time.tzset()
        self.server.work(self.channel, -1, True)  # type: ignore[operator]
        os._exit(0)

    def take_descriptors(self) -> None:
        """Nothing is open but the standard three and the channel."""
        nowhere = os.open(os.devnull, os.O_RDONLY)
        wanted = (nowhere, self.output, self.output, self.channel)
        # Out of the way first: what one of them is to be another one may be now.
        apart = [fcntl.fcntl(descriptor, fcntl.F_DUPFD, len(wanted)) for descriptor in wanted]
        for number, descriptor in enumerate(apart):
            os.dup2(descriptor, number)
        self.output, self.channel = 2, 3
        os.closerange(len(wanted), highest_descriptor() + 1)

    def execute(self, command: "list[str]", environment: "dict[str, str]") -> None:
        os.set_inheritable(self.channel, True)
        try:
            os.execve(command[0], [*command, str(self.channel), "-1"], environment)  # noqa: S606
        except OSError as error:
            os.write(2, ("%s: %s\n" % (command[0], error.strerror)).encode())
            os._exit(127)


def close_all_but(kept: int) -> None:
    os.closerange(0, kept)
    os.closerange(kept + 1, highest_descriptor() + 1)


def highest_descriptor() -> int:
    return max(int(name) for name in os.listdir("/proc/self/fd"))


def forget(modules: "frozenset[str]") -> None:
    """All modules but these: a worker is not to find what the server has loaded, and to touch nothing of it."""
    for name in [name for name in sys.modules if name not in modules]:
        del sys.modules[name]


def freeze() -> None:
    """What was made until now is garbage never: collecting in a worker would copy the pages it shares."""
    import gc

    gc.collect()
    getattr(gc, "freeze", gc.collect)()  # 3.6 has none


def run(arguments: "list[str]", work: object, modules: "frozenset[str]") -> None:
    """arguments: the descriptor of the connection, "plain" or "", a folder to remove at the end or "".

    modules: what a worker may find loaded.
    """
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET, 0, int(arguments[0]))
    connection.set_inheritable(False)
    folder = arguments[2]

    def leave(*_: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # it comes together with the end of file
        server.end_all()
        cgroups.remove_all(server.parents, server.pid)
        if folder:  # the endpoint's own, which it cannot remove if it was killed
            import shutil

            shutil.rmtree(folder, ignore_errors=True)
        os._exit(0)

    namespaces.control(ADOPT_ORPHANS, 1)
    server = Forker(connection, work, arguments[1] == "plain")
    signal.signal(signal.SIGTERM, leave)
    namespaces.control(
        DIE_WITH_PARENT, signal.SIGTERM
    )  # comes when the thread ends that started us; so does the end of file
    forget(modules)
    freeze()
    try:
        server.serve()
    except OSError as error:
        if error.errno != errno.ECONNRESET:
            raise
    leave()
