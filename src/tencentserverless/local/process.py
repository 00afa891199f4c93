"""A worker as an operating system process: its start, its end, and the descriptors that lead to it.

`Workers` is the one place where processes begin. What it returns is all that the rest of the endpoint knows.
On Linux a fork server starts them, by a fork alone or by a fork and the start of an interpreter; elsewhere, and where
fork servers do not work, they are this process's own children. On Windows, where these inherit no socket, they connect.
"""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from threading import Thread
from typing import Any, Literal

from tencentserverless.local import launcher
from tencentserverless.local.events import Events
from tencentserverless.local.interpreters import CURRENT_INTERPRETER, Interpreter
from tencentserverless.local.launcher import ForkServers, Keeper, worker_command
from tencentserverless.local.meeting import Guest, Meeting
from tencentserverless.local.memory import Meter
from tencentserverless.local.output import Output, ReadOutput

if sys.platform == "win32":
    from tencentserverless.local.jobs import Job as Root
    from tencentserverless.local.jobs import JobMeter
    from tencentserverless.local.jobs import end as end_all
else:
    from tencentserverless.local.tree import Root
    from tencentserverless.local.tree import end as end_all

PIPE_BYTES = 1024 * 1024
MB = 1024 * 1024
SLACK_BYTES = 640 * MB  # what /tmp may hold, which is memory here, and what is judged a little later
THREAD_STACKS_BYTES = 1024 * 8 * MB  # what as many threads as the platform allows reserve and do not use
CONNECT_SECONDS = 30.0
_F_SETPIPE_SZ = 1031
_NO_WINDOW: int = getattr(subprocess, "CREATE_NO_WINDOW", 0)  # nor our console, whose Ctrl-C would be theirs too

StartMethod = Literal["fork", "spawn", "connect"]


@dataclass(frozen=True, slots=True)
class Start:
    """What a worker is started with. mark: a text of its environment that no other worker has.

    scratch: the endpoint's own folder, which goes when the endpoint does. view: what it sees of the disk where that can
    be arranged, see `View.mounts`.
    """

    interpreter: Interpreter
    environment: Mapping[str, str] = field(repr=False)
    folder: str
    mark: str
    memory_mb: int = 128
    scratch: str = ""
    view: dict[str, Any] = field(default_factory=dict)

    def check(self) -> None:
        """Raises OSError for what would go wrong in the new process."""
        os.scandir(self.folder).close()
        os.stat(self.interpreter.path)

    def request(self, *, by_fork: bool) -> dict[str, Any]:
        """What a fork server is asked for. Data is bounded well above the memory, which is watched: for the sudden."""
        return {
            "environment": dict(self.environment),
            "folder": self.folder,
            "command": None if by_fork else worker_command(self.interpreter),
            "data_bytes": self.memory_mb * MB + THREAD_STACKS_BYTES,
            "memory_bytes": self.memory_mb * MB + SLACK_BYTES,
            "view": self.view,
        }


class Worker:
    """A running worker. `channel` does not block; `exited` is done once the process has ended.

    pid: the process at the top of it. has_keeper: whether that one only watches over the others. groups: the folders of
    its control groups, by controller.
    """

    has_keeper = False
    groups: Mapping[str, str] = {}

    def __init__(self, pid: int, ends: "_Ends", exited: "asyncio.Future[None]") -> None:
        self.pid = pid
        self.channel = ends.channel
        self.exited = exited
        self._events = ends.events
        self._output = ends.output
        self._life = ends.life

    def events(self) -> Events:
        """What it is to run goes in here. To be closed before `close`."""
        return Events(*self._events) if self._events else Events(self.channel, None)

    def output(self) -> Output:
        """What it prints, from now on. To be closed before `close`."""
        return Output(self._output)

    def meter(self) -> Meter:
        """What it holds of memory."""
        return Meter(self.pid, self.has_keeper, self.groups)

    @staticmethod
    async def end(workers: "Iterable[Worker]") -> None:
        """Kill these and all that they have started; returns when it is gone. May be called again."""
        workers = list(workers)
        direct = [worker for worker in workers if isinstance(worker, _Direct)]
        await asyncio.gather(
            _Direct.end_together(direct), *(worker.keeper.end() for worker in workers if isinstance(worker, _Kept))
        )

    def close(self) -> None:
        """Give up the descriptors, after `end`."""
        for end in (self.channel, *self._events):
            end.close()
        for descriptor in (self._output, self._life):
            if descriptor >= 0:
                os.close(descriptor)
        self._output = self._life = -1


