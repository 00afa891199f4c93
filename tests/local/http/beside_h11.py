"""Our connection and h11, fed with the same bytes; and streams of requests to feed them with."""

import asyncio
import re
from collections import deque
from typing import NamedTuple

import h11
from hypothesis import strategies as st

from tencentserverless.local.http.connection import MOST_WAITING, HttpConnection
from tencentserverless.local.http.request import Reply
from tests.local.raw_http import Site
from tests.protocol.reading import chunked

HEAD = b"POST / HTTP/1.1\r\nHost: a\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
NEXT = b"GET /next HTTP/1.1\r\nHost: b\r\n\r\n"


class Seen(NamedTuple):
    """A request, as any of the two readers sees it. The names of `headers` are in lower case."""

    method: str
    target: str
    headers: dict[str, bytes]
    body: bytes


# Our connection, without a socket.


class Memory(asyncio.Transport):
    """Keeps what is written. is_slow: whether every write fills it until `drain`."""

    def __init__(self, is_slow):
        super().__init__({"sockname": ("127.0.0.1", 9000)})
        self.written = b""
        self.has_ended = self.is_paused = self.is_full = False
        self.is_slow = is_slow

    def write(self, data):
        assert not self.has_ended
        self.written += data
        if self.is_slow and not self.is_full:
            self.is_full = True
            self.connection.pause_writing()

    def drain(self):
        self.is_full = False
        self.connection.resume_writing()

    def close(self):
        self.has_ended = True

    abort = write_eof = close

    def can_write_eof(self):
        return True

    def is_closing(self):
        return False

    def get_write_buffer_size(self):
        return 0

    def pause_reading(self):
        assert not self.is_paused
        self.is_paused = True

    def resume_reading(self):
        assert self.is_paused
        self.is_paused = False


class Turning(Site):
    """Serves when `turn` is called, and answers with what was asked."""

    def __init__(self):
        super().__init__()
        self.works = []

    def soon(self, work):
        self.works.append(work)

    def turn(self):
        works, self.works = self.works, []
        for work in works:
            work()

    def reply(self, request):
        return Reply(told(seen(request)))


def seen(request):
    target = f"{request.path}?{request.query}" if request.query else request.path
    headers = {name: value.encode("utf-8", "surrogateescape") for name, value in request.headers.items()}
    headers.pop("upgrade", None)  # of an offer that is declined nothing is left
    return Seen(request.method, target, headers, request.body)


def told(request):
    return f"{request.method} {request.target} ".encode() + request.body


def serve(pieces, turns=(), is_slow=False):
    """What is served of these pieces, an empty one being the end: the requests, the bytes written, whether it ended.

    turns: after which pieces what has come is served; else when nothing more can be read.
    """
    return asyncio.run(_serve(deque(pieces), iter(turns), is_slow))


async def _serve(pieces, turns, is_slow):
    site, transport = Turning(), Memory(is_slow)
    transport.connection = connection = HttpConnection(site)
    connection.connection_made(transport)
    while True:
        if pieces and not transport.is_paused:
            _feed(connection, transport, pieces.popleft())
            if not next(turns, True):
                continue
        if site.works:
            site.turn()
        elif transport.is_full:
            transport.drain()
        elif transport.is_paused or not pieces:
            return [seen(request) for request in site.asked], transport.written, transport.has_ended


def _feed(connection, transport, piece):
    if piece:
        connection.get_buffer(-1)[: len(piece)] = piece
        connection.buffer_updated(len(piece))
    elif not transport.has_ended and not connection.eof_received():
        transport.close()


# The oracle.


def by_h11(data):
    """The requests that h11 reads, and how that ends: "open", "closed" or "refused".

    What RFC 9112 lets a server overlook (2.2 and 3) is taken out before: empty lines before a request, and more blanks
    than one in its first line.
    """
    found, end = [], "kept"
    while end == "kept":
        data = re.sub(rb"\A[\r\n]*([!-~]+) +([!-~]+) +", rb"\1 \2 ", data)
        request, end, data = _one_by_h11(data.lstrip(b"\r\n"))
        found += [request] if request else []
    return found, end


def _one_by_h11(data):
    """The first request, what comes after it, and the bytes of that."""
    if not data:  # to h11 that would be the end
        return None, "open", b""
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
    connection.receive_data(data)
    body = b""
    try:
        while not isinstance(event := connection.next_event(), h11.EndOfMessage):
            if event is h11.NEED_DATA:
                return None, "open", b""
            if isinstance(event, h11.Request):
                request = event
            else:
                body += bytes(event.data)
    except h11.RemoteProtocolError:
        return None, "refused", b""
    connection.send(h11.Response(status_code=404, headers=[("Content-Length", "0")]))
    connection.send(h11.EndOfMessage())
    headers = joined(request.headers)
    keeps = connection.our_state is h11.DONE or (request.http_version == b"1.0" and keeps_http_1_0(headers))
    headers.pop("upgrade", None)
    found = Seen(request.method.decode(), request.target.decode(), headers, body)
    return found, "kept" if keeps else "closed", connection.trailing_data[0]


def keeps_http_1_0(headers):
    """What h11 leaves out: it keeps no connection of HTTP/1.0. RFC 9112, 6.1 and 9.3"""
    options = [option.strip().lower() for option in headers.get("connection", b"").split(b",")]
    return b"keep-alive" in options and b"close" not in options and "transfer-encoding" not in headers


