"""Fork servers as the endpoint sees them: started once, replaced when dead, gone with what they started."""

import asyncio
import os
import signal
import socket
from contextlib import contextmanager

import pytest

from tencentserverless.local.processes import fork_client
from tencentserverless.local.processes.fork_client import ForkServer, ForkServers
from tencentserverless.local.processes.interpreters import CURRENT_INTERPRETER
from tests.local.process_table import alive, below, until

pytestmark = pytest.mark.skipif(not fork_client.is_supported(), reason="this system has no fork servers")
SLEEP = ["/bin/sh", "-c", "sleep 100"]


def request(folder, command=None):
    return {
        "environment": dict(os.environ),
        "folder": str(folder),
        "command": command,
        "data_bytes": 1 << 34,
        "memory_bytes": 1 << 34,
        "view": {},
        "mark": "",
    }


def pids_of(servers):
    """The processes of the servers that live."""
    return [server.pid for server in servers._servers.values() if server.alive]


@contextmanager
def channel():
    """Descriptors for a worker, and our end of its channel."""
    ours, theirs = socket.socketpair()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        yield ours, (theirs.fileno(), nowhere)
    finally:
        ours.close()
        theirs.close()
        os.close(nowhere)


@pytest.fixture(params=[False, True], ids=["namespaces", "plain"])
def plain(request):
    return request.param


def test_workers_of_one_interpreter_share_a_server(tmp_path, plain):
    """Several starts need one server; it ends with `stop`, and its workers with it."""

    async def main():
        servers = ForkServers(plain=plain)
        with channel() as (_, descriptors):
            keepers = [await servers.start(CURRENT_INTERPRETER, request(tmp_path), descriptors, "") for _ in range(3)]
            (server,) = pids_of(servers)
            assert {keeper.pid for keeper in keepers} <= below(server)
            await servers.stop()
            assert not any(map(alive, [server, *(keeper.pid for keeper in keepers)]))
            await asyncio.wait_for(asyncio.gather(*(keeper.ended for keeper in keepers)), 10)

    asyncio.run(main())


def test_a_dead_server_is_replaced(tmp_path, plain):
    """After a server is killed its workers end, and the next start has a new one."""

    async def main():
        servers = ForkServers(plain=plain)
        with channel() as (_, descriptors):
            keeper = await servers.start(CURRENT_INTERPRETER, request(tmp_path), descriptors, "")
            (first,) = pids_of(servers)
            os.kill(first, signal.SIGKILL)
            await asyncio.wait_for(keeper.ended, 10)
            again = await servers.start(CURRENT_INTERPRETER, request(tmp_path), descriptors, "")
            assert pids_of(servers) != [first]
            await again.end()
        await servers.stop()

    asyncio.run(main())


def test_the_server_ends_with_its_connection(tmp_path, plain):
    """A server whose other end is gone, as after a kill of the endpoint, ends its workers and removes the folder."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()

    async def main():
        server = ForkServer(CURRENT_INTERPRETER, dict(os.environ), str(scratch), plain)
        with channel() as (_, descriptors):
            keeper = await server.start(request(tmp_path, command=SLEEP), descriptors)
            until(lambda: below(keeper.pid))
            below_it = below(keeper.pid)
            await server.stop()
        assert not any(map(alive, {server.pid, keeper.pid} | below_it))
        assert not any(map(os.path.exists, keeper.groups.values()))

    asyncio.run(main())
    assert not scratch.exists()


def test_a_keeper_ends_what_detached(tmp_path, plain):
    """A process that moved to its own session and ignores signals ends with its worker."""
    command = ["/bin/sh", "-c", "(trap '' TERM HUP INT; setsid sleep 100 & setsid sleep 100) & sleep 100"]

    async def main():
        servers = ForkServers(plain=plain)
        with channel() as (_, descriptors):
            keeper = await servers.start(CURRENT_INTERPRETER, request(tmp_path, command=command), descriptors, "")
            until(lambda: len(below(keeper.pid)) >= 4)
            all_of_it = below(keeper.pid)
            await keeper.end()
            assert not any(map(alive, all_of_it))
        await servers.stop()

    asyncio.run(main())


def test_a_stopped_server_is_given_up(tmp_path, monkeypatch):
    """A server that does not answer in time is given up with an OSError, and does not hold up the end."""
    monkeypatch.setattr(fork_client, "REPLY_SECONDS", 0.05)
    monkeypatch.setattr(fork_client, "END_SECONDS", 0.05)

    async def main():
        server = ForkServer(CURRENT_INTERPRETER, dict(os.environ), "", False)
        os.kill(server.pid, signal.SIGSTOP)
        with channel() as (_, descriptors), pytest.raises(ConnectionError, match="does not answer"):
            await server.start(request(tmp_path), descriptors)
        await server.stop()
        assert not alive(server.pid)

    asyncio.run(main())


def test_whether_there_are_namespaces(plain):
    """A server tells whether its workers have namespaces, once, and one that died before it could is replaced."""

    async def main():
        servers = ForkServers(plain=plain)
        servers.prepare(CURRENT_INTERPRETER, dict(os.environ), "")
        (first,) = pids_of(servers)
        os.kill(first, signal.SIGKILL)
        answer = await servers.has_namespaces(CURRENT_INTERPRETER, dict(os.environ), "")
        assert not (plain and answer)
        assert first not in pids_of(servers)
        await servers.stop()
        assert await servers.has_namespaces(CURRENT_INTERPRETER, dict(os.environ), "") == answer
        assert pids_of(servers) == []

    asyncio.run(main())
