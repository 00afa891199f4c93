"""HTTP/1.1 responses, read strictly (RFC 9112).

`read_response` is a generator: it yields `READ` when it needs bytes and returns a `Response`. Where the RFC allows a
client to be lenient, this reader is strict: only a broken or hostile server sends such bytes. Every size has a bound.
"""

import re

from tencentserverless._protocol.effects import READ

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Dict, Generator, Optional, Tuple, TypeVar

    from tencentserverless._protocol.effects import Effect

    T = TypeVar("T")
    Reading = Generator[Effect, bytes, T]

MAX_HEAD_BYTES = 65536  # as http.client allows one line; nginx and h11 stop at 16 to 32 KiB for all of them
MAX_LINE_BYTES = 4096  # a chunk's size with its extensions
MAX_BODY_BYTES = 64 * 1024 * 1024  # a result of 6 MB with every character escaped twice is smaller
MOST_QUOTED = 80  # bytes, in a message
MAX_INTERIM = 16  # 1xx responses before the real one

_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_VALUE = rb"[\t\x20-\x7e\x80-\xff]*"
_STATUS = rb"HTTP/1\.([01]) ([1-5][0-9][0-9])(?: " + _VALUE + rb")?\r\n\Z"
# _VALUE also matches the blanks around the value. With patterns of their own for these, the matcher would try every way
# to divide the blanks, which takes cubic time.
_FIELD = rb"(" + _TOKEN + rb"):(" + _VALUE + rb")\r\n\Z"
_CHUNK_SIZE = rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;" + _VALUE + rb")?\r\n\Z"


def _any_case(name: bytes) -> bytes:
    """A pattern for a name in upper and lower case; it matches a third faster than re.IGNORECASE."""
    return b"".join(b"[%c%c]" % (byte, byte ^ 0x20) if 0x61 <= byte <= 0x7A else bytes((byte,)) for byte in name)


# The head that a gateway usually sends, in one match: status 200, one Content-Length, keep-alive, nothing else that
# matters here.
_LENGTH, _CONNECTION = map(_any_case, (b"content-length:", b"connection:"))
_CODINGS = b"(?:%b|%b)" % tuple(map(_any_case, (b"transfer-encoding:", b"content-encoding:")))
_PLAIN = b"(?:(?!%b|%b|%b)%b:%b\r\n)*" % (_LENGTH, _CODINGS, _CONNECTION, _TOKEN, _VALUE)
_common_head = re.compile(
    rb"HTTP/1\.1 200(?: %b)?\r\n%b%b[ \t]*([0-9]{1,9})[ \t]*\r\n%b(?:%b[ \t]*%b[ \t]*\r\n%b)?\r\n"
    % (_VALUE, _PLAIN, _LENGTH, _PLAIN, _CONNECTION, _any_case(b"keep-alive"), _PLAIN)
).match


class Malformed(Exception):
    """These bytes are not a response that this reader accepts.

    text: what is wrong, with %s in the place of the bytes. quoted: the bytes, None if there are none to be shown.
    """

    def __init__(self, text: str, quoted: "Optional[bytes]" = None) -> None:
        Exception.__init__(self, text, quoted)
        self.text = text
        self.quoted = quoted

    def __str__(self) -> str:
        return self.told(bytes)

    def told(self, hide: "Callable[[bytes], bytes]") -> str:
        """What is wrong. The bytes may be a part of our request, sent back; `hide` takes the secrets out of them."""
        return self.text if self.quoted is None else self.text % repr(hide(self.quoted)[:MOST_QUOTED])


class Truncated(Exception):
    """The connection ended before the response was complete. `received`: whether a part of it had come."""

    def __init__(self, received: bool) -> None:
        Exception.__init__(self, received)
        self.received = received


