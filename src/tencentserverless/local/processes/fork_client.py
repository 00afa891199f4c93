"""Fork servers from the endpoint's side: one per interpreter, started at the first need, replaced when dead. Linux."""

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

from tencentserverless.local.processes import process_tree
from tencentserverless.local.processes.interpreters import Interpreter
from tencentserverless.local.processes.worker_file import worker_command

T = TypeVar("T")

REPLY_SECONDS = 10.0
END_SECONDS = 10.0
_REPLY_BYTES = 1 << 16
_KEPT = ("LANG", "LC_ALL", "PATH", "TZ")


class ForkServer:
    """One fork server. `plain`: without namespaces, also where they are possible. Made on the event loop.

    Made on the loop's thread: a parent-death signal comes when the *thread* ends that started the process.
    """

    def __init__(self, interpreter: Interpreter, environment: Mapping[str, str], folder: str, plain: bool) -> None:
        self._loop = asyncio.get_running_loop()
        self._ids = count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._hello: asyncio.Future[dict[str, Any]] = self._loop.create_future()
        self.alive = True
        self._connection, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        arguments = ["serve", str(theirs.fileno()), "plain" if plain else "", folder]
        try:
            self._process = subprocess.Popen(
                [*worker_command(interpreter), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                env={name: environment[name] for name in _KEPT if name in environment},
                cwd="/",
                start_new_session=True,
            )
        except BaseException:
            self._connection.close()
            raise
        finally:
            theirs.close()
        self._connection.setblocking(False)
        self._loop.add_reader(self._connection, self._readable)

    @property
    def pid(self) -> int:
        return self._process.pid

    async def has_namespaces(self) -> bool:
        """Whether its workers have process and mount namespaces of their own. Raises OSError where it does not run."""
        return bool((await self._answered(asyncio.shield(self._hello)))["namespaces"])

    async def start(self, request: Mapping[str, Any], descriptors: Iterable[int]) -> "Keeper":
        """A new worker's keeper. Raises OSError."""
        number = next(self._ids)
        self._waiting[number] = self._loop.create_future()
        try:
            self._send({"id": number, **request}, descriptors)
            reply = await self._answered(self._waiting[number])
        finally:
            del self._waiting[number]
        if "error" in reply:
            raise OSError(*reply["error"])
        return Keeper(self, int(reply["pid"]), reply["groups"])

    def reap(self, pid: int) -> None:
        """A keeper has ended: its process id may be used again."""
        with suppress(OSError):
            self._send({"reap": pid}, ())

    async def stop(self) -> None:
        """End it, and what it has started."""
        self._lost()
        await asyncio.to_thread(self._waited)

    def _waited(self) -> None:
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process_tree.end([process_tree.Root(self._process.pid)])
            self._process.wait()

    def _send(self, request: Mapping[str, Any], descriptors: Iterable[int]) -> None:
        if not self.alive:
            raise ConnectionError("the fork server has ended")
        socket.send_fds(self._connection, [json.dumps(request).encode()], list(descriptors))

    async def _answered(self, reply: "asyncio.Future[dict[str, Any]]") -> dict[str, Any]:
        try:
            return await asyncio.wait_for(reply, REPLY_SECONDS)
        except asyncio.TimeoutError:
            self._lost()
            raise ConnectionError("the fork server does not answer") from None

    def _readable(self) -> None:
        try:
            data = self._connection.recv(_REPLY_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self._lost()
            return
        reply = json.loads(data)
        waiting = self._waiting.get(reply["id"]) if "id" in reply else self._hello
        if waiting is not None and not waiting.done():
            waiting.set_result(reply)

    def _lost(self) -> None:
        """It ends by itself once the connection is closed."""
        if self.alive:
            self.alive = False
            self._loop.remove_reader(self._connection)
            self._connection.close()
            for waiting in (self._hello, *self._waiting.values()):
                if not waiting.done():
                    waiting.set_exception(ConnectionError("the fork server has ended"))
            if self._hello.done() and not self._hello.cancelled():
                self._hello.exception()  # nobody may have asked


class Keeper:
    """The parent of all that a worker starts. `ended` once nothing of it runs any more.

    groups: the folders of the worker's control groups, by controller.
    """

    def __init__(self, server: ForkServer, pid: int, groups: Mapping[str, str]) -> None:
        self.pid = pid
        self.groups = groups
        self._server = server
        self._descriptor = os.pidfd_open(pid)  # its number is not used again before `reap`
        self._loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[None] = self._loop.create_future()
        self._loop.add_reader(self._descriptor, self._on_end)

    async def end(self) -> None:
        self._signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(asyncio.shield(self.ended), END_SECONDS)
        except asyncio.TimeoutError:  # its function has stopped it
            await asyncio.to_thread(process_tree.end, [process_tree.Root(self.pid)])
            await self.ended

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
        self._loop.call_soon(self._server.reap, self.pid)  # who hears of the end may still look at the groups


class ForkServers:
    """The fork servers of an endpoint. plain: without namespaces; folder: removed at the end of each server."""

    def __init__(self, *, plain: bool = False) -> None:
        self._plain = plain
        self._servers: dict[Interpreter, ForkServer] = {}
        self._gone: list[ForkServer] = []
        self._have_namespaces: dict[Interpreter, bool] = {}

    async def start(
        self, interpreter: Interpreter, request: Mapping[str, Any], descriptors: tuple[int, int], folder: str
    ) -> Keeper:
        """A new worker's keeper. Raises OSError."""
        return await self._asked(
            lambda server: server.start(request, descriptors), interpreter, request["environment"], folder
        )

    async def have_namespaces(self, interpreter: Interpreter, environment: Mapping[str, str], folder: str) -> bool:
        """Whether the workers of this interpreter's server do; asked once. Raises OSError."""
        if interpreter not in self._have_namespaces:
            asked = await self._asked(ForkServer.has_namespaces, interpreter, environment, folder)
            self._have_namespaces[interpreter] = asked
        return self._have_namespaces[interpreter]

    async def _asked(
        self,
        ask: Callable[[ForkServer], Coroutine[Any, Any, T]],
        interpreter: Interpreter,
        environment: Mapping[str, str],
        folder: str,
    ) -> T:
        """What the server answers. A new one is asked where it has died. Raises OSError."""
        for last in (False, True):
            server = self._server(interpreter, environment, folder)
            try:
                return await ask(server)
            except ConnectionError:
                if last:
                    raise
        raise AssertionError

    def prepare(self, interpreter: Interpreter, environment: Mapping[str, str], folder: str) -> None:
        """Start a server, if there is none, without waiting for it. Raises OSError."""
        self._server(interpreter, environment, folder)

    async def stop(self) -> None:
        servers = [*self._servers.values(), *self._gone]
        self._servers, self._gone = {}, []
        await asyncio.gather(*(server.stop() for server in servers))

    def _server(self, interpreter: Interpreter, environment: Mapping[str, str], folder: str) -> ForkServer:
        server = self._servers.get(interpreter)
        if server is None or not server.alive:
            if server is not None:
                self._gone.append(server)
            server = self._servers[interpreter] = ForkServer(interpreter, environment, folder, self._plain)
        return server


def works() -> bool:
    """Whether this system has what fork servers need."""
    if not (hasattr(os, "pidfd_open") and hasattr(socket, "send_fds") and os.path.exists("/proc/self/fd")):
        return False
    try:
        os.close(os.pidfd_open(os.getpid()))
    except OSError:  # a kernel older than 5.3, or a filter of system calls
        return False
    return True
