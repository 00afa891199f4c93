"""Reading valid responses: by hand, cut at every byte, and against two independent readers."""

import http.client
import io
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tencentserverless._protocol import http1
from tests.protocol.reading import Wire, broken, chunked, drive, head, outcome, read, told, wires

try:
    import h11
except ImportError:
    h11 = None
with_h11 = pytest.mark.skipif(h11 is None, reason="h11 is not installed")

CHUNKED = head("200 OK", "Transfer-Encoding: chunked")
LENGTH = head("200 OK", "Content-Length: 5") + b"hello"

VALID = {
    "length": (LENGTH, (200, b"hello", True)),
    "empty": (head("200 OK", "Content-Length: 0"), (200, b"", True)),
    "no reason": (head("200", "Content-Length: 0"), (200, b"", True)),
    "empty reason": (head("200 ", "Content-Length: 0"), (200, b"", True)),
    "name in any case": (head("200 OK", "cOnTeNt-LeNgTh:5") + b"hello", (200, b"hello", True)),
    "blanks around a value": (head("200 OK", "Content-Length: \t 5 \t") + b"hello", (200, b"hello", True)),
    "empty value": (head("200 OK", "X:", "Content-Length: 5") + b"hello", (200, b"hello", True)),
    "bytes beyond ASCII": (head("200 \xff", "X: \x80\xff", "Content-Length: 5") + b"hello", (200, b"hello", True)),
    "the same length twice": (
        head("200 OK", "Content-Length: 5", "Content-Length: 5") + b"hello",
        (200, b"hello", True),
    ),
    "chunks": (CHUNKED + chunked(b"hello", [2]), (200, b"hello", True)),
    "no chunk": (CHUNKED + b"0\r\n\r\n", (200, b"", True)),
    "zeros before a size": (
        CHUNKED + b"0005\r\nhello\r\n000\r\n\r\n",
        (200, b"hello", True),
    ),
    "encoding in any case": (head("200", "TRANSFER-ENCODING:CHUNKED ") + b"0\r\n\r\n", (200, b"", True)),
    "extension": (
        CHUNKED + b"5 ;a=b\r\nhello\r\n0;x\r\n\r\n",
        (200, b"hello", True),
    ),
    "trailer": (CHUNKED + b"0\r\nX: 1\r\n\r\n", (200, b"", True)),
    "until the end": (head("200 OK") + b"hello", (200, b"hello", False)),
    "interim": (head("100 Continue") + head("103 Early Hints", "Link: x") + LENGTH, (200, b"hello", True)),
    "interim with a length": (head("100 Continue", "Content-Length: 9") + LENGTH, (200, b"hello", True)),
    "204": (head("204 No Content"), (204, b"", True)),
    "304 with the length it would have": (head("304 Not Modified", "Content-Length: 5"), (304, b"", True)),
    "205": (head("205 Reset Content", "Content-Length: 0"), (205, b"", True)),
    "error page": (head("502 Bad Gateway", "Content-Length: 5") + b"hello", (502, b"hello", True)),
    "close": (head("200 OK", "Connection: close", "Content-Length: 5") + b"hello", (200, b"hello", False)),
    "close among others": (head("200 OK", "Connection: a ,CLOSE , b", "Content-Length: 0"), (200, b"", False)),
    "close in a second field": (
        head("200 OK", "Connection: a", "Connection: close", "Content-Length: 0"),
        (200, b"", False),
    ),
    "not quite close": (head("200 OK", "Connection: closed, x-close", "Content-Length: 0"), (200, b"", True)),
    "keep-alive and close": (head("200 OK", "Connection: keep-alive, close", "Content-Length: 0"), (200, b"", False)),
    "keep-alive after the length": (head("200 OK", "Content-Length: 0", "Connection: Keep-Alive"), (200, b"", True)),
    "HTTP/1.0": (b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", (200, b"hello", False)),
    "HTTP/1.0 kept alive": (
        b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 0\r\n\r\n",
        (200, b"", True),
    ),
    "HTTP/1.0 until the end": (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\nhello", (200, b"hello", False)),
}


@pytest.mark.parametrize("name", sorted(VALID))
def test_a_valid_response_is_read(name):
    """Every form of a valid response gives its status, its body without the framing, and whether it can be followed."""
    wire, expected = VALID[name]
    assert read(wire) == expected


@pytest.mark.parametrize("name", sorted(VALID))
def test_bytes_one_at_a_time(name):
    """A response that arrives byte by byte is the same response."""
    wire, expected = VALID[name]
    assert read(*(wire[at : at + 1] for at in range(len(wire)))) == expected


@settings(max_examples=60, deadline=None)
@given(wires())
def test_any_cut_gives_the_same_response(wire):
    """A response cut in two at any byte is the same response, the first half being empty too."""
    for at in range(len(wire.data)):
        assert read(wire.data[:at], wire.data[at:]) == (wire.status, wire.body, wire.reusable)


@settings(max_examples=100, deadline=None)
@given(wires(), st.lists(st.integers(1, 9), max_size=80))
def test_any_pieces_give_the_same_response(wire, sizes):
    """A response in pieces of any sizes is the same response."""
    pieces, rest = [b""], wire.data
    for size in sizes:
        pieces.append(rest[:size])
        rest = rest[size:]
    pieces = [piece for piece in [*pieces[1:], rest] if piece] or [b""]
    assert read(*pieces) == (wire.status, wire.body, wire.reusable)


@settings(max_examples=200, deadline=None)
@given(broken(), st.integers(0, 400))
def test_cuts_do_not_change_what_is_refused(data, at):
    """Bytes that were tampered with end in the same response or the same refusal, wherever they are cut."""
    assert outcome(data[:at], data[at:]) == outcome(data)
    assert outcome(*(data[at : at + 1] for at in range(len(data) or 1))) == outcome(data)


@settings(max_examples=60, deadline=None)
@given(wires())
def test_nothing_is_asked_for_beyond_the_response(wire):
    """A response whose end is known is returned with its last byte: nobody waits for more."""
    if wire.reusable:
        _, left = drive(http1.read_response(b""), [wire.data, b"never asked for"])
        assert left == [b"never asked for"]


@settings(max_examples=60, deadline=None)
@given(wires())
def test_a_shorter_response_is_truncated(wire):
    """A connection that ends before the response does is Truncated, and says whether anything had come."""
    needed = len(wire.data) if wire.framing != "end" else len(wire.data) - len(wire.body)
    for at in range(needed):
        with pytest.raises(http1.Truncated) as caught:
            read(wire.data[:at])
        assert caught.value.received == (at > 0)


@settings(max_examples=100, deadline=None)
@given(wires(), st.binary(min_size=1, max_size=5))
def test_surplus_bytes_end_the_connection(wire, surplus):
    """What follows a response without having been asked for is never taken for the next one's beginning."""
    if wire.reusable:
        assert read(wire.data + surplus) == (wire.status, wire.body, False)


class _Socket:
    def __init__(self, data):
        self._file = io.BytesIO(data)

    def makefile(self, mode):
        return self._file


@settings(max_examples=300, deadline=None)
@given(wires(interims=("100 Continue",)))
def test_http_client_agrees(wire):
    """The standard library's reader finds the same status, body and fate of the connection."""
    response = http.client.HTTPResponse(_Socket(wire.data), method="POST")
    response.begin()
    assert (response.status, response.read(), not response.will_close) == read(wire.data)


def by_h11(data):
    """The response in `data` as h11 reads it; None where it refuses."""
    try:
        return _by_h11(data)
    except h11.RemoteProtocolError:
        return None


def _by_h11(data):
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=1 << 20)
    connection.send(h11.Request(method="POST", target="/", headers=[("Host", "h"), ("Content-Length", "0")]))
    connection.send(h11.EndOfMessage())
    connection.receive_data(data)
    status, body, ended = None, b"", False
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA and not ended:
            ended = True
            connection.receive_data(b"")
        elif isinstance(event, h11.Response):
            status = event.status_code
        elif isinstance(event, h11.Data):
            body += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage):
            return status, body, connection.their_state is h11.DONE and not ended


