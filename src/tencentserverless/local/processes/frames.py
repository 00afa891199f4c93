"""The frames between the endpoint and a worker. Pure; the other end is `bootstrap.py`.

A frame is ``>BII`` (kind, bytes of head, bytes of body), a head (a JSON object) and a body (an event, a result or a
traceback, UTF-8 in which lone surrogates pass). The endpoint parses heads and never bodies.
"""

import json
from collections.abc import Mapping
from enum import IntEnum
from struct import Struct
from typing import Any, NamedTuple

LAYOUT = Struct(">BII")
HEAD_LIMIT_BYTES = 64 * 1024
TEXT_LIMIT_BYTES = 6 * 1024 * 1024
READ_BYTES = 64 * 1024  # for more the allocator would ask the kernel for memory every time


class Kind(IntEnum):
    """What a frame says. Below 16: to the worker. From 22 on: of its debugger, where it has one."""

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


_KINDS = {int(kind): kind for kind in Kind}


class Frame(NamedTuple):
    kind: Kind
    head: dict[str, Any]
    body: bytes


class WireError(Exception):
    """The worker wrote what no worker writes: a function has got hold of the channel."""


def encode(kind: Kind, head: dict[str, Any], body: bytes = b"") -> bytes:
    """One frame, in one piece, so that it leaves in one write."""
    text = json.dumps(head).encode()
    return b"".join((LAYOUT.pack(kind, len(text), len(body)), text, body))


def event_frame(request_id: str, event: bytes, changed: Mapping[str, str]) -> bytes:
    """The frame of an event. changed: variables of the worker's environment that have new values."""
    if changed:
        return encode(Kind.EVENT, {"request_id": request_id, "environment": dict(changed)}, event)
    head = b'{"request_id":"%b"}' % request_id.encode()  # an id of ours needs no escapes
    return b"".join((LAYOUT.pack(Kind.EVENT, len(head), len(event)), head, event))


class Decoder:
    """Bytes in, as they come; frames out, when they are whole."""

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
    """The object that a head is."""
    try:
        value = json.loads(head.decode())
    except (ValueError, RecursionError) as error:
        raise WireError(f"not a head: {error}") from None
    if not isinstance(value, dict):
        raise WireError("not a head: no object")
    return value