class Response:
    """An HTTP response.

    status: int. body: bytes, without the framing. reusable: whether the connection can carry another request.
    """

    __slots__ = ("status", "body", "reusable")

    def __init__(self, status: int, body: bytes, reusable: bool) -> None:
        self.status = status
        self.body = body
        self.reusable = reusable


def common_response(data: bytes) -> "Optional[Response]":
    """The response if `data` is one whole, ordinary response; else None, and `read_response` has to read it."""
    match = _common_head(data)
    if match is None or len(data) != match.end() + int(match.group(1)):
        return None
    return Response(200, data[match.end() :], True)


class _Source:
    """Received bytes that are not parsed yet. Its methods are generators that yield `READ` when they need more."""

    def __init__(self, data: bytes) -> None:
        self.data = bytearray(data)
        self.received = bool(data)
        self.ended = False

    def more(self) -> "Reading[None]":
        data = yield READ
        if data:
            self.received = True
            self.data += data
        else:
            self.ended = True

    def need(self) -> "Reading[None]":
        yield from self.more()
        if self.ended:
            raise Truncated(self.received)

    def line(self, most: int) -> "Reading[bytes]":
        """One line with its CR LF, of at most `most` bytes."""
        looked = 0
        while True:
            end = self.data.find(b"\r\n", looked)
            if 0 <= end <= most - 2:
                return self.take(end + 2)
            if end >= 0 or len(self.data) > most:
                raise Malformed(f"a line is longer than {most} bytes")
            if b"\n" in self.data:
                raise Malformed("a line does not end with CR LF: %s", bytes(self.data))
            looked = max(0, len(self.data) - 1)
            yield from self.need()

    def beginning(self, text: bytes) -> "Reading[None]":
        """Wait for `text`. Other bytes are refused at once: they may not have the line's end that would come next."""
        while not self.data.startswith(text):
            if not text.startswith(bytes(self.data)):
                raise Malformed("not an HTTP/1.1 status line: %s", bytes(self.data))
            yield from self.need()

    def exactly(self, count: int) -> "Reading[bytes]":
        while len(self.data) < count:
            yield from self.need()
        return self.take(count)

    def to_end(self, most: int) -> "Reading[bytes]":
        while not self.ended:
            if len(self.data) > most:
                raise Malformed(f"the body is larger than {most} bytes")
            yield from self.more()
        return self.take(len(self.data))

    def take(self, count: int) -> bytes:
        taken = bytes(self.data[:count])
        del self.data[:count]
        return taken


def read_response(data: bytes = b"") -> "Reading[Response]":
    """Read one final response; `data` is what has come already. Raises Malformed or Truncated."""
    source = _Source(data)
    version, status, fields = yield from _read_final_head(source)
    coding = fields.get(b"content-encoding", b"identity").lower()
    if coding not in (b"identity", b""):
        raise Malformed("the body has Content-Encoding %s, which was not asked for", coding)
    body, delimited = yield from _read_body(source, version, status, fields)
    reusable = delimited and _keeps_alive(version, fields) and not source.data
    return Response(status, body, reusable)


def read_fields() -> "Reading[Dict[bytes, bytes]]":
    """Read the answer to HEAD and return its header fields, with names in lower case. Raises Malformed or Truncated."""
    _, _, fields = yield from _read_head(_Source(b""))
    return fields


def read_tunnel_answer(data: bytes = b"") -> "Reading[int]":
    """Read a proxy's answer to CONNECT and return its status (RFC 9110, 9.3.6). The body of a refusal is not read."""
    source = _Source(data)
    _, status, _ = yield from _read_final_head(source)
    if 200 <= status < 300 and source.data:
        raise Malformed("the proxy sent data before the tunnel was used")
    return status


def _read_final_head(source: _Source) -> "Reading[Tuple[int, int, Dict[bytes, bytes]]]":
    """The head after those of interim responses."""
    for _ in range(MAX_INTERIM):
        version, status, fields = yield from _read_head(source)
        if status >= 200:
            return version, status, fields
        if status == 101:
            raise Malformed("the server switched protocols without being asked to")
    raise Malformed(f"more than {MAX_INTERIM} interim responses")


