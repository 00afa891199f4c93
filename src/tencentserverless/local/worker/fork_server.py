"""The fork server: one warm process per interpreter, which forks workers on request. Linux.

One file, standard library only, Python 3.6 and later. Only `bootstrap.py` loads it. It has one thread: a fork copies no
other. The endpoint is at the other end of a socket. When that closes, the server ends, with all that it has started.

    server ── keeper ── worker                           (plain)
    server ── keeper ── init, process 1 ── worker         (with namespaces)

Each worker has a keeper: the subreaper of all processes that the worker starts, also of detached ones. At SIGTERM the
keeper ends them. It exits after the last of them, so its exit proves that no process of the worker is left. Where the
system allows it, the worker is in a process namespace, whose init ends all other processes in it at SIGTERM.

Some workers are started in advance: the spares. They lack only what depends on the function.

Requests and replies are JSON objects, one in each message. A request comes with the descriptors of channel and output.
"""

import errno
import json
import os
import resource
import select
import signal
import socket
import sys
import time
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tencentserverless.local.worker import cgroups, descendants, inherited, leftovers, namespaces, root
else:  # loaded by path, as this file is
    from importlib.machinery import SourceFileLoader

    def loaded(name, **names):
        module, path = type(sys)(name), os.path.join(os.path.dirname(os.path.abspath(__file__)), name + ".py")
        vars(module).update(names)
        loader = SourceFileLoader(name, path)
        try:
            code = loader.get_code(name)
        except EOFError:  # the compiled file was cut off when the disk was full
            code = loader.source_to_code(loader.get_data(path), path)
        exec(code, vars(module))  # noqa: S102
        return module

    cgroups, namespaces = loaded("cgroups"), loaded("namespaces")
    descendants, inherited, leftovers = loaded("descendants"), loaded("inherited"), loaded("leftovers")
    root = loaded("root", namespaces=namespaces)

HURRY_SECONDS, PAUSE_SECONDS = 0.003, 0.02  # the time without requests before spares are made: if there is none; else
# A chain of functions starts several workers at once, and joining a control group can block: the kernel waits for all
# forks and exits that are under way on the machine ("favordynmods" in the document of cgroup v2).
SPARES = 4
ENDING_SECONDS = 0.05  # a process that is killed closes its connections before it unlocks its files
# PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER. The parent-death signal comes when the *thread* ends that has forked this
# process. It never comes if the parent ended before the call of prctl(2), so each user of it checks that.
DIE_WITH_PARENT, ADOPT_ORPHANS = 1, 36