class _Kept(Worker):
    """A worker below a fork server."""

    has_keeper = True

    def __init__(self, keeper: Keeper, ends: "_Ends") -> None:
        super().__init__(keeper.pid, ends, keeper.ended)
        self.keeper = keeper
        self.groups = keeper.groups


class _Direct(Worker):
    """A worker that is our own child."""

    def __init__(self, root: Root, ends: "_Ends", exited: "asyncio.Future[None]") -> None:
        super().__init__(root.pid, ends, exited)
        self._root = root
        self._swept = False

    @staticmethod
    async def end_together(workers: "list[_Direct]") -> None:
        """One look at the process table for all."""
        ending = [worker for worker in workers if not worker._swept]
        if ending:
            await asyncio.to_thread(end_all, [worker._root for worker in ending])
        for worker in ending:
            await worker.exited
            worker._swept = True


class _Connected(_Direct):
    """A worker that has connected to us. `_life` is our own end to write into its output."""

    def output(self) -> Output:
        return ReadOutput(self._output, self._life)

    def meter(self) -> Meter:
        if sys.platform == "win32":
            return JobMeter(self._root)
        return super().meter()


class _Exit:
    """Watches a child of our own. `seen` is done once it has ended."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process
        self._loop = asyncio.get_running_loop()
        self.seen: asyncio.Future[None] = self._loop.create_future()
        try:
            descriptor = os.pidfd_open(process.pid)
        except (AttributeError, OSError):
            Thread(target=self._wait, daemon=True, name=f"worker {process.pid}").start()
            return
        self._loop.add_reader(descriptor, self._ended_on_linux, descriptor)

    def _ended_on_linux(self, descriptor: int) -> None:
        self._loop.remove_reader(descriptor)
        os.close(descriptor)
        self._process.wait()
        self._ended()

    def _wait(self) -> None:
        self._process.wait()
        with suppress(RuntimeError):  # the loop may be closed by now
            self._loop.call_soon_threadsafe(self._ended)

    def _ended(self) -> None:
        if not self.seen.done():
            self.seen.set_result(None)


class Workers:
    """Starts workers. Made on the event loop; `stop` at the end."""

    def __init__(self, method: StartMethod = "fork", *, plain: bool = False) -> None:
        self._method = "connect" if sys.platform == "win32" else method
        self._servers = ForkServers(plain=plain) if self._method != "connect" and launcher.works() else None

    def prepare(self, interpreter: Interpreter, environment: Mapping[str, str], scratch: str) -> None:
        """Have what starts workers ready before the first one is wanted, without waiting for it.

        From then on `scratch` goes with the endpoint, also when that is killed.
        """
        if self._servers is not None:
            with suppress(OSError):  # told to who wants a worker
                self._servers.prepare(interpreter, environment, scratch)

    async def has_namespaces(self, interpreter: Interpreter, environment: Mapping[str, str], scratch: str) -> bool:
        """Whether workers on this interpreter see what their `Start.view` says. Raises OSError."""
        if self._servers is None:
            return False
        server = interpreter if self._by_fork(interpreter) else CURRENT_INTERPRETER
        return await self._servers.have_namespaces(server, environment, scratch)

    def _by_fork(self, interpreter: Interpreter) -> bool:
        return self._method == "fork" and interpreter.version >= launcher.OLDEST_PYTHON

    async def start(self, start: Start) -> Worker:
        """Raises OSError."""
        start.check()
        if self._method == "connect":
            return await connect(start)
        if self._servers is None:
            return spawn(start)
        by_fork = self._by_fork(start.interpreter)
        server = start.interpreter if by_fork else CURRENT_INTERPRETER
        with _Ends.pair() as (ours, theirs):
            descriptors = (theirs.channel.fileno(), theirs.output, theirs.incoming)
            keeper = await self._servers.start(server, start.request(by_fork=by_fork), descriptors, start.scratch)
            return _Kept(keeper, ours.ready())

    async def stop(self) -> None:
        """End the fork servers, after the workers."""
        if self._servers is not None:
            await self._servers.stop()


def spawn(start: Start) -> Worker:
    """Start a worker as our own child. Raises OSError."""
    with _Ends.pair() as (ours, theirs):
        process = subprocess.Popen(
            [*worker_command(start.interpreter), *map(str, (theirs.channel.fileno(), theirs.life, theirs.incoming))],
            stdin=subprocess.DEVNULL,
            stdout=theirs.output,
            stderr=theirs.output,
            pass_fds=(theirs.channel.fileno(), theirs.life, theirs.incoming),
            env=dict(start.environment),
            cwd=start.folder,
            start_new_session=True,
        )
        return _Direct(Root(process.pid, start.mark.encode()), ours.ready(), _Exit(process).seen)


async def connect(start: Start) -> Worker:
    """Start a worker as our own child that inherits nothing but the standard three, and connects. Raises OSError."""
    output, own = os.pipe()
    try:
        with closing(Meeting()) as meeting:
            process = subprocess.Popen(
                [*worker_command(start.interpreter), "connect"],
                stdin=subprocess.PIPE,
                stdout=own,
                stderr=own,
                env=dict(start.environment),
                cwd=start.folder,
                start_new_session=True,
                creationflags=_NO_WINDOW,
            )
            exited = _Exit(process).seen
            try:
                guest = await _guest(meeting, process, exited)
                if guest is None:
                    raise ConnectionError(_why(process, output, own))
                return _Connected(Root(guest.pid, start.mark.encode()), _Ends(guest.channel, output, own), exited)
            except BaseException:
                process.kill()
                await exited
                meeting.part()
                raise
    except BaseException:
        os.close(output)
        os.close(own)
        raise


async def _guest(meeting: Meeting, process: "subprocess.Popen[bytes]", exited: "asyncio.Future[None]") -> Guest | None:
    """Who has come; None where nobody will."""
    assert process.stdin is not None
    with suppress(OSError), process.stdin as told:  # it may have ended
        told.write(meeting.invitation)
    await asyncio.wait((meeting.guest, exited), timeout=CONNECT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    return meeting.guest.result() if meeting.guest.done() else None


def _why(process: "subprocess.Popen[bytes]", output: int, own: int) -> str:
    """Why a worker does not come: what it has printed. own: where to write, so that there is something to be read."""
    os.write(own, b"\n")
    printed = os.read(output, PIPE_BYTES).decode("utf-8", "replace").strip()
    code = process.returncode
    return f"{'it does not connect' if code is None else f'it ended with exit code {code}'}: {printed or '(no output)'}"


class _Ends:
    """One side's ends of channel, output, life line, and of the queue of events where there is one: ours are where
    they go in, and a second of the worker's."""

    def __init__(self, channel: socket.socket, output: int, life: int, *events: socket.socket) -> None:
        self.channel = channel
        self.output = output
        self.life = life
        self.events = events

    @property
    def incoming(self) -> int:
        """Where a worker reads what it is to run."""
        return (self.events[0] if self.events else self.channel).fileno()

    @classmethod
    @contextmanager
    def pair(cls) -> "Iterator[tuple[_Ends, _Ends]]":
        """Ours and the worker's. Theirs is closed at the end, ours if something goes wrong."""
        ours, theirs = socket.socketpair()
        life_read, life_write = os.pipe()
        output_read, output_write = os.pipe()
        queue = _queue()
        mine = cls(ours, output_read, life_write, *queue[:1], *(end.dup() for end in queue[1:]))
        its = cls(theirs, output_write, life_read, *queue[1:])
        try:
            yield mine, its
        except BaseException:
            mine.close()
            raise
        finally:
            its.close()

    def ready(self) -> "_Ends":
        for end in (self.channel, *self.events[:1]):
            end.setblocking(False)
        os.set_blocking(self.output, False)
        _widen(self.output)
        return self

    def close(self) -> None:
        for end in (self.channel, *self.events):
            end.close()
        os.close(self.output)
        os.close(self.life)


def _queue() -> tuple[socket.socket, ...]:
    """The two ends of a queue of packets; none where the system has no such queues."""
    try:
        return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    except (AttributeError, OSError):
        return ()


def _widen(pipe: int) -> None:
    """A function that prints much should not wait for us. Linux; may be refused."""
    with suppress(ImportError, OSError):
        import fcntl

        fcntl.fcntl(pipe, _F_SETPIPE_SZ, PIPE_BYTES)
