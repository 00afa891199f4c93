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
fcntl = pytest.importorskip("fcntl")
SLEEP = ["/bin/sh", "-c", "sleep 100"]


def request(folder, command=None):
    return {
        "environment": dict(os.environ),
        "folder": str(folder),
        "command": command,
        "data_bytes": 1 << 34,
        "memory_bytes": 1 << 34,
        "root": {"folder": str(folder), "needed": [str(folder)]},
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


@pytest.fixture
def kept(scratch):
    """The endpoint's own folder, with the lock of an endpoint that runs: no server removes it."""
    descriptor = os.open(scratch, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    yield scratch
    os.close(descriptor)


def test_workers_of_one_interpreter_share_a_server(tmp_path, plain, scratch):
    """Several starts need one server; it ends with `stop`, and its workers with it."""

    async def main():
        servers = ForkServers(plain=plain)
        with channel() as (_, descriptors):
            given = (CURRENT_INTERPRETER, request(tmp_path), descriptors, scratch)
            keepers = [await servers.start(*given) for _ in range(3)]
            (server,) = pids_of(servers)
            assert {keeper.pid for keeper in keepers} <= below(server)
            await servers.stop()
            assert not any(map(alive, [server, *(keeper.pid for keeper in keepers)]))
            await asyncio.wait_for(asyncio.gather(*(keeper.ended for keeper in keepers)), 10)

    asyncio.run(main())


DETACHES = ["/bin/sh", "-c", "(trap '' TERM HUP INT; setsid sleep 100 & setsid sleep 100) & sleep 100"]


@pytest.mark.parametrize("with_keeper", [False, True])
def test_a_dead_server_is_replaced(tmp_path, plain, kept, with_keeper):
    """After a server is killed, alone or with a keeper, all below it ends, detached or not, and another one starts."""

    async def main():
        servers = ForkServers(plain=plain)
        with channel() as (_, descriptors):
            asked = {**request(tmp_path, DETACHES), "mark": "HOSTNAME=scf-here"}
            asked["environment"]["HOSTNAME"] = "scf-here"
            keeper = await servers.start(CURRENT_INTERPRETER, asked, descriptors, kept)
            until(lambda: len(below(keeper.pid)) >= 4)
            (first,) = pids_of(servers)
            all_of_it = below(first)
            os.kill(first, signal.SIGKILL)
            if with_keeper:
                os.kill(keeper.pid, signal.SIGKILL)
            await asyncio.wait_for(keeper.ended, 10)
            await keeper.end()
            while any(map(alive, all_of_it)) or any(map(os.path.exists, keeper.groups.values())):
                await asyncio.sleep(0.002)
            again = await servers.start(CURRENT_INTERPRETER, request(tmp_path), descriptors, kept)
            assert pids_of(servers) != [first]
            await again.end()
        await servers.stop()

    asyncio.run(main())


def test_the_server_ends_with_its_connection(tmp_path, plain, scratch):
    """A server whose other end is gone, as after a kill of the endpoint, ends its workers and removes the folder."""

    async def main():
        server = ForkServer(CURRENT_INTERPRETER, dict(os.environ), scratch, plain)
        with channel() as (_, descriptors):
            keeper = await server.start(request(tmp_path, command=SLEEP), descriptors)
            until(lambda: below(keeper.pid))
            below_it = below(keeper.pid)
            await server.stop()
        assert not any(map(alive, {server.pid, keeper.pid} | below_it))
        assert not any(map(os.path.exists, keeper.groups.values()))

    asyncio.run(main())
    assert not os.path.exists(scratch)


def test_a_keeper_ends_what_detached(tmp_path, plain, scratch):
    """A process that moved to its own session and ignores signals ends with its worker."""

    async def main():
        servers = ForkServers(plain=plain)
        with channel() as (_, descriptors):
            keeper = await servers.start(CURRENT_INTERPRETER, request(tmp_path, command=DETACHES), descriptors, scratch)
            until(lambda: len(below(keeper.pid)) >= 4)
            all_of_it = below(keeper.pid)
            await keeper.end()
            assert not any(map(alive, all_of_it))
        await servers.stop()

    asyncio.run(main())


def test_a_stopped_server_is_replaced(tmp_path, monkeypatch, plain, kept):
    """A server that does not answer in time is replaced. Its workers live on, and it ends after the last of them."""

    async def main():
        servers = ForkServers(plain=plain)
        with channel() as (_, descriptors):
            keeper = await servers.start(CURRENT_INTERPRETER, request(tmp_path, SLEEP), descriptors, kept)
            (first,) = servers._servers.values()
            os.kill(first.pid, signal.SIGSTOP)
            monkeypatch.setattr(fork_client, "REPLY_SECONDS", 0.05)
            with pytest.raises(ConnectionError, match="does not answer"):
                await first.start(request(tmp_path), descriptors)
            monkeypatch.undo()
            other = await servers.start(CURRENT_INTERPRETER, request(tmp_path, SLEEP), descriptors, kept)
            assert pids_of(servers) != [first.pid]
            os.kill(first.pid, signal.SIGCONT)
            while len(first._keepers) < 2:  # the second worker, for which nobody waits any more
                await asyncio.sleep(0.002)
            while len(first._keepers) > 1:
                await asyncio.sleep(0.002)
            assert not keeper.ended.done()
            await keeper.end()
            while first.alive:
                await asyncio.sleep(0.002)
            assert not other.ended.done()
        await servers.stop()

    asyncio.run(main())


def test_a_server_that_stays_stopped(tmp_path, monkeypatch, scratch):
    """A server that has no workers and does not answer is given up, and does not delay the end."""
    monkeypatch.setattr(fork_client, "REPLY_SECONDS", 0.05)

    async def main():
        server = ForkServer(CURRENT_INTERPRETER, dict(os.environ), scratch, False)
        os.kill(server.pid, signal.SIGSTOP)
        with channel() as (_, descriptors), pytest.raises(ConnectionError, match="does not answer"):
            await server.start(request(tmp_path), descriptors)
        assert not server.alive
        await server.stop()
        assert not alive(server.pid)

    asyncio.run(main())


def test_whether_there_are_namespaces(plain, scratch):
    """A server tells whether its workers have namespaces, once, and one that died before it could is replaced."""

    async def main():
        servers = ForkServers(plain=plain)
        servers.prepare(CURRENT_INTERPRETER, dict(os.environ), scratch)
        (first,) = pids_of(servers)
        os.kill(first, signal.SIGKILL)
        answer = await servers.has_namespaces(CURRENT_INTERPRETER, dict(os.environ), scratch)
        assert not (plain and answer)
        assert first not in pids_of(servers)
        await servers.stop()
        assert await servers.has_namespaces(CURRENT_INTERPRETER, dict(os.environ), scratch) == answer
        assert pids_of(servers) == []

    asyncio.run(main())