class Forker:
    """The server's loop: it receives requests and starts a worker for each.

    connection: the socket to the endpoint. calls: two functions. A worker calls the first one with its channel's
    descriptor. The second one tells the endpoint why there is no worker. It gets the channel and the error.
    plain: true for workers without namespaces and control groups.
    folder: the endpoint's own folder. In a worker's mount namespace its root folder is made there.
    """

    def __init__(self, connection: "socket.socket", calls: "tuple[object, object]", plain: bool, folder: str) -> None:
        self.connection = connection
        self.work, self.complain = calls
        self.folder = folder
        self.root = os.path.join(folder, "root")
        self.mould = None if plain else namespaces.possible_mould(self.prepare_root, self.try_root)
        # Without namespaces a function may have stopped its keeper with SIGSTOP. Then only SIGKILL ends the keeper.
        self.end_all = descendants.kill_all if self.mould is None else descendants.terminate_all
        self.parents = {} if plain else cgroups.usable_parents()
        cgroups.remove_orphans(self.parents)
        self.keepers = {}  # type: dict[int, dict[str, str]]
        self.spares = []  # type: list[Spare]
        self.most_spares = SPARES
        self.pid = os.getpid()

    def prepare_root(self) -> None:
        root.prepare(self.root, self.folder)

    def try_root(self) -> None:
        root.add_own(self.root)
        root.finish(self.root, {})
        namespaces.change_root(self.root)

    def serve(self) -> None:
        """Handle requests until the endpoint closes the connection."""
        self.reply({"namespaces": self.mould is not None})
        while True:
            self.prepare()
            data, descriptors = inherited.receive(self.connection)
            if not data:
                return
            request = json.loads(data.decode())
            if "reap" in request:
                self.reap(request["reap"])
                self.reply({"reaped": request["reap"]})
                continue
            self.start(request, data, descriptors)
            for descriptor in descriptors:
                os.close(descriptor)

    def reply(self, reply: "dict[str, object]") -> None:
        with suppress(OSError):  # the endpoint is gone: the next receive sees it
            self.connection.send(json.dumps(reply).encode())

    def prepare(self) -> None:
        """Make missing spares until a request comes. Waits first, to leave the processors to the latest worker."""
        pause = PAUSE_SECONDS if self.spares else HURRY_SECONDS
        try:
            while len(self.spares) < self.most_spares and not self.has_request_within(pause):
                self.spares.append(Spare(self))
                pause = 0.0
        except OSError:  # the next request fails with the same error and reports it
            self.do_without_spares()

    def do_without_spares(self) -> None:
        """Leave to the functions what spares would use: the system has few processes, descriptors or memory left."""
        self.most_spares = 0
        for spare in list(self.spares):
            self.discard(spare)

    def has_request_within(self, seconds: float) -> bool:
        return bool(select.select([self.connection], [], [], seconds)[0])

    def start(self, request: "dict[str, object]", data: bytes, descriptors: "list[int]") -> None:
        try:
            spare = self.hand_over(request, data, descriptors)
        except OSError as error:
            self.reply({"id": request["id"], "error": [error.errno, error.strerror]})
        else:
            self.reply({"id": request["id"], "pid": spare.pid, "groups": spare.groups})

    def hand_over(self, request: "dict[str, object]", data: bytes, descriptors: "list[int]") -> "Spare":
        """Give the request to a spare, and return the spare. Raises OSError."""
        if len(descriptors) < 2:  # the kernel has dropped those for which there was no number
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        if self.mould is not None and self.mould.is_outdated():
            self.replace_mould(self.mould)
        for last in (False,) * SPARES + (True,):  # each spare may have died; the last attempt is with a new one
            spare = self.spares.pop(0) if self.spares else Spare(self)
            try:
                cgroups.limit(spare.groups, "memory", int(str(request["memory_bytes"])))
                spare.take(data, descriptors)
                return spare
            except OSError as error:
                self.reap(spare.pid)
                if error.errno == errno.EAGAIN:  # it could not fork
                    self.do_without_spares()
                if last:
                    raise
        raise AssertionError

    def replace_mould(self, old: "namespaces.Mould") -> None:
        """Replace the mould, and discard the spares that were made with it. Raises OSError."""
        self.mould = namespaces.Mould(old.flags, self.prepare_root)
        old.close()
        for spare in list(self.spares):
            self.discard(spare)

    def discard(self, spare: "Spare") -> None:
        """End a spare that has not been used. It ends by itself when its socket closes."""
        self.spares.remove(spare)
        spare.ours.close()
        os.waitpid(spare.pid, 0)
        cgroups.remove(self.keepers.pop(spare.pid))

    def reap(self, pid: int) -> None:
        """Reap and forget a keeper that has ended. If it was killed, its children are ours now, and are ended."""
        cgroups.remove(self.keepers.pop(pid, {}))
        while self.has_ended_strangers():  # the children of a stranger become our children when it ends
            pass

    def has_ended_strangers(self) -> bool:
        """End the children that are not keepers of ours. Whether there were any."""
        strangers = [child for child in descendants.children() if child not in self.keepers]
        for child in strangers:
            os.kill(child, signal.SIGKILL if self.mould is None else signal.SIGTERM)
            os.kill(child, signal.SIGCONT)  # it may have been stopped
            os.waitpid(child, 0)
        return bool(strangers)


