"""Drives the response reader by hand, and makes responses for it."""

from hypothesis import strategies as st

from tencentserverless._protocol import http1
from tencentserverless._protocol.effects import READ

TOKEN = b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def drive(reading, pieces):
    """Run a reader on `pieces`, then on the end of the connection. Returns its response and the pieces it left."""
    pieces = iter(pieces)
    try:
        effect = next(reading)
        while True:
            assert effect is READ
            effect = reading.send(next(pieces, b""))
    except StopIteration as end:
        return end.value, list(pieces)


def read(*pieces):
    """The response in `pieces` as (status, body, reusable). Raises Malformed or Truncated."""
    response, left = drive(http1.read_response(pieces[0]), pieces[1:])
    assert not left, "the reader did not ask for bytes that belong to the response"
    return told(response)


def told(response):
    """A response as a tuple that can be compared; its body is bytes and not something like it."""
    assert type(response.body) is bytes
    return response.status, response.body, response.reusable


def outcome(*pieces):
    """What reading `pieces` ends in: (status, body), or the class of the error. Anything else is raised."""
    try:
        response, _ = drive(http1.read_response(pieces[0]), pieces[1:])
    except (http1.Malformed, http1.Truncated) as error:
        return type(error)
    return told(response)[:2]


def head(status="200 OK", *lines):
    """The head of a response, from its status line to the empty line."""
    return "".join(f"{line}\r\n" for line in ("HTTP/1.1 " + status, *lines, "")).encode("latin-1")


def chunked(body, sizes, extension=b"", trailer=b""):
    """`body` in chunks of these sizes, the rest in one more."""
    wire = b""
    for size in sizes:
        part, body = body[:size], body[size:]
        if part:
            wire += b"%x%s\r\n%s\r\n" % (len(part), extension, part)
    if body:
        wire += b"%X\r\n%s\r\n" % (len(body), body)
    return wire + b"0\r\n" + trailer + b"\r\n"


class Wire:
    """A valid response: its bytes, and what they say."""

    def __init__(self, data, version, status, body, framing, reusable):
        self.data = data
        self.version = version
        self.status = status
        self.body = body
        self.framing = framing  # length, chunks, end (of the connection) or none
        self.reusable = reusable

    def __repr__(self):
        return f"Wire({self.data!r})"


_names = st.sampled_from(["Content-Type", "Server", "Date", "X-Req-Id", "x", "Set-Cookie"])
_values = st.text("abcXYZ 019;=,/\t\"'\xe9\xff", max_size=20)
_fields = st.lists(st.tuples(_names, st.sampled_from([":", ": ", ":\t "]), _values), max_size=4)
_connection = st.sampled_from([None, None, "keep-alive", "Keep-Alive", "close", "Close", "x-other"])


@st.composite
def wires(draw, interims=("100 Continue", "103 Early Hints", "102")):
    """Any response that RFC 9112 calls valid and that this reader is meant to accept."""
    version = draw(st.sampled_from([1, 1, 1, 0]))
    status = draw(st.sampled_from([200, 200, 200, 204, 304, 400, 404, 500, 503]))
    body = draw(st.binary(max_size=60)) if status not in (204, 304) else b""
    reason = draw(st.sampled_from(["", " ", " OK", " Not Quite \xe9"]))
    lines = ["".join(field) for field in draw(_fields)]
    connection = draw(_connection)
    if connection is not None:
        lines.append("Connection: " + connection)
    framing, wire, extra = draw(_framings(version, status, body))
    lines[draw(st.integers(0, len(lines))) : 0] = extra
    start = draw(st.lists(st.sampled_from(interims), max_size=2)) if interims else []
    data = b"".join(head(line, "X-Early: 1") for line in start)
    data += "".join(f"{line}\r\n" for line in [f"HTTP/1.{version} {status}{reason}", *lines, ""]).encode("latin-1")
    stays = (connection or "").lower() != "close" and (version == 1 or (connection or "").lower() == "keep-alive")
    return Wire(data + wire, version, status, body, framing, stays and framing != "end")


@st.composite
def _framings(draw, version, status, body):
    """How the body is delimited, its bytes on the wire, and the header lines that say so."""
    if status == 204:
        return "none", b"", []
    if status == 304:
        return "none", b"", draw(st.sampled_from([[], ["Content-Length: 5"]]))
    framing = draw(st.sampled_from(["length", "length", "chunks", "end"] if version == 1 else ["length", "end"]))
    if framing == "length":
        name = draw(st.sampled_from(["Content-Length: %d", "content-length:\t%d ", "Content-Length: 0%d"]))
        times = draw(st.sampled_from([1, 1, 1, 2]))
        return framing, body, [name % len(body)] * times
    if framing == "chunks":
        sizes = draw(st.lists(st.integers(1, 20), max_size=4))
        extension = draw(st.sampled_from([b"", b";a=b", b';q="1"']))
        trailer = draw(st.sampled_from([b"", b"X-Sum: 1\r\n", b"a:\r\nb: c\r\n"]))
        name = draw(st.sampled_from(["Transfer-Encoding: chunked", "transfer-encoding:Chunked"]))
        return framing, chunked(body, sizes, extension, trailer), [name]
    return framing, body, []


_PIECES = [
    *(b"\r\n", b"\n", b"\r", b" ", b"\t", b":", b"\0", b";", b",", b"0", b"1", b"f", b"-", b"+", b"\x0b", b"\x80"),
    *(b"\r\n\r\n", b"0\r\n\r\n", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 100\r\n\r\n", b"HTTP/1.0 ", b"http/1.1"),
    *(b"Content-Length: 3\r\n", b"Content-Length: -1\r\n", b"Transfer-Encoding: chunked\r\n"),
    *(b"Transfer-Encoding: gzip, chunked\r\n", b"Connection: close\r\n", b" folded\r\n"),
]


@st.composite
def broken(draw):
    """Bytes that were a valid response before they were tampered with."""
    data = draw(wires()).data
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(len(data), start + 12)))
        data = data[:start] + draw(st.one_of(st.sampled_from(_PIECES), st.binary(max_size=4))) + data[end:]
    return data
