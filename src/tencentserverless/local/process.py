"""A worker as an operating system process: its start, its end, and the descriptors that lead to it.

`Workers` is the one place where processes begin. What it returns is all that the rest of the endpoint knows.
On Linux a fork server starts them, by a fork alone or by a fork and the start of an interpreter; elsewhere, and where
fork servers do not work, they are this process's own children.
"""

import asyncio
import os
import socket
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Thread
from typing import Any, Literal

from tencentserverless.local import launcher, tree
from tencentserverless.local.interpreters import CURRENT_INTERPRETER, Interpreter
from tencentserverless.local.launcher import BOOTSTRAP, ForkServers, Keeper

PIPE_BYTES = 1024 * 1024
MB = 1024 * 1024
SLACK_BYTES = 640 * MB  # what /tmp may hold, which is memory here, and what is judged a little later
THREAD_STACKS_BYTES = 1024 * 8 * MB  # what as many threads as the platform allows reserve and do not use
_F_SETPIPE_SZ = 1031

StartMethod = Literal["fork", "spawn"]


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
            "command": None if by_fork else [*self.interpreter.command, str(BOOTSTRAP)],
            "data_bytes": self.memory_mb * MB + THREAD_STACKS_BYTES,
            "memory_bytes": self.memory_mb * MB + SLACK_BYTES,
            "view": self.view,
        }


class Worker:
    """A running worker. `channel` and `output` do not block; `exited` is done once the process has ended.

    pid: the process at the top of it. has_keeper: whether that one only watches over the others. groups: the folders of
    its control groups, by controller.
    """

    has_keeper = False
    groups: Mapping[str, str] = {}

    def __init__(self, pid: int, ends: "_Ends", exited: "asyncio.Future[None]") -> None:
        self.pid = pid
        self.channel = ends.channel
        self.output = ends.output
        self.exited = exited
        self._life = ends.life

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
        self.channel.close()
        for descriptor in (self.output, self._life):
            if descriptor >= 0:
                os.close(descriptor)
        self.output = self._life = -1


class _Kept(Worker):
    """A worker below a fork server."""

    has_keeper = True

    def __init__(self, keeper: Keeper, ends: "_Ends") -> None:
        super().__init__(keeper.pid, ends, keeper.ended)
        self.keeper = keeper
        self.groups = keeper.groups


class _Direct(Worker):
    """A worker that is our own child."""

    def __init__(self, process: "subprocess.Popen[bytes]", ends: "_Ends", mark: str) -> None:
        super().__init__(process.pid, ends, asyncio.get_running_loop().create_future())
        self._process = process
        self._root = tree.Root(process.pid, mark.encode())
        self._swept = False
        self._watch()

    @staticmethod
    async def end_together(workers: "list[_Direct]") -> None:
        """One look at the process table for all."""
        ending = [worker for worker in workers if not worker._swept]
        if ending:
            await asyncio.to_thread(tree.end, [worker._root for worker in ending])
        for worker in ending:
            await worker.exited
            worker._swept = True

    def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            descriptor = os.pidfd_open(self.pid)
        except (AttributeError, OSError):
            Thread(target=self._wait, args=(loop,), daemon=True, name=f"worker {self.pid}").start()
            return
        loop.add_reader(descriptor, self._ended_on_linux, loop, descriptor)

    def _ended_on_linux(self, loop: asyncio.AbstractEventLoop, descriptor: int) -> None:
        loop.remove_reader(descriptor)
        os.close(descriptor)
        self._process.wait()
        self._ended()

    def _wait(self, loop: asyncio.AbstractEventLoop) -> None:
        self._process.wait()
        with suppress(RuntimeError):  # the loop may be closed by now
            loop.call_soon_threadsafe(self._ended)

    def _ended(self) -> None:
        if not self.exited.done():
            self.exited.set_result(None)


class Workers:
    """Starts workers. Made on the event loop; `stop` at the end."""

    def __init__(self, method: StartMethod = "fork", *, plain: bool = False) -> None:
        self._method = method
        self._servers = ForkServers(plain=plain) if launcher.works() else None

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
        if self._servers is None:
            return spawn(start)
        by_fork = self._by_fork(start.interpreter)
        server = start.interpreter if by_fork else CURRENT_INTERPRETER
        with _Ends.pair() as (ours, theirs):
            descriptors = (theirs.channel.fileno(), theirs.output)
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
            [*start.interpreter.command, str(BOOTSTRAP), str(theirs.channel.fileno()), str(theirs.life)],
            stdin=subprocess.DEVNULL,
            stdout=theirs.output,
            stderr=theirs.output,
            pass_fds=(theirs.channel.fileno(), theirs.life),
            env=dict(start.environment),
            cwd=start.folder,
            start_new_session=True,
        )
        return _Direct(process, ours.ready(), start.mark)


class _Ends:
    """One side's ends of channel, output and life line."""

    def __init__(self, channel: socket.socket, output: int, life: int) -> None:
        self.channel = channel
        self.output = output
        self.life = life

    @classmethod
    @contextmanager
    def pair(cls) -> "Iterator[tuple[_Ends, _Ends]]":
        """Ours and the worker's. Theirs is closed at the end, ours if something goes wrong."""
        ours, theirs = socket.socketpair()
        life_read, life_write = os.pipe()
        output_read, output_write = os.pipe()
        mine, its = cls(ours, output_read, life_write), cls(theirs, output_write, life_read)
        try:
            yield mine, its
        except BaseException:
            mine.close()
            raise
        finally:
            its.close()

    def ready(self) -> "_Ends":
        self.channel.setblocking(False)
        os.set_blocking(self.output, False)
        _widen(self.output)
        return self

    def close(self) -> None:
        self.channel.close()
        os.close(self.output)
        os.close(self.life)


def _widen(pipe: int) -> None:
    """A function that prints much should not wait for us. Linux; may be refused."""
    with suppress(ImportError, OSError):
        import fcntl

        fcntl.fcntl(pipe, _F_SETPIPE_SZ, PIPE_BYTES)
