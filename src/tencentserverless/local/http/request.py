"""An HTTP request, and the reply to it. Pure."""

from collections.abc import Mapping
from typing import NamedTuple

BODY_LIMIT_BYTES = 10 * 1024 * 1024


class Request(NamedTuple):
    """One HTTP request.

    query: not decoded, without the question mark.
    headers: by names in lower case.
    """

    method: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    path: str = "/"


class Spoiled(NamedTuple):
    """What a test does to a reply: it is late, and only this part of it is sent. Then the connection ends.

    If nothing is sent, the connection is reset.
    """

    silent_seconds: float = 0.0
    sent_part: float = 0.0


class Reply(NamedTuple):
    """The reply to a request. closing: whether the connection is closed after it."""

    body: bytes
    request_id: str = ""
    status: int = 200
    content_type: str = "application/json"
    closing: bool = False
    spoiled: Spoiled | None = None
