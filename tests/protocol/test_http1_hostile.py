"""Reading what broken and hostile servers send: refused, in bounded time and memory."""

import itertools
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tencentserverless._protocol import http1
from tests.protocol.reading import TOKEN, broken, chunked, drive, head, outcome, read

OK = head("200 OK", "Content-Length: 0")
CHUNKED = head("200 OK", "Transfer-Encoding: chunked")

MALFORMED = {
    # status line
    "nothing but an empty line": b"\r\n",
    "empty line first": b"\r\n" + OK,
    "bare LF": OK.replace(b"\r\n", b"\n") + b"\r\n",
    "bare LF after the status line": OK.replace(b"\r\n", b"\n", 1),
    "bare CR": OK.replace(b"\r\n", b"\r", 1),
    "CR before CR LF": OK.replace(b"\r\n", b"\r\r\n", 1),
    "TLS alert": b"\x15\x03\x01\x00\x02\x02\x28\r\n\r\n",
    "SSH": b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
    "a request": b"GET / HTTP/1.1\r\nHost: h\r\n\r\n",
    "a page": b"<html>\r\n</html>\r\n\r\n",
    "no version": b"200 OK\r\n\r\n",
    "HTTP/0.9": b"HTTP/0.9 200 OK\r\n\r\n",
    "HTTP/2": b"HTTP/2 200 OK\r\n\r\n",
    "HTTP/2.0": b"HTTP/2.0 200 OK\r\n\r\n",
    "HTTP/1.2": b"HTTP/1.2 200 OK\r\n\r\n",
    "HTTP/1.10": b"HTTP/1.10 200 OK\r\n\r\n",
    "HTTP/01.1": b"HTTP/01.1 200 OK\r\n\r\n",
    "ICY": b"ICY 200 OK\r\n\r\n",
    "lower case": OK.replace(b"HTTP", b"http"),
    "blank first": b" " + OK,
    "two blanks": OK.replace(b" 200", b"  200"),
    "tab": OK.replace(b" 200", b"\t200"),
    "no status": b"HTTP/1.1 \r\n\r\n",
    "no blank": b"HTTP/1.1\r\n\r\n",
    "two digits": b"HTTP/1.1 20 OK\r\n\r\n",
    "four digits": b"HTTP/1.1 2000 OK\r\n\r\n",
    "status 000": b"HTTP/1.1 000 OK\r\n\r\n",
    "status 600": b"HTTP/1.1 600 OK\r\n\r\n",
    "negative status": b"HTTP/1.1 -20 OK\r\n\r\n",
    "plus status": b"HTTP/1.1 +20 OK\r\n\r\n",
    "status in other digits": "HTTP/1.1 \u0662\u0660\u0660 OK\r\n\r\n".encode("utf-8"),
    "NUL in the reason": head("200 O\0K", "Content-Length: 0"),
    "101, which nobody asked for": head("101 Switching Protocols", "Upgrade: websocket", "Connection: upgrade"),
    "101 after 100": head("100 Continue") + head("101 Switching Protocols"),
    # fields
    "no colon": head("200 OK", "Content-Length 0"),
    "no name": head("200 OK", ": x"),
    "blank before the colon": head("200 OK", "Content-Length : 0"),
    "tab before the colon": head("200 OK", "Content-Length\t: 0"),
    "blank before the name": head("200 OK", " Content-Length: 0"),
    "folded": head("200 OK", "X: a", " b", "Content-Length: 0"),
    "folded with a tab": head("200 OK", "X: a", "\tb", "Content-Length: 0"),
    "folded at once": head("200 OK", " b", "Content-Length: 0"),
    "NUL in a value": head("200 OK", "X: a\0b", "Content-Length: 0"),
    "bare LF in a value": head("200 OK", "X: a\nContent-Length: 5", "Content-Length: 0"),
    "bare CR in a value": head("200 OK", "X: a\rContent-Length: 5", "Content-Length: 0"),
    "bytes beyond ASCII in a name": head("200 OK", "X\xe9: a", "Content-Length: 0"),
    # length
    "two lengths": head("200 OK", "Content-Length: 5", "Content-Length: 6") + b"hello!",
    "two lengths that only look the same": head("200 OK", "Content-Length: 5", "Content-Length: 05") + b"hello",
    "lengths in a list": head("200 OK", "Content-Length: 5, 5") + b"hello",
    "negative length": head("200 OK", "Content-Length: -1"),
    "plus length": head("200 OK", "Content-Length: +5") + b"hello",
    "hexadecimal length": head("200 OK", "Content-Length: 0x5") + b"hello",
    "fractional length": head("200 OK", "Content-Length: 5.0") + b"hello",
    "exponential length": head("200 OK", "Content-Length: 1e1") + b"hello",
    "underscored length": head("200 OK", "Content-Length: 1_0") + b"hellohello",
    "empty length": head("200 OK", "Content-Length:") + b"hello",
    "quoted length": head("200 OK", 'Content-Length: "5"') + b"hello",
    "length of more digits than a number has": head("200 OK", "Content-Length: " + "9" * 5000),
    "length beyond the limit": head("200 OK", f"Content-Length: {http1.MAX_BODY_BYTES + 1}"),
    # encodings
    "length and chunks": head("200 OK", "Content-Length: 5", "Transfer-Encoding: chunked") + b"0\r\n\r\n",
    "chunks and length": head("200 OK", "Transfer-Encoding: chunked", "Content-Length: 5") + b"0\r\n\r\n",
    "length and another encoding": head("200 OK", "Content-Length: 5", "Transfer-Encoding: x") + b"hello",
    "gzip": head("200 OK", "Transfer-Encoding: gzip"),
    "gzip in chunks": head("200 OK", "Transfer-Encoding: gzip, chunked") + b"0\r\n\r\n",
    "chunks of chunks": head("200 OK", "Transfer-Encoding: chunked, chunked") + b"0\r\n\r\n",
    "chunked twice": head("200 OK", "Transfer-Encoding: chunked", "Transfer-Encoding: chunked") + b"0\r\n\r\n",
    "identity": head("200 OK", "Transfer-Encoding: identity"),
    "empty encoding": head("200 OK", "Transfer-Encoding:"),
    "xchunked": head("200 OK", "Transfer-Encoding: xchunked") + b"0\r\n\r\n",
    "chunked with a parameter": head("200 OK", "Transfer-Encoding: chunked;q=1") + b"0\r\n\r\n",
    "vertical tab before chunked": head("200 OK", "Transfer-Encoding: \x0bchunked") + b"0\r\n\r\n",
    "chunks in HTTP/1.0": CHUNKED.replace(b"/1.1", b"/1.0") + b"0\r\n\r\n",
    # chunks
    "no size": CHUNKED + b"\r\nhello\r\n0\r\n\r\n",
    "size that is no number": CHUNKED + b"g\r\n",
    "negative size": CHUNKED + b"-1\r\nh\r\n0\r\n\r\n",
    "plus size": CHUNKED + b"+1\r\nh\r\n0\r\n\r\n",
    "prefixed size": CHUNKED + b"0x1\r\nh\r\n0\r\n\r\n",
    "underscored size": CHUNKED + b"1_0\r\n",
    "blank before the size": CHUNKED + b" 1\r\nh\r\n0\r\n\r\n",
    "size of more digits than is sane": CHUNKED + b"000000001\r\nh\r\n0\r\n\r\n",
    "size beyond the limit": CHUNKED + b"FFFFFFFF\r\n",
    "size beyond 64 bits": CHUNKED + b"10000000000000001\r\n",
    "bare LF after the size": CHUNKED + b"1\nh\r\n0\r\n\r\n",
    "NUL in an extension": CHUNKED + b"1;a=\0\r\nh\r\n0\r\n\r\n",
    "LF in an extension": CHUNKED + b"1;a\n\r\nh\r\n0\r\n\r\n",
    "chunk longer than its size": CHUNKED + b"1\r\nhello\r\n0\r\n\r\n",
    "chunk shorter than its size": CHUNKED + b"5\r\nhel\r\n0\r\n\r\n",
    "chunk without its end": CHUNKED + b"1\r\nh0\r\n\r\n",
    "bare LF after a chunk": CHUNKED + b"1\r\nh\n0\r\n\r\n",
    "no colon in a trailer": CHUNKED + b"0\r\nX\r\n\r\n",
    "folded trailer": CHUNKED + b"0\r\nX: a\r\n b\r\n\r\n",
    "data after the last chunk": CHUNKED + b"0\r\nhello\r\n\r\n",
    "two lengths in a trailer": CHUNKED + b"0\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    # too many
    "interim responses without end": head("100 Continue") * (http1.MAX_INTERIM + 1) + OK,
    "as many interim responses as are too many": head("103 Early Hints") * http1.MAX_INTERIM + OK,
}


