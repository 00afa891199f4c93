"""Accepting connections: which count, which are refused, and when there are no descriptors."""

import asyncio
import os
import resource
import socket
import ssl

import pytest

from tencentserverless.local.http import listener as module
from tencentserverless.local.http.instance_ports import bind_socket
from tencentserverless.local.http.listener import Listener


class Accepted(asyncio.Protocol):
    """Tells that it is open, and leaves."""

    def connection_made(self, transport):
        option = transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        transport.write(b"%d" % option)
        transport.close()


class Site:
    """A server for which the methods of the same names decide. opening: the numbers that it was told."""

    def __init__(self, most=10**6, most_of_port=10**6):
        self.most, self.most_of_port, self.opening, self.asked_for_room = most, most_of_port, [], 0

    def connected(self):
        return Accepted()

    def has_room(self, opening):
        return opening < self.most

    def admits(self, _, opening):
        self.opening.append(opening)
        return opening < self.most_of_port

    def make_room(self):
        self.asked_for_room += 1


def listening(act, site=None, context=None, address="127.0.0.1"):
    """Run `act(connect)`, where `connect` returns a new client's streams."""
    site = site or Site()

    async def main():
        bound = bind_socket(address, 0)
        listener = Listener(bound, lambda: site, context)
        try:
            await asyncio.wait_for(act(lambda: asyncio.open_connection(*bound.getsockname()[:2])), 20)
        finally:
            listener.close()
            await asyncio.sleep(0)

    asyncio.run(main())


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_answers_do_not_wait_for_each_other(address):
    """What is written on an accepted connection is sent at once, also while what came before is not acknowledged."""
    try:
        bind_socket(address, 0).close()
    except OSError:
        pytest.skip(f"this machine has no {address}")

    async def act(connect):
        reader, writer = await connect()
        assert int(await reader.read())
        writer.close()

    listening(act, address=address)


def test_connections_count_before_their_handshake(monkeypatch):
    """Connections that never shake hands are counted at once, those beyond the bound are closed, all after a while."""
    monkeypatch.setattr(module, "HANDSHAKE_SECONDS", 0.2)
    site = Site(most_of_port=3)

    async def act(connect):
        clients = [await connect() for _ in range(5)]
        for reader, writer in reversed(clients):  # the last ones are refused, the others are waited for
            assert await reader.read() == b""
            writer.close()
        assert site.opening == [0, 1, 2, 3, 3]

    listening(act, site, ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))


def test_a_connection_for_which_there_is_no_room(monkeypatch):
    """Where all together may have no more, the next connection waits and is served when there is room again."""
    monkeypatch.setattr(module, "PAUSE_SECONDS", 0.01)
    site = Site(most=0)

    async def act(connect):
        reader, writer = await connect()
        await asyncio.sleep(0.05)
        assert site.opening == []
        site.most = 1
        assert await reader.read()
        writer.close()

    listening(act, site)


def test_a_connection_for_which_there_is_no_descriptor(monkeypatch, caplog):
    """A connection for which no descriptor is left waits, without a busy loop, and is served once there is one."""
    monkeypatch.setattr(module, "PAUSE_SECONDS", 0.05)
    caplog.set_level("WARNING", "tencentserverless")
    limits, site = resource.getrlimit(resource.RLIMIT_NOFILE), Site()

    async def act(connect):
        reader, writer = await connect()
        assert await reader.read()
        writer.close()
        client = socket.socket()
        client.setblocking(False)
        free = os.open(os.devnull, os.O_RDONLY)
        os.close(free)
        resource.setrlimit(resource.RLIMIT_NOFILE, (free, limits[1]))
        try:
            await asyncio.get_running_loop().sock_connect(client, writer.get_extra_info("peername"))
            while not caplog.records:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.2)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        assert await asyncio.get_running_loop().sock_recv(client, 10)
        client.close()

    listening(act, site)
    assert 1 <= site.asked_for_room < 10
    assert [record.message for record in caplog.records] == [
        "the local endpoint cannot accept another connection now: [Errno 24] Too many open files"
    ]
