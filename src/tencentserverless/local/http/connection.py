"""A connection of the endpoint's HTTP server. Replies are written in the order of the requests.

httptools, which wraps the parser of Node.js, reads the messages. This file does the rest of RFC 9112 (HTTP/1.1): the
order of requests, limits, and the end of a connection.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from time import time
from typing import NamedTuple, Protocol

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

from tencentserverless.local.http.request import BODY_LIMIT_BYTES, Reply, Request

HEAD_LIMIT_BYTES = 64 * 1024
FRAMING_PER_BYTE = 8  # chunk sizes and trailers: bytes for each byte of the body, beside those of a head
MOST_WAITING = 16  # pipelined requests
READ_BYTES = 64 * 1024  # more would make the allocator request memory from the kernel each time
IDLE_SECONDS = 900.0
SILENCE_SECONDS = 60.0  # within a request
LINGER_SECONDS = 5.0  # after the last reply
_TLS_HELLO = b"\x16"
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Site(Protocol):
    """The server to which connections belong."""

    connections: "set[HttpConnection]"
    incoming: memoryview  # the buffer into which all connections read; nothing is kept in it

    def soon(self, work: Callable[[], object]) -> None:
        """Call this in the next turn of the event loop."""

    def serve(self, request: Request, port: int, answer: Callable[[Reply], None]) -> None:
        """Serve a request that came to this port. `answer` is called once, now or later."""

    def too_large(self, size: int) -> Reply:
        """The reply to a request whose body has at least this many bytes."""

    def admits(self, port: int) -> bool:
        """Whether one more connection to this port is allowed."""


class _Pending(NamedTuple):
    """A request that has no reply yet. keeps: whether the connection is kept after the reply."""

    request: Request
    keeps: bool
    is_http_1_0: bool


class HttpConnection(asyncio.BufferedProtocol):
    """One connection. `site.connections` contains it while it is open."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._loop = asyncio.get_running_loop()
        self._parser = HttpRequestParser(self)
        self._waiting: deque[_Pending | Reply] = deque()
        self._served: _Pending | None = None  # the request that is being served
        self._answered_last: asyncio.Future[None] | None = None
        self._has_received = False
        self._has_stopped_reading = False
        self._is_full = False  # the client does not read fast enough
        self._reads = True
        self._in_head = True
        self._fed_bytes = self._body_bytes = 0  # of the present message
        self.since = self._loop.time()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]  # some loops have another class
        name = transport.get_extra_info("sockname")
        self.port = int(name[1]) if name else 0
        if self._site.admits(self.port):
            self._site.connections.add(self)
        else:
            self._has_stopped_reading = True
            self._transport.abort()

    def connection_lost(self, _: BaseException | None) -> None:
        """The invocation continues: the platform does not stop it either if the client leaves."""
        self._has_stopped_reading = True
        self._waiting.clear()
        self._site.connections.discard(self)

    def get_buffer(self, _: int) -> memoryview:
        return self._site.incoming

    def buffer_updated(self, count: int) -> None:
        if self._has_stopped_reading:
            return
        data = self._site.incoming[:count]
        if not self._has_received and data[:1] == _TLS_HELLO:  # the client could not read a reply
            self._transport.close()
            return
        self._has_received = True
        self.since = self._loop.time()
        self._fed_bytes += count
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade:  # upgrades are not supported; the bytes after the request may be anything
            self._has_stopped_reading = True
        except HttpParserError:
            self._refuse(_plain(400, "This is not an HTTP/1.1 request."))
        # If a message begins inside this data, the count starts after this data.
        if self._fed_bytes - self._body_bytes > HEAD_LIMIT_BYTES + FRAMING_PER_BYTE * self._body_bytes:
            self._refuse(_plain(431, "The head of the request, or the framing of its body, is too large."))

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
        self._body: bytes | bytearray = b""
        self._body_bytes = 0

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_head:  # a trailer: trailers are ignored
            return
        text, key = value.decode("utf-8", "surrogateescape"), _key(name)
        self._headers[key] = f"{self._headers[key]},{text}" if key in self._headers else text

    def on_headers_complete(self) -> None:
        self._in_head = False
        announced = self._headers.get("content-length", "0")
        if announced.isdecimal() and int(announced) > BODY_LIMIT_BYTES:
            self._refuse(self._site.too_large(int(announced)))
        elif self._headers.get("expect", "").lower() == "100-continue" and self._served is None:
            self._transport.write(_CONTINUE)

    def on_body(self, part: bytes) -> None:
        self._body_bytes += len(part)
        if self._body_bytes > BODY_LIMIT_BYTES:
            self._refuse(self._site.too_large(self._body_bytes))
        elif not self._body:
            self._body = part
        elif not self._has_stopped_reading:
            self._body = self._body if isinstance(self._body, bytearray) else bytearray(self._body)
            self._body += part

    def on_message_complete(self) -> None:
        self._in_head = True
        self._fed_bytes = self._body_bytes = 0
        if self._has_stopped_reading:
            return
        path, _, query = self._url.decode("utf-8", "surrogateescape").partition("?")
        request = Request(self._parser.get_method().decode(), query, self._headers, bytes(self._body), path)
        keeps = self._parser.should_keep_alive() and not self._parser.should_upgrade()
        self._take(_Pending(request, keeps, self._parser.get_http_version() == "1.0"))

    # Requests that wait, and their replies.

    def _take(self, pending: "_Pending | Reply") -> None:
        self._waiting.append(pending)
        self._next()
        if self._waiting:
            self._adjust_reading()

    def _adjust_reading(self) -> None:
        """Read only while few requests wait and the client reads its replies."""
        reads = not self._is_full and len(self._waiting) < MOST_WAITING
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
        try:
            self._site.serve(self._served.request, self.port, self._answer)
        except BaseException:
            self._transport.abort()
            raise

    def _answer(self, reply: Reply) -> None:
        pending, self._served = self._served, None
        assert pending is not None
        if self._answered_last is not None:
            self._answered_last.set_result(None)
        self.since = self._loop.time()
        if self._transport.is_closing():
            return
        ends = reply.closing or not pending.keeps or (self._has_stopped_reading and not self._waiting)
        connection = "close" if ends else "keep-alive" if pending.is_http_1_0 else ""
        self._write(reply, connection, with_body=pending.request.method != "HEAD")
        if ends:
            self._has_stopped_reading = True
            self._waiting.clear()
            self._linger()
        elif self._waiting:
            self._next()
            self._adjust_reading()

    def _write(self, reply: Reply, connection: str, with_body: bool = True) -> None:
        """Write head and body at once. A second write would wait until the first one is acknowledged."""
        head = _head(reply, connection)
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
        left = self._transport.get_write_buffer_size()
        if left and left != unsent:
            self._loop.call_later(SILENCE_SECONDS, self._end_linger, left)
        else:
            self._transport.abort()

    # The end.

    def close_if_silent(self, now: float) -> None:
        """Close the connection if nothing has been sent or received for too long."""
        if self._served is None:
            is_idle = self._in_head and not self._fed_bytes and not self._transport.get_write_buffer_size()
            if now - self.since > (IDLE_SECONDS if is_idle else SILENCE_SECONDS):
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


@lru_cache(maxsize=128)
def _key(name: bytes) -> str:
    return name.decode("latin-1").lower()


def _plain(status: int, text: str) -> Reply:
    return Reply(f"{text}\n".encode(), status=status, content_type="text/plain; charset=utf-8", closing=True)


def _head(reply: Reply, connection: str) -> bytes:
    lines = f"HTTP/1.1 {reply.status} {_phrase(reply.status)}\r\nContent-Type: {reply.content_type}\r\n"
    if reply.request_id:
        lines += f"X-TC-RequestId: {reply.request_id}\r\n"
    if connection:
        lines += f"Connection: {connection}\r\n"
    return f"{lines}Content-Length: {len(reply.body)}\r\nDate: {_date(int(time()))}\r\n\r\n".encode()


def _phrase(status: int) -> str:
    return "OK" if status == 200 else HTTPStatus(status).phrase


_last_date = (0, "")


def _date(second: int) -> str:
    """The Date header. It is computed once a second."""
    global _last_date
    if _last_date[0] != second:
        _last_date = (second, formatdate(second, usegmt=True))
    return _last_date[1]
