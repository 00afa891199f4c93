"""Starts workers: the operating system processes of instances.

`Workers` starts all of them. It returns a `WorkerHandle`, which is all that the rest of the endpoint uses. There are
three ways:

- A fork server forks the worker. If the start method is "spawn", or the interpreter is too old, the forked process then
  starts the interpreter. Linux.
- The worker is a child of this process. Used if fork servers do not work.
- The worker is a child of this process, and connects to it, because a child on Windows cannot inherit a socket.
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
from tencentserverless.local.processes.descriptors import PIPE_BYTES, Descriptors
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
# The kernel's limit is that much above the function's memory. /tmp is in memory here (512 MB), and the endpoint should
# see an excess before the kernel kills: then it can report the memory.
SLACK_BYTES = 640 * MB
THREAD_STACKS_BYTES = 1024 * 8 * MB  # for the platform's limit of 1024 threads; most of it is reserved only
CONNECT_SECONDS = 30.0
_NO_WINDOW: int = getattr(subprocess, "CREATE_NO_WINDOW", 0)  # Windows; Ctrl-C in our console must not reach the worker


@dataclass(frozen=True, slots=True)
class StartRequest:
    """What a worker is started with.

    folder: the function's folder. mark: a NAME=VALUE of the environment that only this worker has. It identifies the
    processes that the worker starts. scratch: the endpoint's own folder, which is removed when the endpoint ends.
    root: the worker's root folder, see `Root.request`. It is made only if the system has namespaces. Then it names the
    working folder, which otherwise is `folder`.
    """

    interpreter: Interpreter
    environment: Mapping[str, str] = field(repr=False)
    folder: str
    mark: str
    memory_mb: int = 128
    scratch: str = ""
    root: dict[str, Any] = field(default_factory=dict)

    def check(self) -> None:
        """Raises OSError if the folder or the interpreter is missing: better here than in the new process."""
        os.scandir(self.folder).close()
        os.stat(self.interpreter.path)

    def request(self, *, by_fork: bool) -> dict[str, Any]:
        """The request to a fork server. by_fork: without the start of an interpreter.

        The limits are well above the function's memory. The endpoint watches the memory itself; the limits are for a
        growth that is faster than its samples.
        """
        return {
            "environment": dict(self.environment),
            "folder": self.folder,
            "command": None if by_fork else worker_command(self.interpreter),
            "data_bytes": self.memory_mb * MB + THREAD_STACKS_BYTES,
            "memory_bytes": self.memory_mb * MB + SLACK_BYTES,
            "root": {"folder": self.folder, "needed": [self.folder], **self.root},
            "mark": self.mark,
        }


class Workers:
    """Starts workers. To be made on the event loop. `stop` must be called at the end."""

    def __init__(self, method: StartMethod = "fork", *, plain: bool = False) -> None:
        self._method = "connect" if sys.platform == "win32" else method
        self._servers = ForkServers(plain=plain) if self._method != "connect" and fork_client.is_supported() else None

    def prepare(self, interpreter: Interpreter, environment: Mapping[str, str], scratch: str) -> None:
        """Start the fork server before the first worker is needed, without waiting for it.

        From then on the folder `scratch` is removed when the endpoint ends, also if the endpoint is killed.
        """
        if self._servers is not None:
            with suppress(OSError):  # `start` fails with the same error and raises it
                self._servers.prepare(interpreter, environment, scratch)

    async def has_namespaces(self, interpreter: Interpreter, environment: Mapping[str, str], scratch: str) -> bool:
        """Whether workers on this interpreter get the root folder of `StartRequest.root`. Raises OSError."""
        if self._servers is None:
            return False
        server = interpreter if self._should_fork(interpreter) else CURRENT_INTERPRETER
        return await self._servers.has_namespaces(server, environment, scratch)

    def _should_fork(self, interpreter: Interpreter) -> bool:
        """Whether a forked process is the worker at once. Otherwise it starts the interpreter first."""
        return self._method == "fork" and interpreter.version >= worker_file.OLDEST_PYTHON

    async def start(self, start: StartRequest) -> WorkerHandle:
        """Start a worker. Raises OSError."""
        start.check()
        if self._method == "connect":
            return await connect(start)
        if self._servers is None:
            return spawn(start)
        by_fork = self._should_fork(start.interpreter)
        server = start.interpreter if by_fork else CURRENT_INTERPRETER
        with Descriptors.pair() as (ours, theirs):
            descriptors = (theirs.channel.fileno(), theirs.output)
            keeper = await self._servers.start(server, start.request(by_fork=by_fork), descriptors, start.scratch)
            return KeptWorker(keeper, ours.set_nonblocking())

    async def stop(self) -> None:
        """End the fork servers. The workers must have ended before."""
        if self._servers is not None:
            await self._servers.stop()


def spawn(start: StartRequest) -> WorkerHandle:
    """Start a worker as our own child. Raises OSError."""
    with Descriptors.pair() as (ours, theirs):
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
        root = Root(process.pid, start.mark.encode())
        return DirectWorker(root, ours.set_nonblocking(), ChildExit(process).seen)


async def connect(start: StartRequest) -> WorkerHandle:
    """Start a worker as our own child that inherits stdin, stdout and stderr only, and connects. Raises OSError."""
    output, own = os.pipe()
    try:
        with closing(Rendezvous()) as rendezvous:
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
                guest = await _wait_for_guest(rendezvous, process, exited)
                if guest is None:
                    raise ConnectionError(_failure_text(process, output, own))
                root, descriptors = Root(guest.pid, start.mark.encode()), Descriptors(guest.channel, output, own)
                return ConnectedWorker(root, descriptors, exited)
            except BaseException:
                process.kill()
                await exited
                rendezvous.disconnect()
                raise
    except BaseException:
        os.close(output)
        os.close(own)
        raise


async def _wait_for_guest(
    rendezvous: Rendezvous, process: "subprocess.Popen[bytes]", exited: "asyncio.Future[None]"
) -> Guest | None:
    """The worker that has connected; None if it has ended or the time is over."""
    assert process.stdin is not None
    with suppress(OSError), process.stdin as stdin:  # the worker may have ended
        stdin.write(rendezvous.invitation)
    await asyncio.wait((rendezvous.guest, exited), timeout=CONNECT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    return rendezvous.guest.result() if rendezvous.guest.done() else None


def _failure_text(process: "subprocess.Popen[bytes]", output: int, own: int) -> str:
    """Why a worker has not connected: its exit code and what it has printed.

    output: the reading end of its output pipe. own: the writing end.
    """
    os.write(own, b"\n")  # otherwise the read below would wait if nothing was printed
    printed = os.read(output, PIPE_BYTES).decode("utf-8", "replace").strip()
    code = process.returncode
    return f"{'it does not connect' if code is None else f'it ended with exit code {code}'}: {printed or '(no output)'}"