def joined(fields):
    headers = {}
    for name, value in fields:
        key = name.decode()
        headers[key] = headers[key] + b"," + value if key in headers else value
    return headers


def answers(written, requests):
    """The answers to these requests as a client of h11 reads them: bodies, and whether the last one says it is that."""
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=1 << 20)
    connection.receive_data(written)
    bodies = []
    for request in requests:
        if bodies:
            connection.start_next_cycle()
        connection.send(h11.Request(method=request.method, target="/", headers=[("Host", "a")]))
        connection.send(h11.EndOfMessage())
        bodies.append(b"")
        while not isinstance(event := connection.next_event(), h11.EndOfMessage):
            assert not isinstance(event, type(h11.NEED_DATA))
            bodies[-1] += bytes(event.data) if isinstance(event, h11.Data) else b""
    return bodies, connection.their_state is not h11.DONE, connection.trailing_data[0]


def expected(requests):
    return [b"" if request.method == "HEAD" else told(request) for request in requests]


# What is sent.

_names = st.sampled_from(["Content-Type", "X-TC-Action", "x", "Accept", "Cookie"])
_values = st.text("abcXYZ 019;=/\t\"'\xe9\xff", max_size=20)
_fields = st.lists(st.tuples(_names, st.sampled_from([":", ": ", ":\t "]), _values), max_size=4)
_connections = st.sampled_from(["", "", "", "", "keep-alive", "Keep-Alive", "close", "x-other, Close"])
_targets = st.sampled_from(["/", "/", "/a", "/a?b=c", "/?q=%20;x", "http://scf.tencentcloudapi.com/", "*"])
_methods = st.sampled_from(["GET", "POST", "POST", "PUT", "DELETE", "OPTIONS", "HEAD"])


@st.composite
def requests(draw):
    """A valid request, as bytes."""
    version = draw(st.sampled_from([1, 1, 1, 1, 0]))
    body, framing, wire = draw(_framings())
    fields = [f"{name}{colon}{value}" for name, colon, value in draw(_fields)] + framing
    connection = draw(_connections)
    if body and draw(st.integers(0, 5)) == 0:
        fields.append("Upgrade: h2c")
        connection = f"{connection}, Upgrade" if connection else "Upgrade"
    if connection:
        fields.append(f"Connection: {connection}")
    if framing and draw(st.integers(0, 3)) == 0:
        fields.append("Expect: 100-continue")
    fields.insert(draw(st.integers(0, len(fields))), "Host: 127.0.0.1")
    lines = [f"{draw(_methods)} {draw(_targets)} HTTP/1.{version}", *fields, "", ""]
    return "\r\n".join(lines).encode("latin-1") + wire


@st.composite
def _framings(draw):
    """A body, the header lines that say where it ends, and its bytes on the wire."""
    body = draw(st.binary(max_size=60))
    framing = draw(st.sampled_from(["none", "length", "length", "chunks"]))
    if framing == "length":
        return body, [draw(st.sampled_from(["Content-Length: %d", "content-length:\t0%d "])) % len(body)], body
    if framing == "chunks":
        sizes = draw(st.lists(st.integers(1, 20), max_size=4))
        extension = draw(st.sampled_from([b"", b";a=b", b';q="1"']))
        trailer = draw(st.sampled_from([b"", b"X-Sum: 1\r\n", b"a:\r\nHost: c\r\n"]))
        return body, ["Transfer-Encoding: chunked"], chunked(body, sizes, extension, trailer)
    return b"", [], b""


streams = st.lists(requests(), min_size=1, max_size=5).map(b"".join)
many = st.integers(MOST_WAITING, 3 * MOST_WAITING).map(lambda count: NEXT * count + CHUNKED + chunked(b"hello", [2]))
cuts = st.lists(st.integers(1, 400), max_size=30)
turns = st.lists(st.booleans(), max_size=40)

_PIECES = [
    *(b"\r\n", b"\n", b"\r", b" ", b"\t", b":", b"\0", b";", b",", b"0", b"1", b"f", b"-", b"+", b"\x0b", b"\x80"),
    *(b"\r\n\r\n", b"0\r\n\r\n", b" HTTP/1.1\r\n", b" HTTP/1.0\r\n", b" HTTP/0.9\r\n", b" HTTP/2.0\r\n", NEXT),
    *(b"Content-Length: 3\r\n", b"Content-Length: -1\r\n", b"Content-Length : 3\r\n", b"Content-Length: 3, 3\r\n"),
    *(b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: gzip, chunked\r\n", b"Transfer-Encoding: x\r\n"),
    *(b"Transfer-Encoding : chunked\r\n", b"Transfer-Encoding:\r\n chunked\r\n", b"transfer-encoding: identity\r\n"),
    *(b"Connection: close\r\n", b"Connection: keep-alive\r\n", b" folded\r\n", b"\tfolded\r\n", b"Host: b\r\n"),
    *(b"Upgrade: h2c\r\nConnection: Upgrade\r\n", b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n"),
]


@st.composite
def tampered(draw):
    """Bytes that were a valid stream before they were tampered with."""
    data = draw(streams) + NEXT
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(len(data), start + 12)))
        data = data[:start] + draw(st.one_of(st.sampled_from(_PIECES), st.binary(max_size=4))) + data[end:]
    return data


def cut(data, sizes):
    pieces = []
    for size in sizes:
        pieces.append(data[:size])
        data = data[size:]
    return [piece for piece in [*pieces, data] if piece]


# What must hold.