@pytest.mark.parametrize("name", sorted(MALFORMED))
def test_a_malformed_response_is_refused(name):
    """Each of these is Malformed, whether it comes in one piece or byte by byte."""
    wire = MALFORMED[name]
    assert outcome(wire) is http1.Malformed
    assert outcome(*(wire[at : at + 1] for at in range(len(wire)))) is http1.Malformed


@pytest.mark.parametrize("name", sorted(MALFORMED))
def test_the_short_way_refuses_too(name):
    """None of these is taken for an ordinary response by the short way."""
    assert http1.common_response(MALFORMED[name]) is None


@pytest.mark.parametrize("said", [b"\x00\x00\x12\x04", b"\x15", b"SSH-2.0-x", b"HTTP/2", b"HTTP/1.1 200 OK\n"])
def test_what_cannot_become_a_response_is_refused_at_once(said):
    """Bytes that no response begins with are Malformed before a line ends: the end of the line may never come."""
    with pytest.raises(http1.Malformed):
        http1.read_response(said).send(None)


def test_bytes_of_names():
    """A field's name is made of the bytes of a token, and of no other."""
    accepted = [byte for byte in range(256) if outcome(b"HTTP/1.1 204\r\nX%c: a\r\n\r\n" % byte) is not http1.Malformed]
    assert accepted == sorted(TOKEN + b":")