def _read_head(source: _Source) -> "Reading[Tuple[int, int, Dict[bytes, bytes]]]":
    left = MAX_HEAD_BYTES
    yield from source.beginning(b"HTTP/1.")
    line = yield from source.line(left)
    match = re.match(_STATUS, line)
    if match is None:
        raise Malformed("not an HTTP/1.1 status line: %s", line)
    fields: "Dict[bytes, bytes]" = {}
    while True:
        left -= len(line)
        line = yield from source.line(left)
        if line == b"\r\n":
            return int(match.group(1)), int(match.group(2)), fields
        _add_field(fields, line)


def _add_field(fields: "Dict[bytes, bytes]", line: bytes) -> None:
    match = re.match(_FIELD, line)
    if match is None:
        raise Malformed("not a header field: %s", line)
    name, value = match.group(1).lower(), match.group(2).strip(b" \t")
    if name in fields:
        if name == b"content-length" and fields[name] != value:
            raise Malformed("two different Content-Length fields")
        if name != b"content-length":
            value = fields[name] + b", " + value
    fields[name] = value


def _read_body(
    source: _Source, version: int, status: int, fields: "Dict[bytes, bytes]"
) -> "Reading[Tuple[bytes, bool]]":
    """The body, and whether its framing marks its end; otherwise the connection's end does (section 6.3)."""
    if status in (204, 304):
        return b"", True
    if b"transfer-encoding" in fields:
        if version == 0:
            raise Malformed("Transfer-Encoding in HTTP/1.0, which does not have it (section 6.1)")
        if b"content-length" in fields:
            raise Malformed("both Transfer-Encoding and Content-Length")
        if fields[b"transfer-encoding"].lower() != b"chunked":
            raise Malformed("unknown Transfer-Encoding %s", fields[b"transfer-encoding"])
        return (yield from _read_chunks(source)), True
    length = _length(fields)
    if length is None:
        return (yield from source.to_end(MAX_BODY_BYTES)), False
    return (yield from source.exactly(length)), True


def _length(fields: "Dict[bytes, bytes]") -> "Optional[int]":
    value = fields.get(b"content-length")
    if value is None:
        return None
    if re.match(rb"[0-9]{1,18}\Z", value) is None:
        raise Malformed("bad Content-Length %s", value)
    if int(value) > MAX_BODY_BYTES:
        raise Malformed(f"the body is larger than {MAX_BODY_BYTES} bytes")
    return int(value)


def _read_chunks(source: _Source) -> "Reading[bytes]":
    body = bytearray()
    while True:
        line = yield from source.line(MAX_LINE_BYTES)
        match = re.match(_CHUNK_SIZE, line)
        if match is None:
            raise Malformed("bad chunk size %s", line)
        size = int(match.group(1), 16)
        if len(body) + size > MAX_BODY_BYTES:
            raise Malformed(f"the body is larger than {MAX_BODY_BYTES} bytes")
        if size == 0:
            break
        body += yield from source.exactly(size)
        if (yield from source.exactly(2)) != b"\r\n":
            raise Malformed("a chunk does not end where its size says")
    yield from _read_trailer(source)
    return bytes(body)


def _read_trailer(source: _Source) -> "Reading[None]":
    left = MAX_HEAD_BYTES
    fields: "Dict[bytes, bytes]" = {}
    while True:
        line = yield from source.line(left)
        if line == b"\r\n":
            return
        left -= len(line)
        _add_field(fields, line)


def _keeps_alive(version: int, fields: "Dict[bytes, bytes]") -> bool:
    options = [option.strip(b" \t") for option in fields.get(b"connection", b"").lower().split(b",")]
    return b"close" not in options and (version == 1 or b"keep-alive" in options)
