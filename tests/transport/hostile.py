"""What broken and malicious servers answer: bytes by name, and what has to come of them."""

import gzip
import json
import zlib

from tencentserverless import exception as errors
from tests.loopback import http, refusal, result
from tests.protocol.test_http1_hostile import MALFORMED

HELLO = json.dumps(result()).encode("ascii")


def head(status, *lines):
    return "\r\n".join(("HTTP/1.1 " + status,) + lines + ("",)).encode("latin-1")


def sized(body, status="200 OK", *lines):
    return head(status, f"Content-Length: {len(body)}", *lines) + b"\r\n" + body


def chunked(*chunks):
    """A chunked response; a chunk is bytes or (bytes, extension)."""
    wire = head("200 OK", "Transfer-Encoding: chunked") + b"\r\n"
    for chunk in chunks + (b"",):
        data, extension = chunk if isinstance(chunk, tuple) else (chunk, b"")
        wire += b"%x%b\r\n%b\r\n" % (len(data), extension, data)
    return wire


PAGE = b"<!DOCTYPE html><html><head><title>Bad gateway</title></head><body>nginx</body></html>"
STATUSES = (
    201,
    202,
    203,
    205,
    206,
    226,
    300,
    400,
    401,
    403,
    404,
    405,
    407,
    408,
    409,
    410,
    413,
    414,
    418,
    421,
    425,
    426,
)
STATUSES += (428, 429, 431, 451, 499, 500, 501, 502, 503, 504, 505, 507, 508, 511, 520, 522, 599)

