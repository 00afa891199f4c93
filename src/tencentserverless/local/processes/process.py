"""A worker as an operating system process: its start, its end, and the descriptors that lead to it.

`Workers` is the one place where processes begin. What it returns is all that the rest of the endpoint knows.
On Linux a fork server starts them, by a fork alone or by a fork and the start of an interpreter; elsewhere, and where
fork servers do not work, they are this process's own children. On Windows, where these inherit no socket, they connect.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import Any

from tencentserverless.local.model.options import StartMethod
from tencentserverless.local.processes import fork_client, worker_file
from tencentserverless.local.processes.descriptors import PIPE_BYTES, Ends
from tencentserverless.local.processes.fork_client import ForkServers
from tencentserverless.local.processes.interpreters import CURRENT_INTERPRETER, Interpreter
from tencentserverless.local.processes.rendezvous import Guest, Rendezvous
from tencentserverless.local.processes.worker_file import worker_command
from tencentserverless.local.processes.worker_handle import (
    ChildExit,
    ConnectedWorker,
    DirectWorker,
    KeptWorker,
    WorkerHandle,
)

if sys.platform == "win32":
    from tencentserverless.local.processes.windows_jobs import Job as Root
else:
    from tencentserverless.local.processes.process_tree import Root

MB = 1024 * 1024
SLACK_BYTES = 640 * MB  # what /tmp may hold, which is memory here, and what is judged a little later
THREAD_STACKS_BYTES = 1024 * 8 * MB  # what as many threads as the platform allows reserve and do not use
CONNECT_SECONDS = 30.0
_NO_WINDOW: int = getattr(subprocess, "CREATE_NO_WINDOW", 0)  # nor our console, whose Ctrl-C would be theirs too


@dataclass(frozen=True, slots=True)
class StartRequest:
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


class Workers:
    """Starts workers. Made on the event loop; `stop` at the end."""

    def __init__(self, method: StartMethod = "fork", *, plain: bool = False) -> None:
        self._method = "connect" if sys.platform == "win32" else method
        self._servers = ForkServers(plain=plain) if self._method != "connect" and fork_client.works() else None

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
        return self._method == "fork" and interpreter.version >= worker_file.OLDEST_PYTHON

    async def start(self, start: StartRequest) -> WorkerHandle:
        """Raises OSError."""
        start.check()
        if self._method == "connect":
            return await connect(start)
        if self._servers is None:
            return spawn(start)
        by_fork = self._by_fork(start.interpreter)
        server = start.interpreter if by_fork else CURRENT_INTERPRETER
        with Ends.pair() as (ours, theirs):
            descriptors = (theirs.channel.fileno(), theirs.output)
            keeper = await self._servers.start(server, start.request(by_fork=by_fork), descriptors, start.scratch)
            return KeptWorker(keeper, ours.ready())

    async def stop(self) -> None:
        """End the fork servers, after the workers."""
        if self._servers is not None:
            await self._servers.stop()


def spawn(start: StartRequest) -> WorkerHandle:
    """Start a worker as our own child. Raises OSError."""
    with Ends.pair() as (ours, theirs):
        process = subprocess.Popen(
            [*worker_command(start.interpreter), str(theirs.channel.fileno()), str(theirs.life)],
            stdin=subprocess.DEVNULL,
            stdout=theirs.output,
            stderr=theirs.output,
            pass_fds=(theirs.channel.fileno(), theirs.life),
            env=dict(start.environment),
            cwd=start.folder,
            start_new_session=True,
        )
        return DirectWorker(Root(process.pid, start.mark.encode()), ours.ready(), ChildExit(process).seen)


async def connect(start: StartRequest) -> WorkerHandle:
    """Start a worker as our own child that inherits nothing but the standard three, and connects. Raises OSError."""
    output, own = os.pipe()
    try:
        with closing(Rendezvous()) as meeting:
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
            exited = ChildExit(process).seen
            try:
                guest = await _guest(meeting, process, exited)
                if guest is None:
                    raise ConnectionError(_why(process, output, own))
                return ConnectedWorker(Root(guest.pid, start.mark.encode()), Ends(guest.channel, output, own), exited)
            except BaseException:
                process.kill()
                await exited
                meeting.part()
                raise
    except BaseException:
        os.close(output)
        os.close(own)
        raise


async def _guest(
    meeting: Rendezvous, process: "subprocess.Popen[bytes]", exited: "asyncio.Future[None]"
) -> Guest | None:
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
