"""Connections whose other side is slow, gone, wrong or greedy."""

import asyncio
import os
import socket
import struct
from contextlib import suppress

import pytest

from tencentserverless.local.http import connection
from tencentserverless.local.http.request import Reply
from tests.local.raw_http import GET, Site, answer, talk


class Generous(Site):
    """Answers with so many bytes."""

    def __init__(self, size, closing=False):
        super().__init__()
        self.only = Reply(b"x" * size, closing=closing)

    def reply(self, request):
        return self.only


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
        (b"GET / HTTP/2.0\r\n\r\n", 505),
        (b"GET /\r\n\r\n", 505),
        (b"GET /" + b"x" * (1 << 20), 431),
        (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * (1 << 18), 431),
    ],
    ids=["line", "header", "length", "two lengths", "coding", "version", "no version", "long line", "many headers"],
)
def test_what_is_no_request(sent, status):
    """What is no request that this server takes is answered once, and the connection ends."""

    async def act(reader, writer, site):
        writer.write(GET % b"first" + sent)
        assert (await answer(reader))[2] == b"GET /first  "
        got, headers, _ = await answer(reader)
        assert (got, headers["Connection"]) == (status, "close")
        assert await reader.read() == b""
        assert [request.path for request in site.asked] == ["/first"]

    talk(act)


@pytest.mark.parametrize(
    "head", [b"Content-Length: 100000000\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\nA00001\r\n"]
)
def test_too_large(head):
    """A body over the limit is refused when that is known, and what still comes of it does not reset the answer."""

    async def act(reader, writer, site):
        writer.write(b"POST / HTTP/1.1\r\n" + head)
        for _ in range(11):
            writer.write(b"x" * (1 << 20))
        _, headers, body = await answer(reader)
        assert (body[:9], headers["Connection"]) == (b"too large", "close")
        await writer.drain()
        assert site.asked == []

    talk(act)


def test_tls_on_the_plain_port():
    """The first bytes of TLS end a plain connection at once, without an answer."""

    async def act(reader, writer, site):
        writer.write(b"\x16\x03\x01\x02\x00\x01")
        assert await reader.read() == b""

    talk(act)


def test_a_failure_of_ours():
    """Where no answer can be made the connection breaks: nothing is said that is not so."""

    async def act(reader, writer, site):
        writer.write(GET % b"fails")
        assert await reader.read() == b""

    talk(act)


def test_a_client_that_leaves():
    """What has begun for a client goes on when it has left."""
    site = Site()

    async def act(reader, writer, site):
        site.hold = asyncio.Event()
        writer.write(GET % b"a")
        while not site.asked:
            await asyncio.sleep(0)
        reset = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
        writer.transport.abort()
        while site.connections:
            await asyncio.sleep(0)
        site.hold.set()
        while not site.answered:
            await asyncio.sleep(0)

    talk(act, site)


def test_a_client_that_closes_while_it_waits():
    """The connection of a client that has closed is given up once its answer cannot be sent, without a complaint."""
    site = Site()
    complaints = []

    async def act(reader, writer, site):
        asyncio.get_running_loop().set_exception_handler(lambda _, about: complaints.append(about))
        site.hold = asyncio.Event()
        writer.write(GET % b"a")
        while not site.asked:
            await asyncio.sleep(0)
        writer.close()
        await asyncio.sleep(0)
        site.hold.set()
        while site.connections:
            await asyncio.sleep(0)

    talk(act, site)
    assert complaints == []


def test_a_client_that_does_not_read():
    """While answers are not taken, nothing more is begun."""

    async def act(reader, writer, site):
        reader._transport.pause_reading()
        writer.write((GET % b"a") * 10)
        await asyncio.sleep(0)
        for _ in range(1000):
            await asyncio.sleep(0)
        assert len(site.asked) < 5
        reader._transport.resume_reading()
        for _ in range(10):
            assert len((await answer(reader))[2]) == 8 << 20

    talk(act, Generous(8 << 20))


