"""Connections byte by byte: what is asked and answered, and in which order."""

import asyncio

import pytest

from tests.local.raw_http import GET, answer, either, talk

CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"


def test_answers_in_order():
    """Requests sent together are answered one after the other, on a connection that is kept."""

    async def act(reader, writer, site):
        writer.write(b"".join(GET % b"%d?q" % number for number in range(50)))
        for number in range(50):
            status, headers, body = await answer(reader)
            assert (status, body, "Connection" in headers) == (200, b"GET /%d q " % number, False)
        writer.write(GET % b"more")
        assert (await answer(reader))[2] == b"GET /more  "

    talk(act)


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_any_cut(size):
    """However a request arrives in pieces, it is one request; bodies come with a length or in chunks."""

    async def act(reader, writer, site):
        head = b"POST /%b HTTP/1.1\r\nX-Twice: a\r\nx-twice: b\r\n"
        sent = head % b"a" + b"Content-Length: 5\r\n\r\nhello"
        sent += head % b"b" + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"
        for start in range(0, len(sent), size):
            writer.write(sent[start : start + size])
            await asyncio.sleep(0)
        assert [(await answer(reader))[2] for _ in range(2)] == [b"POST /a  hello", b"POST /b  hello"]
        assert [request.headers["x-twice"] for request in site.asked] == ["a,b", "a,b"]

    talk(act)


@pytest.mark.parametrize(
    ("request_line", "header", "expected", "is_kept"),
    [
        (b"GET / HTTP/1.1", b"", None, True),
        (b"GET / HTTP/1.1", b"Connection: close\r\n", "close", False),
        (b"GET / HTTP/1.0", b"", "close", False),
        (b"GET / HTTP/1.0", b"Connection: keep-alive\r\n", "keep-alive", True),
        (b"GET / HTTP/1.0", b"Connection: keep-alive, close\r\n", "close", False),
        (b"GET / HTTP/1.0", b"Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", "close", False),
        (b"GET /last HTTP/1.1", b"", "close", False),
    ],
)
def test_closes_are_announced(request_line, header, expected, is_kept):
    """A connection that ends after an answer says so in it; one that does not stays."""

    async def act(reader, writer, site):
        writer.write(request_line + b"\r\n" + header + b"\r\n")
        assert (await answer(reader))[1].get("Connection") == expected
        if is_kept:
            writer.write(GET % b"again")
            assert (await answer(reader))[0] == 200
        else:
            assert await reader.read() == b""

    talk(act)


def test_nothing_after_the_last():
    """What was sent behind a request that ends the connection is not done."""

    async def act(reader, writer, site):
        writer.write(GET % b"last" + GET % b"never")
        assert (await answer(reader))[2] == b"GET /last  "
        assert await reader.read() == b""
        assert [request.path for request in site.asked] == ["/last"]

    talk(act)


def test_a_head_request():
    """The answer to HEAD has the length of a body and no body."""

    async def act(reader, writer, site):
        writer.write(b"HEAD / HTTP/1.1\r\n\r\n" + GET % b"next")
        head = await reader.readuntil(b"\r\n\r\n")
        assert b"Content-Length: 8\r\n" in head
        assert (await answer(reader))[2] == b"GET /next  "

    talk(act)


def test_permission_to_go_on():
    """A client that asks before it sends its body is told to go on."""

    async def act(reader, writer, site):
        writer.write(b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"ok")
        assert (await answer(reader))[2] == b"POST /  ok"

    talk(act)


def test_permission_in_turn():
    """A client that asks before it sends its body is told to go on after the answers to what it sent before."""

    async def act(reader, writer, site):
        site.hold = asyncio.Event()
        writer.write(GET % b"a" + GET % b"b")
        writer.write(b"POST /c HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        while not site.asked:
            await asyncio.sleep(0)
        site.hold.set()
        assert [(await answer(reader))[2] for _ in range(2)] == [b"GET /a  ", b"GET /b  "]
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"ok" + GET % b"d")
        assert [(await answer(reader))[2] for _ in range(2)] == [b"POST /c  ok", b"GET /d  "]

    talk(act)


def test_no_permission_in_http_1_0():
    """A client of HTTP/1.0, which knows no permission to go on, gets its answer and nothing before it."""

    async def act(reader, writer, site):
        writer.write(b"POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        await asyncio.sleep(0)
        writer.write(b"ok")
        assert (await answer(reader))[2] == b"POST /  ok"

    talk(act)


def test_no_permission_for_what_is_refused():
    """A request that is refused because of its head is answered at once, and is not told to send its body."""

    async def act(reader, writer, site):
        head = b"POST / HTTP/1.1\r\nOrigin: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
        writer.write(GET % b"first" + head)
        assert (await answer(reader))[2] == b"GET /first  "
        status, headers, body = await answer(reader)
        assert (status, headers["Connection"], body) == (403, "close", b"refused")
        assert await reader.read() == b""
        assert len(site.asked) == 1

    talk(act)


@pytest.mark.parametrize("body", [b"Content-Length: 5\r\n\r\nhello", CHUNKED], ids=["length", "chunks"])
@pytest.mark.parametrize("size", [1, 1000])
def test_offers_with_a_body(body, size):
    """A request that offers another protocol and has a body is read whole, as is what follows it."""

    async def act(reader, writer, site):
        offer = b"Upgrade: h2c\r\nConnection: Upgrade\r\nExpect: 100-continue\r\n"
        sent = 3 * (b"POST /a?q HTTP/1.1\r\nX: \xff\r\n" + offer + body) + GET % b"b"
        for start in range(0, len(sent), size):
            writer.write(sent[start : start + size])
            await asyncio.sleep(0)
        bodies = []
        while len(bodies) < 4:
            status, _, found = await either(reader)
            bodies += [found] if status == 200 else []
        assert bodies == [*[b"POST /a q hello"] * 3, b"GET /b  "]
        assert site.asked[0].headers["x"] == "\udcff"

    talk(act)


@pytest.mark.parametrize("line", [b"GET / HTTP/1.1\r\nUpgrade: h2c\r\nConnection: Upgrade", b"CONNECT a:1 HTTP/1.1"])
def test_upgrades_are_not_taken_up(line):
    """A request that offers another protocol is answered in this one, and what follows it is not looked at."""

    async def act(reader, writer, site):
        writer.write(line + b"\r\n\r\n" + GET % b"never")
        status, headers, _ = await answer(reader)
        assert (status, headers["Connection"]) == (200, "close")
        assert await reader.read() == b""
        assert len(site.asked) == 1

    talk(act)


def test_half_closed():
    """A client that has said all and waits is answered."""

    async def act(reader, writer, site):
        site.hold = asyncio.Event()
        writer.write(GET % b"a")
        while not site.asked:
            await asyncio.sleep(0)
        writer.write_eof()
        asyncio.get_running_loop().call_soon(site.hold.set)
        assert (await answer(reader))[1]["Connection"] == "close"
        assert await reader.read() == b""

    talk(act)
