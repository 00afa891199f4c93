"""The endpoint's connection beside h11: streams of requests, cut, sent ahead, broken off and tampered with.

The connection may refuse what h11 takes (STRICTER). It takes four things that h11 refuses (LAXER), none of which moves
the end of a message.
"""

import re

import h11
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.local.http.beside_h11 import (
    CHUNKED,
    HEAD,
    NEXT,
    answers,
    by_h11,
    cut,
    cuts,
    expected,
    many,
    serve,
    streams,
    tampered,
    turns,
)

pytestmark = pytest.mark.fuzz


@settings(max_examples=100)
@given(st.one_of(streams, streams, many), cuts, turns, st.booleans())
def test_the_same_requests_and_their_answers(data, sizes, when, is_slow):
    """However they are cut and however soon they are served, the requests are h11's, and each has its answer."""
    wanted, end = by_h11(data)
    found, written, has_ended = serve(cut(data, sizes), when, is_slow)
    assert found == wanted
    assert has_ended is (end == "closed")
    assert answers(written, wanted) == (expected(wanted), has_ended, b"")


@settings(max_examples=100)
@given(streams)
def test_bytes_one_at_a_time(data):
    """Requests that arrive byte by byte are the same requests, and are answered with the same bytes."""
    found, written, _ = serve(data[at : at + 1] for at in range(len(data)))
    assert found == by_h11(data)[0]
    assert answers(written, found)[0] == expected(found)


@settings(max_examples=60)
@given(st.one_of(streams, many), st.integers(0, 3000), cuts, turns, st.booleans())
def test_half_closed_anywhere(data, at, sizes, when, is_slow):
    """Where the client ends, what was whole by then is served and answered, and nothing else; then all ends."""
    data = data[:at]
    wanted, _ = by_h11(data)
    found, written, has_ended = serve([*cut(data, sizes), b""], when, is_slow)
    assert found == wanted
    assert has_ended
    bodies, _, left = answers(written, wanted)
    assert (bodies, left.replace(b"HTTP/1.1 100 Continue\r\n\r\n", b"")) == (expected(wanted), b"")


@settings(max_examples=250)
@given(tampered(), cuts, turns)
@example(HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" + NEXT, [], [])
@example(HEAD + b"Upgrade: h2c\r\nConnection: Upgrade\r\nContent-Length: 53\r\n\r\n" + NEXT + NEXT, [], [])
@example(CHUNKED + b"0\r\nHost: b\r\nContent-Length: 3\r\n\r\n" + NEXT, [], [])
def test_nothing_is_smuggled(data, sizes, when):
    """Of tampered bytes no request is served that h11 does not read just so, however they are cut."""
    found = until_its_host_is_missing(serve(cut(data, sizes), when)[0])
    if not any(request.method == "CONNECT" for request in found):  # it ends the connection, and its body is not read
        assert found == by_h11(data)[0][: len(found)]


def until_its_host_is_missing(found):
    """The requests before the first without one Host: h11 refuses that, and here it is refused when it is served."""
    for number, request in enumerate(found):
        if b"," in request.headers.get("host", b","):
            return found[:number]
    return found


@settings(max_examples=120)
@given(st.one_of(tampered(), st.binary(max_size=200)), cuts)
def test_cuts_do_not_change_what_is_served(data, sizes):
    """Any bytes end in the same requests and the same answers, wherever they are cut."""
    assert undated(serve(cut(data, sizes), [False] * 1000)) == undated(serve([data] if data else [], [False] * 1000))


def undated(served):
    found, written, has_ended = served
    return found, re.sub(rb"Date: [^\r]*|HTTP/1.1 100 Continue\r\n\r\n", b"", written), has_ended


STRICTER = {
    "folded field": b"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n",
    "folded coding": HEAD + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "bare LF after the first line": b"GET / HTTP/1.1\nHost: a\r\n\r\n",
    "bare LF after a field": b"GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n",
    "bare LF after the head": b"GET / HTTP/1.1\r\nHost: a\r\n\n",
    "bare LF after the last chunk": CHUNKED + b"0\r\n\n",
    "the same length twice": HEAD + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
    "lengths in a list": HEAD + b"Content-Length: 5, 5\r\n\r\nhello",
    "length and chunks": HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks and length": HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "blank after a chunk's size": CHUNKED + b"0 \r\n\r\n",
    "quotation that a chunk's line does not end": CHUNKED + b'2;a="\r\nok\r\n0\r\n\r\n',
    "length in a trailer": CHUNKED + b"0\r\nContent-Length: 5\r\n\r\n",
    "control character": b"GET / HTTP/1.1\r\nHost: a\r\nX: \x01\r\n\r\n",
    "method in lower case": b"get / HTTP/1.1\r\nHost: a\r\n\r\n",
    "HTTP/2.0": b"GET / HTTP/2.0\r\nHost: a\r\n\r\n",
    "HTTP/0.9": b"GET / HTTP/0.9\r\nHost: a\r\n\r\n",
}


@pytest.mark.parametrize("name", STRICTER)
def test_where_it_is_stricter(name):
    """Each of these h11 takes; here it is refused, and what follows it is not looked at."""
    data = STRICTER[name]
    assert by_h11(data)[0]
    found, written, has_ended = serve([data + NEXT])
    assert (found, has_ended) == ([], True)
    assert re.match(rb"HTTP/1.1 (400|505) .*\r\nConnection: close\r\n", written, re.DOTALL)


LAXER = {
    "empty lines before": b"\r\n\r\n" + NEXT,
    "blanks in the first line": NEXT.replace(b" ", b"  ", 1),
    "many zeros": CHUNKED + b"0" * 30 + b"2\r\nok\r\n0\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",  # Server refuses it
}


@pytest.mark.parametrize("name", LAXER)
def test_where_it_is_laxer(name):
    """Each of these h11 refuses; here it is one request, and the next one is where it is for everybody."""
    oracle = h11.Connection(h11.SERVER)
    oracle.receive_data(LAXER[name])
    with pytest.raises(h11.RemoteProtocolError):
        list(iter(oracle.next_event, h11.NEED_DATA))
    found, _, has_ended = serve([LAXER[name] + NEXT])
    assert (len(found), found[1].target, has_ended) == (2, "/next", False)


def test_other_protocols_end_the_connection():
    """After a request that offers another protocol and has no body, or asks for a tunnel, nothing more is read."""
    offer = b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n"
    for data in (offer, b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"):
        found, _, has_ended = serve([data + NEXT])
        assert (len(found), found[0].body, has_ended) == (1, b"", True)
