"""The heads of requests and replies."""

from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from time import time

from tencentserverless.local.http.request import Reply

KNOWN_BYTES = 64  # the longest name of a header that is remembered


def header_key(name: bytes) -> str:
    """The name of a header in lower case."""
    return name.decode("latin-1").lower()


known_key = lru_cache(maxsize=128)(header_key)  # for names of up to `KNOWN_BYTES`


def reply_head(reply: Reply, connection: str) -> bytes:
    """The head of a reply. connection: the value of the header of this name, "" for none."""
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