def test_requests_that_nobody_can_answer():
    """While answers are not taken, requests are not read without end, however large."""

    async def act(reader, writer, site):
        reader._transport.pause_reading()
        for _ in range(100):
            writer.write(b"POST / HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 1000000)
        for _ in range(2000):
            await asyncio.sleep(0)
        (open_one,) = site.connections
        assert len(site.asked) + len(open_one._waiting) < 10
        for _ in range(2):  # the first look finds the replies
            open_one.close_if_silent(open_one.since + connection.SILENCE_SECONDS + 1)
        await asyncio.sleep(0)
        assert not site.connections

    talk(act, Generous(8 << 20))


@pytest.mark.parametrize("sent", [b"0\r\n" + b"x: y\r\n" * 20000, b"1;" + b"x" * 100000], ids=["trailers", "extension"])
def test_what_is_around_a_body(sent):
    """Trailers and the framing of chunks have a bound, and trailers are no headers."""

    async def act(reader, writer, site):
        chunked = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
        writer.write(chunked + b"2\r\nok\r\n0\r\nx: y\r\n\r\n")
        assert (await answer(reader))[2] == b"POST /  ok"
        assert "x" not in site.asked[0].headers
        writer.write(chunked)
        await asyncio.sleep(0.01)
        writer.write(sent)
        assert (await answer(reader))[0] == 431

    talk(act)


def test_more_requests_than_wait():
    """What comes behind the last answer is read, however much waited before: unread, it would reset the answer."""

    async def act(reader, writer, site):
        site.hold = asyncio.Event()
        writer.write(GET % b"last" + (GET % b"a") * 2 * connection.MOST_WAITING)
        while not site.asked:
            await asyncio.sleep(0)
        (open_one,) = site.connections
        while open_one._reads:
            await asyncio.sleep(0)
        site.hold.set()
        assert (await answer(reader))[2] == b"GET /last  "
        assert open_one._reads

    talk(act)


def test_a_slow_reader_of_the_last_answer(monkeypatch):
    """An answer that is still being sent is not cut off; who has read all is not waited for long."""
    monkeypatch.setattr(connection, "LINGER_SECONDS", 0.05)

    async def act(reader, writer, site):
        reader._transport.pause_reading()
        writer.write(GET % b"a")
        await asyncio.sleep(0.3)
        reader._transport.resume_reading()
        assert len((await answer(reader))[2]) == 16 << 20

    talk(act, Generous(16 << 20, closing=True))


def test_silent_connections():
    """A connection is closed after long idleness, and sooner within a request, but not while it waits for an answer."""

    async def act(reader, writer, site):
        writer.write(GET % b"a")
        await answer(reader)
        (open_one,) = site.connections
        open_one.close_if_silent(open_one.since + connection.SILENCE_SECONDS + 1)
        site.hold = asyncio.Event()
        writer.write(GET % b"b")
        while len(site.asked) < 2:
            await asyncio.sleep(0)
        open_one.close_if_silent(open_one.since + connection.IDLE_SECONDS + 1)
        site.hold.set()
        assert (await answer(reader))[2] == b"GET /b  "
        before = open_one.since
        writer.write(b"GET / HT")
        while open_one.since == before:
            await asyncio.sleep(0)
        open_one.close_if_silent(open_one.since + connection.SILENCE_SECONDS + 1)
        assert await reader.read() == b""

    talk(act)


class Clock:
    """The event loop of a connection, with a time of its own."""

    def __init__(self, loop):
        self._loop, self.at = loop, loop.time()

    def time(self):
        return self.at

    def __getattr__(self, name):
        return getattr(self._loop, name)

    def passes(self, site, seconds):
        """This time passes, and the server looks at its connections, as it does every 15 seconds."""
        for _ in range(0, seconds, 15):
            self.at += 15
            for each in list(site.connections):
                each.close_if_silent(self.at)


async def own_clock(site):
    """The only connection, and the clock that it has from now on."""
    while not site.connections:
        await asyncio.sleep(0)
    (open_one,) = site.connections
    open_one._loop = Clock(open_one._loop)
    return open_one, open_one._loop


@pytest.mark.parametrize(("size", "is_read"), [(connection.PROGRESS_BYTES, True), (1, False)])
def test_slow_writers(size, is_read):
    """A body that comes slowly but steadily is waited for; one of which single bytes come now and then is not."""

    async def act(reader, writer, site):
        open_one, clock = await own_clock(site)
        sent = b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (size * 20)
        for piece in [sent, *[b"x" * size] * 20]:
            before = open_one._fed_bytes
            writer.write(piece)
            while site.connections and open_one._fed_bytes == before and not site.asked:
                await asyncio.sleep(0)
            clock.passes(site, 45)
            await asyncio.sleep(0)
        assert bool(site.asked) is is_read

    talk(act)


def test_heads_byte_by_byte():
    """A head has one minute, however often a byte of it comes."""

    async def act(reader, writer, site):
        open_one, clock = await own_clock(site)
        for byte in b"GET / H":
            before = open_one._fed_bytes
            writer.write(bytes([byte]))
            while open_one._fed_bytes == before:
                await asyncio.sleep(0)
            clock.passes(site, 15)
            await asyncio.sleep(0)
            if not site.connections:
                return
        raise AssertionError

    talk(act)


@pytest.mark.parametrize("rate", [36_000, 0])
def test_slow_readers(rate):
    """A reply that is read slowly but steadily is not cut off, wherever its bytes wait; one that is not read is."""
    size = 6 << 20

    async def act(reader, writer, site):
        reader._transport.pause_reading()
        _, clock = await own_clock(site)
        writer.write(GET % b"a")
        while not site.asked:
            await asyncio.sleep(0)
        client, got = writer.get_extra_info("socket").fileno(), 0
        while site.connections and got < size:
            await asyncio.sleep(0)
            clock.passes(site, 15)
            with suppress(BlockingIOError):
                got += len(os.read(client, 15 * rate)) if rate else 0
        assert (got >= size) is bool(rate)

    talk(act, Generous(size))


def test_stopping():
    """A stopped connection gives the answer that is under way, and no more."""

    async def act(reader, writer, site):
        site.hold = asyncio.Event()
        writer.write(GET % b"a" + GET % b"b")
        while not site.asked:
            await asyncio.sleep(0)
        (open_one,) = site.connections
        answered = open_one.stop()
        site.hold.set()
        await answered
        status, headers, body = await answer(reader)
        assert (status, headers["Connection"], body) == (200, "close", b"GET /a  ")
        assert await reader.read() == b""

    talk(act)
