"""The frames between the endpoint and a worker. Pure. `worker/bootstrap.py` has the worker's side.

A frame is ``>BII`` (kind, bytes of the head, bytes of the body), then the head, then the body. The head is a JSON
object. The body is an event, a result or a traceback, in UTF-8; lone surrogates are encoded too. The endpoint parses
heads, but never bodies.
"""

import json
from collections.abc import Mapping
from enum import IntEnum
from struct import Struct
from typing import Any, NamedTuple

LAYOUT = Struct(">BII")
HEAD_LIMIT_BYTES = 64 * 1024
TEXT_LIMIT_BYTES = 6 * 1024 * 1024
READ_BYTES = 64 * 1024  # for a larger buffer the allocator would get memory from the kernel at each read


class Kind(IntEnum):
    """The kind of a frame. Kinds below 16 go to the worker. The kinds 22 to 24 come from its debugger."""

    SETTINGS = 1
    EVENT = 2
    READY = 16
    NOT_STARTED = 17
    RESULT = 18
    RAISED = 19
    BAD_EVENT = 20
    TOO_LARGE = 21
    PAUSED = 22
    RESUMED = 23
    LISTENS = 24
    NOT_SET_UP = 25


_KINDS = {int(kind): kind for kind in Kind}


class Frame(NamedTuple):
    kind: Kind
    head: dict[str, Any]
    body: bytes


class WireError(Exception):
    """The bytes are not a frame. A worker never sends such bytes, so the function itself has written to the channel."""


def encode(kind: Kind, head: dict[str, Any], body: bytes = b"") -> bytes:
    """The bytes of one frame, joined so that they can be sent with one system call."""
    text = json.dumps(head).encode()
    return b"".join((LAYOUT.pack(kind, len(text), len(body)), text, body))


def event_frame(request_id: str, event: bytes, changed: Mapping[str, str]) -> bytes:
    """The frame of an event. changed: variables of the worker's environment that have new values."""
    if changed:
        return encode(Kind.EVENT, {"request_id": request_id, "environment": dict(changed)}, event)
    head = b'{"request_id":"%b"}' % request_id.encode()  # an id of ours needs no escapes
    return b"".join((LAYOUT.pack(Kind.EVENT, len(head), len(event)), head, event))


class Decoder:
    """Splits a stream of bytes into frames. A frame is returned when all of its bytes have come."""

    def __init__(self, body_limit_bytes: int = TEXT_LIMIT_BYTES) -> None:
        self._body_limit_bytes = body_limit_bytes
        self._waiting = bytearray()

    def feed(self, data: bytes | bytearray) -> list[Frame]:
        """The frames that `data` completes. Raises `WireError`."""
        if self._waiting:
            self._waiting += data
            data = self._waiting
        begin, frames = 0, []
        while len(data) - begin >= LAYOUT.size:
            kind, head_bytes, body_bytes = LAYOUT.unpack_from(data, begin)
            self._check(kind, head_bytes, body_bytes)
            head, body = begin + LAYOUT.size, begin + LAYOUT.size + head_bytes
            if len(data) < body + body_bytes:
                break
            begin = body + body_bytes
            frames.append(Frame(_KINDS[kind], _parsed(bytes(data[head:body])), bytes(data[body:begin])))
        if begin < len(data) or self._waiting:
            self._waiting = bytearray(data[begin:]) if begin or not self._waiting else self._waiting
        return frames

    def _check(self, kind: int, head_bytes: int, body_bytes: int) -> None:
        if kind not in _KINDS or head_bytes > HEAD_LIMIT_BYTES or body_bytes > self._body_limit_bytes:
            raise WireError(f"not a frame: kind {kind}, {head_bytes} + {body_bytes} bytes")


def _parsed(head: bytes) -> dict[str, Any]:
    """The JSON object of a head."""
    try:
        value = json.loads(head.decode())
    except (ValueError, RecursionError) as error:
        raise WireError(f"not a head: {error}") from None
    if not isinstance(value, dict):
        raise WireError("not a head: not a JSON object")
    return value
