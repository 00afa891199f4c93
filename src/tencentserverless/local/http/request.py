"""A request as the API sees it, and the answer to it. Pure."""

from collections.abc import Mapping
from typing import NamedTuple

BODY_LIMIT_BYTES = 10 * 1024 * 1024


class Request(NamedTuple):
    """One HTTP request. `query` as it came, without the question mark; the names of `headers` are in lower case."""

    method: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    path: str = "/"


class Reply(NamedTuple):
    """An answer. closing: whether the connection ends with it."""

    body: bytes
    request_id: str = ""
    status: int = 200
    content_type: str = "application/json"
    closing: bool = False