def test_bytes_of_values():
    """A field's value and a reason are made of visible bytes, blanks and bytes beyond ASCII, and of no others."""
    visible = [0x09] + [byte for byte in range(0x20, 0x100) if byte != 0x7F]
    for wire in (b"HTTP/1.1 204\r\nX: a%cb\r\n\r\n", b"HTTP/1.1 204 a%cb\r\n\r\n"):
        assert [byte for byte in range(256) if outcome(wire % byte) is not http1.Malformed] == visible


def test_as_many_interim_responses_as_are_borne():
    """One interim response fewer than too many, and the final one is read."""
    assert read(head("100 Continue") * (http1.MAX_INTERIM - 1) + OK) == (200, b"", True)


@settings(max_examples=500, deadline=None)
@given(st.one_of(broken(), st.binary(max_size=200), broken().map(lambda data: data[: len(data) // 2])))
def test_any_bytes_end_in_a_response_or_a_refusal(data):
    """Whatever bytes arrive, the reader returns a Response or raises Malformed or Truncated, and nothing else."""
    found = outcome(data)
    assert found in (http1.Malformed, http1.Truncated) or found[0] in range(200, 600)


def endless(first, piece):
    """How many bytes are taken, of `first` and `piece` for ever, before they are refused."""
    taken = [0]

    def pieces():
        for data in itertools.chain([first or piece], itertools.repeat(piece)):
            taken[0] += len(data)
            yield data

    with pytest.raises(http1.Malformed):
        drive(http1.read_response(b""), pieces())
    return taken[0]


PIECE = 65536


@pytest.mark.parametrize(
    ("first", "piece", "most"),
    [
        (b"", b"a" * PIECE, http1.MAX_HEAD_BYTES),
        (b"HTTP/1.1 200 ", b"a" * PIECE, http1.MAX_HEAD_BYTES),
        (b"HTTP/1.1 200 OK\r\nX: ", b"a" * PIECE, http1.MAX_HEAD_BYTES),
        (b"HTTP/1.1 200 OK\r\n", b"a" * PIECE, http1.MAX_HEAD_BYTES),
        (b"HTTP/1.1 200 OK\r\n", b"X: a\r\n" * 9000, http1.MAX_HEAD_BYTES),
        (b"HTTP/1.1 200 OK\r\n", b"X: a\r\n", http1.MAX_HEAD_BYTES),
        (CHUNKED, b"0" * PIECE, http1.MAX_LINE_BYTES),
        (CHUNKED + b"5;", b"a" * PIECE, http1.MAX_LINE_BYTES),
        (CHUNKED + b"0\r\n", b"X: a\r\n" * 9000, http1.MAX_HEAD_BYTES),
        (CHUNKED + b"0\r\nX: ", b"a" * PIECE, http1.MAX_HEAD_BYTES),
        (b"", head("100 Continue", "X: " + "a" * 60000), http1.MAX_HEAD_BYTES * http1.MAX_INTERIM),
        (head("200 OK"), b"a" * (1 << 20), http1.MAX_BODY_BYTES),
        (CHUNKED, b"100000\r\n" + b"a" * (1 << 20) + b"\r\n", http1.MAX_BODY_BYTES + (1 << 10)),
    ],
)
def test_nothing_grows_without_end(first, piece, most):
    """A status line, field, head, chunk size, trailer, row of interim responses or body without end is refused."""
    assert endless(first, piece) <= most + len(first) + 2 * len(piece)


@pytest.mark.parametrize("framing", ["length", "chunks", "end"])
def test_the_largest_body_is_read(framing):
    """A body of exactly the limit is read in each framing, and one byte more is refused."""
    block = b"a" * (1 << 22)
    blocks = [block] * (http1.MAX_BODY_BYTES // len(block))
    if framing == "length":
        pieces = [head("200 OK", f"Content-Length: {http1.MAX_BODY_BYTES}"), *blocks]
        over = [head("200 OK", f"Content-Length: {http1.MAX_BODY_BYTES + 1}")]
    elif framing == "chunks":
        pieces = [CHUNKED, b"%x\r\n" % http1.MAX_BODY_BYTES, *blocks, b"\r\n0\r\n\r\n"]
        over = [CHUNKED, b"%x\r\n" % len(block), block, b"\r\n%x\r\n" % (http1.MAX_BODY_BYTES - len(block) + 1)]
    else:
        pieces = [head("200 OK"), *blocks]
        over = [*pieces, b"a"]
    assert len(read(*pieces)[1]) == http1.MAX_BODY_BYTES
    assert outcome(*over) is http1.Malformed


def test_the_largest_head_is_read():
    """A head of exactly the limit is read, and one byte more is refused."""
    room = http1.MAX_HEAD_BYTES - len(head("204", "X: "))
    assert read(head("204", "X: " + "a" * room)) == (204, b"", True)
    assert outcome(head("204", "X: " + "a" * (room + 1))) is http1.Malformed


@pytest.mark.parametrize(
    "wire",
    [
        head("200 OK", "X:" + " " * 3000 + "\0"),
        head("200 OK", "X: a" + " " * 3000 + "\0"),
        head("200 OK", "X: a" + " " * 60000 + "a", "Content-Length: x"),
        head("200 OK", "Content-Length:" + " " * 60000 + "x"),
        head("200 OK", "Connection: " + "," * 60000, "Content-Length: -"),
        head("200 OK", *["a: b"] * 10000) + b"\0",
        head("200 OK", *["a:"] * 10000 + ["Content-Length: 0", "Connection: x"] + ["b:"] * 6000 + ["\0"]),
        CHUNKED + b"1" + b" " * 4000 + b"\0\r\n",
        CHUNKED + b"1;" + b" " * 4000 + b"\0\r\n",
    ],
    ids=range(9),
)
def test_refusing_takes_little_time(wire):
    """What is built to make patterns try every way to match is refused in a time that its length explains."""
    began = time.process_time()
    assert http1.common_response(wire) is None
    outcome(wire)
    assert time.process_time() - began < 1.0


def test_small_chunks_take_little_time():
    """A body in chunks of one byte costs a time that grows with its length and not with its square."""
    body = b"a" * 20000
    began = time.process_time()
    assert read(CHUNKED + chunked(body, [1] * len(body))) == (200, body, True)
    assert time.process_time() - began < 2.0


def test_a_refusal_quotes_little():
    """The message of a refusal quotes a part of what was refused, however long that was."""
    with pytest.raises(http1.Malformed) as caught:
        read(b"HTTP/1.1 200 OK\r\n" + b"a" * 60000 + b"\r\n\r\n")
    assert 10 < len(str(caught.value)) < 200
