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

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tencentserverless.local import namespaces
else:  # by its path, as this file is
    from importlib.machinery import SourceFileLoader

    namespaces = type(sys)("namespaces")
    SourceFileLoader(
        "namespaces", os.path.join(os.path.dirname(os.path.abspath(__file__)), "namespaces.py")
    ).exec_module(namespaces)

REQUEST_BYTES = 1 << 18
DIE_WITH_PARENT, ADOPT_ORPHANS = 1, 36


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


class Server:
    """Takes requests. `work`: what a worker does with its channel's descriptor. `modules`: what it may find loaded."""

    def __init__(self, connection: "socket.socket", work: "object", modules: "frozenset[str]", plain: bool) -> None:
        self.connection = connection
        self.work = work
        self.modules = modules
        self.namespaces = None if plain else namespaces.possible_namespaces()
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
        namespaces.enter_namespaces(self.server.namespaces or 0)
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(writing)
            namespaces.control(DIE_WITH_PARENT, signal.SIGKILL)
            if select.select([reading], [], [], 0)[0]:  # the keeper ended before we said so
                os._exit(0)
            self.be_init()
        return pid, writing

    def be_init(self) -> None:
        code = 1
        try:
            namespaces.furnish(self.request["view"])  # type: ignore[arg-type]
            namespaces.bound_processes(self.server.namespaces or 0)
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
                namespaces.control(DIE_WITH_PARENT, signal.SIGKILL)
                if os.getppid() != keeper:
                    os._exit(0)
            self.be_worker()
        return pid

    def be_worker(self) -> None:
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        if self.server.namespaces:
            namespaces.drop_capabilities()
        self.take_descriptors()
        os.chdir(str(self.request["folder"]))
        resource.setrlimit(
            resource.RLIMIT_DATA, namespaces.lowered(resource.RLIMIT_DATA, int(str(self.request["data_bytes"])))
        )
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

    namespaces.control(ADOPT_ORPHANS, 1)
    server = Server(connection, work, modules, arguments[1] == "plain")
    signal.signal(signal.SIGTERM, leave)
    namespaces.control(
        DIE_WITH_PARENT, signal.SIGTERM
    )  # comes when the thread ends that started us; so does the end of file
    freeze()
    try:
        server.serve()
    except OSError as error:
        if error.errno != errno.ECONNRESET:
            raise
    leave()
