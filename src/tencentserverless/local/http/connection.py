"""One connection of the endpoint's HTTP server: reads requests, and writes their answers in the same order.

httptools, which wraps the parser of Node.js, reads the messages. This file does what a server does between them: it
keeps the order of pipelined requests, sets limits and ends connections. RFC 9112 (HTTP/1.1).

It is ours, and not uvicorn or aiohttp.web, because those start a task for each request. Here an invocation goes from
the parser to its instance and back by plain calls. As bare echoes, which benchmarks/local.py compares, uvicorn takes
twice as long for a request and aiohttp.web two and a half times. The tests hold this file against h11.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

from tencentserverless.local.http.head import KNOWN_BYTES, header_key, known_key, reply_head
from tencentserverless.local.http.request import BODY_LIMIT_BYTES, Reply, Request
from tencentserverless.local.http.resetting import reset
from tencentserverless.local.http.unsent import unsent_bytes

HEAD_LIMIT_BYTES = 64 * 1024
FRAMING_PER_BYTE = 8  # chunk sizes and trailers: bytes for each byte of the body, beside those of a head
MOST_WAITING = 16  # pipelined requests
MOST_WAITING_BYTES = 64 * 1024  # of their bodies; one request may have more
HELD_LIMIT_BYTES = 256 * 1024 * 1024  # the bodies of all requests without a reply
SMALL_BYTES = 64 * 1024  # bodies that are always accepted
READ_BYTES = 64 * 1024  # more would make the allocator request memory from the kernel each time
IDLE_SECONDS = 900.0
SILENCE_SECONDS = 60.0  # for a head, and for each `PROGRESS_BYTES` of a body or a reply
PROGRESS_BYTES = 1024
LINGER_SECONDS = 5.0  # after the last reply
_TLS_HELLO = b"\x16"
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_VERSIONS = frozenset(("1.1", "1.0"))  # the parser also takes 0.9 and 2.0


class Site(Protocol):
    """The server to which connections belong."""

    connections: "set[HttpConnection]"
    incoming: memoryview  # the buffer into which all connections read; nothing is kept in it
    held_bytes: int  # the bodies of all requests that have no reply yet

    def soon(self, work: Callable[[], object]) -> None:
        """Call this in the next turn of the event loop."""

    def refused(self, path: str, headers: Mapping[str, str]) -> Reply | None:
        """The reply to a request that is refused because of its head; None if its body is to be read."""

    def serve(self, request: Request, port: int, answer: Callable[[Reply], None]) -> None:
        """Serve a request that came to this port. `answer` is called once, now or later."""

    def too_large(self, size: int) -> Reply:
        """The reply to a request whose body has at least this many bytes."""

    def too_busy(self) -> Reply:
        """The reply to a request that is refused because others hold too much memory."""


class _Pending(NamedTuple):
    """A request that has no reply yet. keeps: whether the connection is kept after the reply.

    request: None once it is served, because its body is not needed any more. size: the bytes of the body.
    """

    request: Request | None
    keeps: bool
    is_http_1_0: bool
    is_head: bool
    size: int


class HttpConnection(asyncio.BufferedProtocol):
    """One connection. `site.connections` contains it while it is open."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._loop = asyncio.get_running_loop()
        self._parser = HttpRequestParser(self)
        self._body: bytes | bytearray = b""
        self._waiting: deque[_Pending | Reply] = deque()
        self._served: _Pending | None = None  # the request that is being served
        self._answered_last: asyncio.Future[None] | None = None
        self._has_received = False
        self._has_stopped_reading = False
        self._is_full = False  # the client does not read fast enough
        self._reads = True
        self._in_head = True
        self._fed_bytes = self._body_bytes = 0  # of the present message
        self._held_bytes = 0  # the part of `site.held_bytes` that is ours
        self._unsent_bytes = 0  # at the last look
        self._counted_bytes = 0  # of `_fed_bytes`, at `since`
        self.since = self._loop.time()  # the last progress

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]  # some loops have another class
        name = transport.get_extra_info("sockname")
        self.port = int(name[1]) if name else 0
        self._site.connections.add(self)

    def connection_lost(self, _: BaseException | None) -> None:
        """The invocation continues: the platform does not stop it either if the client leaves."""
        self._has_stopped_reading = True
        self._waiting.clear()
        self._site.connections.discard(self)
        self._release(self._held_bytes - (self._served.size if self._served is not None else 0))
        del self._parser  # it refers to this object, which would wait for the garbage collector

    def get_buffer(self, _: int) -> memoryview:
        return self._site.incoming

    def buffer_updated(self, count: int) -> None:
        if self._has_stopped_reading:
            return
        data: memoryview | bytes = self._site.incoming[:count]
        if not self._has_received and data[:1] == _TLS_HELLO:  # no answer to that could be read
            self._has_stopped_reading = True
            self._transport.close()
            return
        self._has_received = True
        fed = self._fed_bytes = self._fed_bytes + count
        if fed == count or (not self._in_head and fed - self._counted_bytes >= PROGRESS_BYTES):
            self.since, self._counted_bytes = self._loop.time(), fed
        try:
            while data:
                data = self._feed(data)
        except HttpParserError:
            self._refuse(_plain(400, "This is not an HTTP/1.1 request."))
        # If a message begins inside this data, the count starts after this data.
        if self._fed_bytes - self._body_bytes > HEAD_LIMIT_BYTES + FRAMING_PER_BYTE * self._body_bytes:
            self._refuse(_plain(431, "The head of the request, or the framing of its body, is too large."))

    def _feed(self, data: memoryview | bytes) -> bytes:
        """Parse `data`. Returns what is left to parse: usually nothing."""
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade as upgrade:  # no other protocol is spoken here
            if self._offers_with_body():
                return self._without_offer() + data[upgrade.args[0] :]
            self._has_stopped_reading = True  # what follows the request may be anything
        return b""

    def _offers_with_body(self) -> bool:
        """Whether this request offers another protocol and has a body. Java's client does both by default (h2c)."""
        if not self._parser.should_upgrade() or self._parser.get_method() == b"CONNECT":
            return False
        return "transfer-encoding" in self._headers or self._headers.get("content-length", "").strip("0") != ""

    def _without_offer(self) -> bytes:
        """The request's head as if nothing had been offered, for a new parser: this one does not read the body."""
        kept = "".join(f"{key}: {text}\r\n" for key, text in self._headers.items() if key != "upgrade")
        method, version = self._parser.get_method(), self._parser.get_http_version().encode()
        self._parser = HttpRequestParser(self)
        return b"%b %b HTTP/%b\r\n%b\r\n" % (method, self._url, version, kept.encode("utf-8", "surrogateescape"))

    def eof_received(self) -> bool:
        """The client sends nothing more. It may still read the reply to its last request."""
        self._has_stopped_reading = True
        is_plain = self._transport.get_extra_info("ssl_object") is None
        return is_plain and self._served is not None

    def pause_writing(self) -> None:
        self._is_full = True
        self._adjust_reading()

    def resume_writing(self) -> None:
        self._is_full = False
        self._next()
        self._adjust_reading()

    # The parser's calls.

    def on_message_begin(self) -> None:
        self._url = b""
        self._headers: dict[str, str] = {}
        self._body = b""
        self._body_bytes = 0

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_head:  # a trailer: trailers are ignored
            return
        text = value.decode("utf-8", "surrogateescape").strip(" \t")
        key = known_key(name) if len(name) <= KNOWN_BYTES else header_key(name)
        self._headers[key] = f"{self._headers[key]},{text}" if key in self._headers else text

    def on_headers_complete(self) -> None:
        if self._offers_with_body():
            return
        self._in_head = False
        announced = self._headers.get("content-length", "0")
        self._path, _, self._query = self._url.decode("utf-8", "surrogateescape").partition("?")
        refused = self._site.refused(self._path, self._headers)
        if self._parser.get_http_version() not in _VERSIONS:
            self._refuse(_plain(505, "This server speaks HTTP/1.1 and HTTP/1.0."))
        elif self._headers.get("transfer-encoding", "chunked").lower() != "chunked":
            self._refuse(_plain(501, "The only transfer coding of this server is `chunked`."))
        elif announced.isdecimal() and int(announced) > BODY_LIMIT_BYTES:
            self._refuse(self._site.too_large(int(announced)))
        elif refused is not None:
            self._refuse(refused)
        else:
            self._invite()

    def on_body(self, part: bytes) -> None:
        self._body_bytes += len(part)
        if self._has_stopped_reading:
            return
        self._held_bytes += len(part)
        self._site.held_bytes += len(part)
        if self._body_bytes > BODY_LIMIT_BYTES:
            self._refuse(self._site.too_large(self._body_bytes))
        elif self._site.held_bytes > HELD_LIMIT_BYTES and self._body_bytes > SMALL_BYTES:
            self._refuse(self._site.too_busy())
        elif not self._body:
            self._body = part
        else:
            self._body = self._body if isinstance(self._body, bytearray) else bytearray(self._body)
            self._body += part

    def on_message_complete(self) -> None:
        if self._in_head:  # its body is still to come: see `_without_offer`
            return
        self._in_head = True
        self._fed_bytes = self._body_bytes = 0
        if self._has_stopped_reading:
            return
        method, body = self._parser.get_method().decode(), bytes(self._body)
        self._body = b""  # an idle connection holds nothing of its last request
        request = Request(method, self._query, self._headers, body, self._path)
        is_http_1_0 = self._parser.get_http_version() == "1.0"
        keeps = self._parser.should_keep_alive() and not self._parser.should_upgrade()
        keeps = keeps and not (is_http_1_0 and _ends_http_1_0(self._headers))
        self._take(_Pending(request, keeps, is_http_1_0, request.method == "HEAD", len(request.body)))

    # Requests that wait, and their replies.

    def _take(self, pending: "_Pending | Reply") -> None:
        self._waiting.append(pending)
        self._next()
        if self._waiting:
            self._adjust_reading()

    def _invite(self) -> None:
        """Ask for the body that a client holds back, once everything before is answered. HTTP/1.0 holds none back."""
        if self._has_stopped_reading or self._served is not None or self._waiting:
            return
        if self._headers.get("expect", "").lower() == "100-continue" and self._parser.get_http_version() == "1.1":
            self._transport.write(_CONTINUE)

    def _adjust_reading(self) -> None:
        """Read no more than can be answered."""
        has_room = len(self._waiting) < MOST_WAITING and self._held_bytes < MOST_WAITING_BYTES
        reads = not self._is_full and (has_room or not self._waiting)
        if reads is self._reads or self._transport.is_closing():
            return
        self._reads = reads
        if reads:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()

    def _refuse(self, reply: Reply) -> None:
        """Read nothing more. Send this reply after those to earlier requests."""
        if not self._has_stopped_reading:
            self._has_stopped_reading = True
            self._take(reply)

    def _next(self) -> None:
        if self._served is not None or self._is_full or not self._waiting:
            return
        pending = self._waiting.popleft()
        if isinstance(pending, Reply):
            self._write(pending, "close")
            self._linger()
            return
        self._served = pending
        self._site.soon(self._serve)

    def _serve(self) -> None:
        """Serve the request, even if the client has left."""
        assert self._served is not None
        request, self._served = self._served.request, self._served._replace(request=None)
        assert request is not None
        try:
            self._site.serve(request, self.port, self._answer)
        except BaseException:
            self._transport.abort()
            raise

    def _answer(self, reply: Reply) -> None:
        pending, self._served = self._served, None
        assert pending is not None
        self._release(pending.size)
        if self._answered_last is not None:
            self._answered_last.set_result(None)
        self.since = self._loop.time()
        if self._transport.is_closing():
            return
        if reply.spoiled is not None:
            self._stop_reading()
            self._loop.call_later(reply.spoiled.silent_seconds, self._spoil, reply, reply.spoiled.sent_part)
            return
        ends = reply.closing or not pending.keeps or (self._has_stopped_reading and not self._waiting)
        connection = "close" if ends else "keep-alive" if pending.is_http_1_0 else ""
        self._write(reply, connection, with_body=not pending.is_head)
        if ends:
            self._stop_reading()
            self._linger()
        elif self._waiting:
            self._next()
            self._adjust_reading()
        elif not self._in_head:
            self._invite()

    def _stop_reading(self) -> None:
        """Ignore all further requests. They are still read: what is left unread would reset the connection."""
        self._has_stopped_reading = True
        self._waiting.clear()
        self._adjust_reading()

    def _spoil(self, reply: Reply, sent_part: float) -> None:
        if sent_part:
            self._transport.write(reply_head(reply, "") + reply.body[: int(len(reply.body) * sent_part)])
            self._linger()
        else:
            reset(self._transport)

    def _write(self, reply: Reply, connection: str, with_body: bool = True) -> None:
        """Write head and body at once. A second write would wait until the first one is acknowledged."""
        head = reply_head(reply, connection)
        self._transport.write(head + reply.body if with_body else head)

    def _linger(self) -> None:
        """Close once the client has read the reply. Closing earlier resets the connection if the client still sends."""
        if not self._transport.can_write_eof():
            self._transport.close()
            return
        try:
            self._transport.write_eof()
        except OSError:  # the client has reset the connection
            self._transport.abort()
        else:
            self._loop.call_later(LINGER_SECONDS, self._end_linger, None)

    def _end_linger(self, unsent: int | None) -> None:
        """Abort unless the client still reads. unsent: the number of unsent bytes at the last check."""
        left = unsent_bytes(self._transport)
        if left and (unsent is None or unsent - left >= PROGRESS_BYTES):
            self._loop.call_later(SILENCE_SECONDS, self._end_linger, left)
        else:
            self._transport.abort()

    def _release(self, size: int) -> None:
        """Do not count these bytes any more."""
        self._held_bytes -= size
        self._site.held_bytes -= size

    # The end.

    @property
    def is_idle(self) -> bool:
        """Whether every request has been answered, and no other has begun."""
        is_between = self._served is None and not self._waiting and self._in_head and not self._fed_bytes
        return is_between and not unsent_bytes(self._transport)

    def close_if_silent(self, now: float) -> None:
        """Close the connection if too little has been sent or received for too long."""
        if self._served is None:
            unsent = unsent_bytes(self._transport)
            if abs(unsent - self._unsent_bytes) >= PROGRESS_BYTES:
                self._unsent_bytes, self.since = unsent, now
            if now - self.since > (IDLE_SECONDS if self.is_idle else SILENCE_SECONDS):
                self._transport.abort()

    def stop(self) -> "asyncio.Future[None] | None":
        """Close after the reply to the present request. Returns a future that is done once the reply is written."""
        self._has_stopped_reading = True
        self._waiting.clear()
        if self._served is None:
            self._transport.close()
        else:
            self._answered_last = self._loop.create_future()
        return self._answered_last

    def abort(self) -> None:
        self._transport.abort()


def _ends_http_1_0(headers: Mapping[str, str]) -> bool:
    """Whether a connection ends although keep-alive was asked for. RFC 9112, 6.1 and 9.3"""
    return "transfer-encoding" in headers or "close" in headers.get("connection", "").lower()


def _plain(status: int, text: str) -> Reply:
    return Reply(f"{text}\n".encode(), status=status, content_type="text/plain; charset=utf-8", closing=True)