NOT_THE_API = {f"page with {status}": sized(PAGE, f"{status} X") for status in STATUSES + (200,)}
NOT_THE_API.update({f"a result with {status}": sized(HELLO, f"{status} X") for status in STATUSES})
NOT_THE_API.update({f"nothing with {status}": sized(b"", f"{status} X") for status in (200, 204, 304, 503)})
NOT_THE_API.update(
    {
        "gzip": sized(gzip.compress(HELLO), "200 OK", "Content-Encoding: gzip"),
        "gzip that nobody announced": sized(gzip.compress(HELLO)),
        "deflate": sized(zlib.compress(HELLO), "200 OK", "Content-Encoding: deflate"),
        "a bomb": sized(gzip.compress(b"0" * 20000000), "200 OK", "Content-Encoding: gzip"),
        "UTF-16": sized(HELLO.decode("ascii").encode("utf-16")),
        "UTF-32": sized(HELLO.decode("ascii").encode("utf-32")),
        "a byte order mark": sized(b"\xef\xbb\xbf" + HELLO),
        "not UTF-8": sized(HELLO.replace(b"Hello", b"\xff\xfe\xc0\x80")),
        "NUL": sized(HELLO + b"\0"),
        "half a JSON text": sized(HELLO[:-10]),
        "two JSON texts": sized(HELLO + HELLO),
        "single quotes": sized(HELLO.replace(b'"', b"'")),
        "trailing comma": sized(HELLO[:-1] + b",}"),
        "a comment": sized(b"/* */" + HELLO),
        "JSONP": sized(b"f(" + HELLO + b")"),
        "SSE": sized(b"data: " + HELLO + b"\n\n"),
        "XML": sized(b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'),
        "deep lists": sized(b"[" * 1000000),
        "deep objects": sized(b'{"Response":' * 300000),
        "a number of a million digits": sized(b"9" * 1000000),
        "a control character in a text": sized(HELLO.replace(b"Hello", b"\x01")),
        "a wrong escape": sized(HELLO.replace(b"Hello", b"\\x41")),
    }
)
NOT_THE_API.update(
    {
        f"{status} to {place}": sized(b"", f"{status} Moved", "Location: " + place)
        for status in (301, 302, 303, 307, 308)
        for place in ("/", "//127.0.0.1:{port}/", "http://127.0.0.1:{port}/", "file:///etc/passwd")
    }
)

CUT_SHORT = {
    "nothing": b"",
    "one byte": b"H",
    "half a status line": b"HTTP/1.1 2",
    "half a head": head("200 OK", "Content-Length: 5"),
    "a head alone": sized(HELLO)[: -len(HELLO)],
    "half a body": sized(HELLO)[:-1],
    "a length beyond the end": head("200 OK", "Content-Length: 60000000") + b"\r\n" + HELLO,
    "interim alone": head("100 Continue") + b"\r\n",
    "half a chunk": chunked(HELLO)[:150],
    "no last chunk": chunked(HELLO)[:-5],
    "no end of the last chunk": chunked(HELLO)[:-2],
    "half a trailer": chunked(HELLO)[:-2] + b"X: y\r\n",
}

OTHER_PROTOCOLS = {
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/2 settings": b"\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x80\r\n",
    "TLS alert": b"\x15\x03\x01\x00\x02\x02\x28\r\n",
    "TLS server hello": b"\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03\r\n",
    "SSH banner": b"SSH-2.0-OpenSSH_9.6\r\n",
    "SMTP banner": b"220 mail ESMTP\r\n",
    "FTP banner": b"220 (vsFTPd 3.0.3)\r\n",
    "Redis error": b"-ERR unknown command 'POST'\r\n",
    "memcached error": b"ERROR\r\n",
    "MySQL greeting": b"\x4a\x00\x00\x00\x0a8.0.36\x00\r\n",
    "RTSP": b"RTSP/1.0 200 OK\r\n\r\n",
    "WebSocket frame": b"\x81\x05hello\r\n",
    "JSON without HTTP": HELLO + b"\r\n",
    "zeros": b"\0" * 100000,
    "0xff": b"\xff" * 100000,
    "line ends": b"\r\n" * 50000,
    "the answer twice mangled": sized(HELLO).replace(b"HTTP", b"HTTTP") * 2,
}
PROTOCOL_ERRORS = dict(OTHER_PROTOCOLS, **{"http1: " + name: wire for name, wire in MALFORMED.items()})

UNUSUAL = {
    "lower case": sized(HELLO).replace(b"Content-Length", b"content-length"),
    "upper case": sized(HELLO).replace(b"Content-Length", b"CONTENT-LENGTH"),
    "no reason": sized(HELLO, "200"),
    "a reason in Chinese": sized(HELLO).replace(b"OK", "\u597d".encode("utf-8")),
    "HTTP/1.0": sized(HELLO).replace(b"1.1", b"1.0"),
    "until the end": head("200 OK", "Connection: close") + b"\r\n" + HELLO,
    "HTTP/1.0 until the end": (head("200 OK") + b"\r\n" + HELLO).replace(b"1.1", b"1.0"),
    "the same length twice": sized(HELLO, "200 OK", f"Content-Length: {len(HELLO)}"),
    "100 first": head("100 Continue") + b"\r\n" + sized(HELLO),
    "103 first": head("103 Early Hints", "Link: </style.css>") + b"\r\n" + sized(HELLO),
    "fifteen interim responses": (head("102 Processing") + b"\r\n") * 15 + sized(HELLO),
    "a chunk a byte": chunked(*[HELLO[at : at + 1] for at in range(len(HELLO))]),
    "chunk extensions": chunked((HELLO, b";a=b;c")),
    "a trailer": chunked(HELLO)[:-2] + b"X: y\r\n\r\n",
    "a thousand fields": sized(HELLO, "200 OK", *[f"X-{number}: y" for number in range(1000)]),
    "a field of 60 KB": sized(HELLO, "200 OK", "X: " + "y" * 60000),
    "a cookie": sized(HELLO, "200 OK", "Set-Cookie: a=b"),
    "a location": sized(HELLO, "200 OK", "Location: http://127.0.0.1:{port}/"),
    "text/html": sized(HELLO, "200 OK", "Content-Type: text/html"),
    "a charset": sized(HELLO, "200 OK", "Content-Type: application/json; charset=utf-8"),
    "blanks around": sized(b" \r\n\t" + HELLO + b"\n"),
    "another answer behind": sized(HELLO) + sized(b"{}"),
    "garbage behind": sized(HELLO) + b"\0\xff" * 1000,
    "unknown fields": http(dict(result(), Extra={"a": [1]})),
    "the same key twice": sized(b'{"Response": 1, ' + HELLO[1:]),
}

WRONG = (None, True, False, 0, -1, 7, 2.5, 10**30, float("nan"), "", "text", "\ud800", "\0", [], [[]], {}, {"Code": []})
MEMBERS = ("Log", "RetMsg", "ErrMsg", "MemUsage", "Duration", "BillDuration", "FunctionRequestId", "InvokeResult")


def _fields():
    """Every field of an answer with a value of every wrong type: (name, wire, whether it must be a failure)."""
    for value in WRONG:
        for member in MEMBERS:
            failed = (member in ("ErrMsg", "InvokeResult") and bool(value)) or (
                member == "RetMsg" and not isinstance(value, (str, type(None)))
            )
            yield f"{member}: {value!r}", http(result(**{member: value})), failed
        answer = result()
        yield f"RequestId: {value!r}", http({"Response": dict(answer["Response"], RequestId=value)}), False
        yield f"Result: {value!r}", http({"Response": {"Result": value, "RequestId": "r"}}), type(value) is not dict
        yield f"Response: {value!r}", http({"Response": value}), True
        yield f"everything: {value!r}", http(value), True
        yield f"Error: {value!r}", http({"Response": dict(answer["Response"], Error=value)}), bool(value)
        yield f"Error alone: {value!r}", http({"Response": {"Error": value}}), True
        yield f"Code: {value!r}", http({"Response": {"Error": {"Code": value, "Message": "m"}}}), True
        yield f"Message: {value!r}", http(refusal("AuthFailure.SignatureExpire", value)), True
        told = json.dumps({"errorMessage": value, "statusCode": 430, "stackTrace": value, "errorCode": value})
        yield f"errorMessage and others: {value!r}", http(result(told, InvokeResult=1)), True
        told = json.dumps({"errorMessage": "m", "statusCode": value})
        yield f"statusCode: {value!r}", http(result(told, InvokeResult=1)), True


FIELDS = tuple(_fields())

# class of error, by category
MUST_FAIL = (
    ("not the API", NOT_THE_API, errors.ProtocolError),
    ("cut short", CUT_SHORT, errors.TransportError),
    ("not HTTP", PROTOCOL_ERRORS, errors.ProtocolError),
)
