"""What connections hold, and what all of them together may hold."""

import asyncio
import gc
import socket
import struct
import weakref

from tencentserverless.local.http import connection
from tencentserverless.local.http.head import KNOWN_BYTES, known_key
from tests.local.raw_http import answer, talk

LARGE = 100_000


def post(path, size):
    return b"POST /%b HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % (path, size) + b"x" * size


async def another(writer):
    """Another connection to the same site."""
    return await asyncio.open_connection(*writer.get_extra_info("peername")[:2])


async def begun(site, count):
    while len(site.asked) < count:
        await asyncio.sleep(0)


def test_an_idle_connection_holds_nothing():
    """Nothing of a request is held once it is answered, and a closed connection does not wait for the collector."""

    async def act(reader, writer, site):
        writer.write(post(b"a", 5_000_000))
        await answer(reader)
        (open_one,) = site.connections
        assert (open_one._body, open_one._served, site.held_bytes) == (b"", None, 0)
        gone = weakref.ref(open_one)
        del open_one
        site.asked.clear()
        gc.disable()
        try:
            writer.close()
            for _ in range(20):
                await asyncio.sleep(0.001)
            assert gone() is None
        finally:
            gc.enable()

    talk(act)


def test_all_bodies_together(monkeypatch):
    """Bodies that wait for their answers have a bound together; small ones pass, and so do large ones after answers."""
    monkeypatch.setattr(connection, "HELD_LIMIT_BYTES", LARGE * 3 // 2)

    async def act(reader, writer, site):
        site.hold = asyncio.Event()
        writer.write(post(b"first", LARGE))
        await begun(site, 1)
        (reader2, writer2), (reader3, writer3) = await another(writer), await another(writer)
        writer2.write(post(b"second", LARGE))
        assert (await answer(reader2))[2] == b"too busy"
        writer3.write(post(b"small", 1000))
        await begun(site, 2)
        assert site.held_bytes >= LARGE + 1000
        site.hold.set()
        await answer(reader)
        await answer(reader3)
        writer2.close()
        while len(site.connections) > 2:
            await asyncio.sleep(0)
        assert site.held_bytes == 0
        writer.write(post(b"again", LARGE))
        assert (await answer(reader))[0] == 200
        writer3.close()

    talk(act)


def test_a_client_that_leaves_counts():
    """The body of a request whose client has left counts until its invocation has ended."""

    async def act(reader, writer, site):
        site.hold = asyncio.Event()
        writer.write(post(b"first", LARGE))
        await begun(site, 1)
        reset = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
        writer.transport.abort()
        while site.connections:
            await asyncio.sleep(0)
        assert site.held_bytes == LARGE
        site.hold.set()
        while not site.answered:
            await asyncio.sleep(0)
        assert site.held_bytes == 0

    talk(act)


def test_long_names_of_headers_are_not_remembered():
    """A name that no client uses does not stay in memory."""

    async def act(reader, writer, site):
        known_key.cache_clear()
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n" + b"x" * (KNOWN_BYTES + 1) + b": b\r\n\r\n")
        await answer(reader)
        assert known_key.cache_info().currsize == 1

    talk(act)