class Spare:
    """A worker that waits for its request. Raises OSError if a process or a group cannot be made."""

    def __init__(self, server: Forker) -> None:
        self.groups = {}  # type: dict[str, str]
        self.ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        # Before the fork, so that the keeper does not lose an early signal.
        signal.pthread_sigmask(signal.SIG_BLOCK, descendants.AWAITED)
        try:
            self.groups = cgroups.create(server.parents, cgroups.new_name())
            self.pid = os.fork()
            if self.pid == 0:
                for spare in [self, *server.spares]:  # a copy here would keep a discarded spare alive
                    spare.ours.close()
                WorkerStart(server, theirs, self.groups).run_keeper()
        except OSError:
            self.ours.close()
            cgroups.remove(self.groups)
            raise
        finally:
            theirs.close()
            signal.pthread_sigmask(signal.SIG_UNBLOCK, descendants.AWAITED)
        server.keepers[self.pid] = self.groups

    def take(self, data: bytes, descriptors: "list[int]") -> None:
        """Send the request to the spare. Raises OSError, the spare's own if it has reported why it died."""
        try:
            inherited.send(self.ours, data, descriptors)
        except OSError as error:
            number, text = error.errno, error.strerror
            with suppress(OSError, ValueError):
                report = self.ours.recv(inherited.REQUEST_BYTES, socket.MSG_DONTWAIT)  # a living spare sends nothing
                number, text = json.loads(report.decode())
            raise OSError(number, text) from None
        finally:
            self.ours.close()


class WorkerStart:
    """The start of one worker: its keeper, its init and itself, each in a forked process. None returns to the server.

    requests: the socket on which the request comes. groups: the folders of the worker's control groups.
    """

    def __init__(self, server: Forker, requests: "socket.socket", groups: "dict[str, str]") -> None:
        self.server = server
        self.requests = requests
        self.groups = groups
        self.channel = self.output = -1
        self.is_asked_to_end = False

    def run_keeper(self) -> None:
        """Be the keeper. End what the worker has left, also if the server was killed. Then nobody else removes this."""
        try:
            os.setsid()
            namespaces.prctl(DIE_WITH_PARENT, signal.SIGTERM)
            if not self.has_lost_server():
                self.keep()
        except BaseException as error:  # noqa: BLE001
            self.report_failure(error)
        self.server.end_all()
        self.remove_leftovers()
        os._exit(0)

    def remove_leftovers(self) -> None:
        """Remove what the server may not be able to remove any more: it was killed, or is just ending.

        After an ordinary end of the worker the groups stay, because the endpoint reads whether memory had run out.
        """
        if self.is_asked_to_end or self.has_lost_server():
            cgroups.remove(self.groups)
            leftovers.remove_unlocked(self.server.folder, ENDING_SECONDS if self.has_lost_server() else 0.0)

    def has_lost_server(self) -> bool:
        return os.getppid() != self.server.pid

    def keep(self) -> None:
        """Start the worker, and wait for its end or SIGTERM."""
        self.server.connection.close()
        namespaces.prctl(ADOPT_ORPHANS, 1)
        if self.server.mould is None:
            pid, life_line = self.fork_worker(), 0
        else:
            pid, life_line = self.fork_init(self.server.mould)
        inherited.close_all_but(life_line)
        self.is_asked_to_end = not descendants.wait_for(pid)

    def report_failure(self, error: BaseException) -> None:
        """Send the error to the endpoint, on the channel. Before a request has come, send it to the server."""
        with suppress(OSError):
            if self.channel < 0:
                self.requests.shutdown(socket.SHUT_RD)  # no request comes after this, but one may have come before
                descriptors = inherited.receive(self.requests)[1]
                if not descriptors:
                    self.requests.send(json.dumps([getattr(error, "errno", 0) or errno.EIO, repr(error)]).encode())
                    return
                self.channel = descriptors[0]
            self.server.complain(self.channel, error)  # type: ignore[operator]

    def fork_init(self, mould: "namespaces.Mould") -> "tuple[int, int]":
        """Fork the init. Returns its process id and the writing end of a pipe, which the keeper holds open.

        By the pipe the init sees whether the keeper had ended before the parent-death signal was set. getppid(2) cannot
        tell: it returns 0 for a parent outside the process namespace.
        """
        mould.enter_processes()
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(writing)
            # Process 1 gets SIGTERM because it is blocked. The kernel discards its default signals (pid_namespaces(7)).
            namespaces.prctl(DIE_WITH_PARENT, signal.SIGTERM)
            if select.select([reading], [], [], 0)[0]:  # the end of the pipe: the keeper has ended
                os._exit(0)
            self.run_init(mould)
        return pid, writing

    def run_init(self, mould: "namespaces.Mould") -> None:
        """Be the init: fork the worker, and end the namespace after it."""
        try:
            mould.enter_copy()
            root.add_own(self.server.root)
            if not mould.flags:  # functions have the rights of the machine's root
                namespaces.limit_process_ids(self.server.root + "/proc", cgroups.PROCESSES)
                root.protect_machine(self.server.root)
            namespaces.limit_capabilities(mould.flags)
            pid = self.fork_worker()
            inherited.close_all_but(0)
            descendants.wait_for(pid)
        except BaseException as error:  # noqa: BLE001
            self.report_failure(error)
        descendants.end_namespace()

    def fork_worker(self) -> int:
        keeper = os.getpid()
        pid = os.fork()
        if pid == 0:
            if self.server.mould is None:
                namespaces.prctl(DIE_WITH_PARENT, signal.SIGKILL)
                if os.getppid() != keeper:
                    os._exit(0)
            try:
                self.run_worker()
            except BaseException as error:  # noqa: BLE001
                self.report_failure(error)
            os._exit(1)
        return pid

    def run_worker(self) -> None:
        """Be the worker. What does not depend on the function comes before the wait for the request.

        Mounts need capabilities, so these are dropped afterwards. The folder is the mounted one, so it is entered then.
        """
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, descendants.AWAITED)
        cgroups.enter(self.groups)  # the worker itself: its keeper and its init do not count
        data, descriptors = inherited.receive(self.requests)
        if not data:  # the spare has been discarded, or the server has ended
            os._exit(0)
        request = json.loads(data.decode())
        self.channel, self.output = descriptors
        folder = request["folder"]
        if self.server.mould is not None:
            root.finish(self.server.root, request["root"])
            namespaces.change_root(self.server.root)
            self.server.mould.leave_rights(cgroups.PROCESSES)
            folder = request["root"]["folder"]
        self.output, self.channel = inherited.move_to_standard(self.output, self.channel)
        os.chdir(folder)
        data_limit = namespaces.lowered_limit(resource.RLIMIT_DATA, request["data_bytes"])
        resource.setrlimit(resource.RLIMIT_DATA, data_limit)
        if request["command"]:
            inherited.execute(request["command"], self.channel, request["environment"])
        zone = os.environ.get("TZ")
        os.environ.clear()
        os.environ.update(request["environment"])
        if os.environ.get("TZ") != zone:
            time.tzset()
        self.server.work(self.channel, -1, True)  # type: ignore[operator]
        os._exit(0)


