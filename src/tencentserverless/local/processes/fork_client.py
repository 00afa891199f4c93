"""The endpoint's side of fork servers. Linux.

There is one fork server for each interpreter. It is started when it is first needed, and replaced if it has died.
"""

import asyncio
import json
import os
import signal
import socket
import subprocess
from collections.abc import Callable, Coroutine, Iterable, Mapping
from contextlib import suppress
from itertools import count
from typing import Any, TypeVar

from tencentserverless.local.eventloop.in_thread import in_thread
from tencentserverless.local.processes import process_tree
from tencentserverless.local.processes.interpreters import Interpreter
from tencentserverless.local.processes.worker_file import worker_command

T = TypeVar("T")

REPLY_SECONDS = 10.0
END_SECONDS = 10.0
_REPLY_BYTES = 1 << 16
_INHERITED_VARIABLES = ("LANG", "LC_ALL", "PATH", "TZ")


class ForkServer:
    """A fork server: its process and the connection to it.

    To be made on the event loop's thread, because the server's parent-death signal comes when the *thread* ends that
    has started the server (prctl(2)).

    environment: the server inherits a few of these variables. folder: a folder that the server removes when it ends, or
    "". plain: true for workers without namespaces, also if the system has them.
    """

    def __init__(self, interpreter: Interpreter, environment: Mapping[str, str], folder: str, plain: bool) -> None:
        self._loop = asyncio.get_running_loop()
        self._ids = count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._hello: asyncio.Future[dict[str, Any]] = self._loop.create_future()
        self._keepers: dict[int, Keeper] = {}  # until the server has confirmed that nothing of them is left
        self._ends: list[asyncio.Future[None]] = []
        self.alive = True
        self.is_late = False  # after it has not answered in time: then another server is used for new workers
        self._connection, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        theirs.setblocking(True)  # also if the program has called `socket.setdefaulttimeout`
        arguments = ["serve", str(theirs.fileno()), "plain" if plain else "", folder]
        try:
            self._process = subprocess.Popen(
                [*worker_command(interpreter), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                env={name: environment[name] for name in _INHERITED_VARIABLES if name in environment},
                cwd="/",
                start_new_session=True,  # so that Ctrl-C on our terminal does not end it before us
            )
        except BaseException:
            self._connection.close()
            raise
        finally:
            theirs.close()
        self._connection.setblocking(False)
        self._loop.add_reader(self._connection, self._on_readable)

    @property
    def pid(self) -> int:
        return self._process.pid

    def is_running(self) -> bool:
        return self.alive and self._process.poll() is None

    async def has_namespaces(self) -> bool:
        """Whether its workers have process and mount namespaces. Raises OSError if the server does not run."""
        return bool((await self._wait_for_reply(self._hello))["namespaces"])

    async def start(self, request: Mapping[str, Any], descriptors: Iterable[int]) -> "Keeper":
        """Start a worker, and return its keeper. Raises OSError.

        request: what `StartRequest.request` returns. descriptors: the worker's channel and output.
        """
        number = next(self._ids)
        self._waiting[number] = self._loop.create_future()
        try:
            self._send({"id": number, **request}, descriptors)
            reply = await self._wait_for_reply(self._waiting[number])
        finally:
            del self._waiting[number]
        if "error" in reply:
            raise OSError(*reply["error"])
        return self._keeper(reply, request["mark"])

    def _keeper(self, reply: Mapping[str, Any], mark: str) -> "Keeper":
        """The keeper of a worker that has been started. Raises OSError if it cannot be watched. Then it is ended."""
        pid = int(reply["pid"])
        try:
            keeper = Keeper(self, pid, reply["groups"], mark.encode())
        except OSError:
            self.reap(pid)
            raise
        self._keepers[pid] = keeper
        return keeper

    def reap(self, pid: int) -> None:
        """Tell the server that a keeper has ended. Until then its process id is not used for another process."""
        with suppress(OSError):
            self._send({"reap": pid}, ())

    async def stop(self) -> None:
        """End the server and all processes that it has started."""
        self._disconnect()
        await asyncio.gather(in_thread(self._wait_for_exit), *self._ends)

    def _wait_for_exit(self) -> None:
        self._process.send_signal(signal.SIGCONT)  # it may have been stopped
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process_tree.end([process_tree.Root(self._process.pid)])
            self._process.wait()

    def _send(self, request: Mapping[str, Any], descriptors: Iterable[int]) -> None:
        if not self.alive:
            raise ConnectionError("the fork server has ended")
        socket.send_fds(self._connection, [json.dumps(request).encode()], list(descriptors))

    async def _wait_for_reply(self, reply: "asyncio.Future[dict[str, Any]]") -> dict[str, Any]:
        """The server may stand still (SIGSTOP). Its instances do not, so they stay, and a new server starts others."""
        await asyncio.wait((reply,), timeout=REPLY_SECONDS)  # `wait_for` can lose a reply that comes in the last moment
        if not reply.done():
            self.is_late = True
            self._disconnect_if_useless()
            raise ConnectionError("the fork server does not answer")
        return reply.result()

    def _disconnect_if_useless(self) -> None:
        if self.is_late and not self._keepers:
            self._disconnect()

    def _on_readable(self) -> None:
        try:
            data = self._connection.recv(_REPLY_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self._disconnect()
            ended = [keeper for keeper in self._keepers.values() if keeper.ended.done()]
            self._ends = [asyncio.ensure_future(in_thread(keeper.end_rest)) for keeper in ended]
            return
        reply = json.loads(data)
        if "reaped" in reply:
            self._keepers.pop(reply["reaped"], None)
            self._disconnect_if_useless()
            return
        waiting = self._waiting.get(reply["id"]) if "id" in reply else self._hello
        if waiting is not None and not waiting.done():
            waiting.set_result(reply)
        elif "pid" in reply:  # nobody waits for this worker any more
            with suppress(OSError):
                self._keeper(reply, "").ask_to_end()

    def _disconnect(self) -> None:
        """Close the connection, at which the server ends, and fail what waits for replies."""
        if self.alive:
            self.alive = False
            self._loop.remove_reader(self._connection)
            self._connection.close()
            for waiting in (self._hello, *self._waiting.values()):
                if not waiting.done():
                    waiting.set_exception(ConnectionError("the fork server has ended"))
            if self._hello.done() and not self._hello.cancelled():
                self._hello.exception()  # read once, because asyncio logs an exception that is never read


class Keeper:
    """A keeper: the process that ends when a worker and all processes that it has started have ended.

    `ended` is done then. groups: the folders of the worker's control groups, by controller. mark: the NAME=VALUE of the
    environment that only this worker has.
    """

    def __init__(self, server: ForkServer, pid: int, groups: Mapping[str, str], mark: bytes) -> None:
        self.pid = pid
        self.groups = groups
        self._root = process_tree.Root(pid, mark)
        self._server = server
        # It becomes readable when the process ends (pidfd_open(2)). The process is not our child, so waitpid(2) cannot
        # be used. Its id cannot belong to another process yet, because the server reaps it only at `reap`.
        self._descriptor = os.pidfd_open(pid)
        self._loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[None] = self._loop.create_future()
        self._loop.add_reader(self._descriptor, self._on_end)

    async def end(self) -> None:
        """End the worker and all that it has started, and wait until they have ended."""
        self.ask_to_end()
        await asyncio.wait((self.ended,), timeout=END_SECONDS)
        # The keeper may still be stopped. Or it was killed, and its server too: then nothing else finds what detached.
        if not (self.ended.done() and self._server.is_running()):
            await in_thread(self.end_rest)
            await self.ended

    def end_rest(self) -> None:
        """End all that is left below the keeper. Blocks."""
        process_tree.end([self._root])
        process_tree.end_groups(set(self.groups.values()))

    def ask_to_end(self) -> None:
        self._signal(signal.SIGTERM)
        self._signal(signal.SIGCONT)  # it may have been stopped

    def _signal(self, number: int) -> None:
        with suppress(ProcessLookupError):
            if self._descriptor >= 0:
                signal.pidfd_send_signal(self._descriptor, number)

    def _on_end(self) -> None:
        self._loop.remove_reader(self._descriptor)
        os.close(self._descriptor)
        self._descriptor = -1
        if not self.ended.done():
            self.ended.set_result(None)
        self._loop.call_soon(self._server.reap, self.pid)  # later: callbacks of `ended` still read the groups


class ForkServers:
    """The fork servers of an endpoint, by interpreter. The arguments are as for `ForkServer`."""

    def __init__(self, *, plain: bool = False) -> None:
        self._plain = plain
        self._servers: dict[Interpreter, ForkServer] = {}
        self._gone: list[ForkServer] = []
        self._has_namespaces: dict[Interpreter, bool] = {}

    async def start(
        self, interpreter: Interpreter, request: Mapping[str, Any], descriptors: tuple[int, int], folder: str
    ) -> Keeper:
        """Start a worker, and return its keeper. Raises OSError."""
        return await self._ask(
            lambda server: server.start(request, descriptors), interpreter, request["environment"], folder
        )

    async def has_namespaces(self, interpreter: Interpreter, environment: Mapping[str, str], folder: str) -> bool:
        """Whether the workers of this interpreter have namespaces. The answer is kept. Raises OSError."""
        if interpreter not in self._has_namespaces:
            answer = await self._ask(ForkServer.has_namespaces, interpreter, environment, folder)
            self._has_namespaces[interpreter] = answer
        return self._has_namespaces[interpreter]

    async def _ask(
        self,
        ask: Callable[[ForkServer], Coroutine[Any, Any, T]],
        interpreter: Interpreter,
        environment: Mapping[str, str],
        folder: str,
    ) -> T:
        """The server's answer. If the server has died or stands still, a new one is asked, once. Raises OSError."""
        for last in (False, True):
            server = self._server(interpreter, environment, folder)
            try:
                return await ask(server)
            except ConnectionError:
                if last:
                    raise
        raise AssertionError

    def prepare(self, interpreter: Interpreter, environment: Mapping[str, str], folder: str) -> None:
        """Start the interpreter's server if it does not run, without waiting for it. Raises OSError."""
        self._server(interpreter, environment, folder)

    async def stop(self) -> None:
        servers = [*self._servers.values(), *self._gone]
        self._servers, self._gone = {}, []
        await asyncio.gather(*(server.stop() for server in servers))

    def _server(self, interpreter: Interpreter, environment: Mapping[str, str], folder: str) -> ForkServer:
        server = self._servers.get(interpreter)
        if server is None or not server.alive or server.is_late:
            if server is not None:
                self._gone.append(server)
            server = self._servers[interpreter] = ForkServer(interpreter, environment, folder, self._plain)
        return server


def is_supported() -> bool:
    """Whether this system has what fork servers need: /proc, and descriptors of processes (Linux 5.3 or later)."""
    if not (hasattr(os, "pidfd_open") and hasattr(socket, "send_fds") and os.path.exists("/proc/self/fd")):
        return False
    try:
        os.close(os.pidfd_open(os.getpid()))
    except OSError:  # a kernel older than 5.3, or a filter of system calls
        return False
    return True