@with_h11
@settings(max_examples=300, deadline=None)
@given(wires())
def test_h11_agrees(wire):
    """h11 finds the same status, body and fate of the connection; it keeps no HTTP/1.0 connection alive."""
    status, body, reusable = by_h11(wire.data)
    assert (status, body, reusable or (wire.version == 0 and wire.reusable)) == read(wire.data)


@with_h11
@settings(max_examples=400, deadline=None)
@given(broken())
@example(CHUNKED + b"1 ;x\r\na\r\n0\r\n\r\n")
def test_h11_accepts_what_is_accepted_here(data):
    """Of tampered bytes nothing is accepted that h11 refuses or reads as something else: this reader is no laxer."""
    found = outcome(data)
    # h11 looks at the length of responses that have no body too
    if isinstance(found, tuple) and found[0] not in (204, 304) and re.search(rb"HTTP/1\.. 1", data) is None:
        # RFC 9112 permits blanks between a chunk's size and its extension; h11 does not
        other = by_h11(data) or by_h11(re.sub(rb"(\r\n[0-9A-Fa-f]+)[ \t]+;", rb"\1;", data))
        assert other is not None
        assert other[:2] == found


@settings(max_examples=300, deadline=None)
@given(st.one_of(wires(), broken().map(lambda data: Wire(data, 1, 200, b"", "", True))))
@example(Wire(b"http/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 1, 200, b"", "", True))
@example(Wire(LENGTH, 1, 200, b"hello", "", True))
def test_the_short_way_agrees_with_the_long_one(wire):
    """Where the short way finds a response, the long way finds the same one."""
    response = http1.common_response(wire.data)
    if response is not None:
        assert told(response) == read(wire.data)


def test_the_short_way_is_taken():
    """The answers that the gateway sends, with their usual header fields in either order, take the short way."""
    fields = ["Server: nginx", "Date: Tue, 14 Nov 2023 22:13:20 GMT", "Content-Type: application/json"]
    for lines in ([*fields, "Content-Length: 5"], ["content-length:5", "Connection: keep-alive", *fields]):
        response = http1.common_response(head("200 OK", *lines) + b"hello")
        assert told(response) == (200, b"hello", True)


@pytest.mark.parametrize(
    "wire",
    [
        LENGTH[:-1],
        LENGTH + b"x",
        LENGTH[:20],
        b"",
        head("500 Oops", "Content-Length: 5") + b"hello",
        head("200 OK", "Content-Length: 5", "Connection: close") + b"hello",
        head("200 OK", "Connection: keep-alive, close", "Content-Length: 5") + b"hello",
        head("200 OK", "Content-Length: 5", "Content-Length: 6") + b"hello",
        head("200 OK", "Content-Length: 5", "Transfer-Encoding: chunked") + b"hello",
        head("200 OK", "Transfer-Encoding: chunked", "Content-Length: 5") + b"hello",
        head("200 OK", "Content-Length : 5", "Content-Length: 5") + b"hello",
        head("200 OK", "X: a\n b", "Content-Length: 5") + b"hello",
        LENGTH.replace(b"/1.1", b"/1.0"),
        LENGTH.replace(b"HTTP", b"http"),
    ],
)
def test_the_short_way_is_left(wire):
    """What asks for a decision, is not whole or is followed by something is left to the reader."""
    assert http1.common_response(wire) is None