def run(arguments: "list[str]", calls: "tuple[object, object]", modules: "frozenset[str]") -> None:
    """Be a fork server. arguments: the descriptor of the connection; "plain" or ""; the endpoint's own folder.
    calls: see `Forker`. modules: those that a worker finds loaded.
    """
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET, 0, int(arguments[0]))
    connection.set_inheritable(False)

    def leave(*_: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # the signal and the end of the connection come together
        descendants.try_to_terminate_all()
        server.end_all()
        cgroups.remove_orphans(server.parents, 20 * ENDING_SECONDS)  # nobody does it after us
        leftovers.remove_unlocked(server.folder, 20 * ENDING_SECONDS)  # a killed endpoint cannot remove it
        os._exit(0)

    namespaces.prctl(ADOPT_ORPHANS, 1)
    server = Forker(connection, calls, arguments[1] == "plain", arguments[2])
    signal.signal(signal.SIGTERM, leave)
    # After the handler, which cleans up. If the endpoint has ended before, `serve` sees the end of the connection.
    namespaces.prctl(DIE_WITH_PARENT, signal.SIGTERM)
    inherited.forget_modules(modules)
    inherited.freeze_objects()
    try:
        server.serve()
    except OSError as error:
        if error.errno != errno.ECONNRESET:
            raise
    leave()
