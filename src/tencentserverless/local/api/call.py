"""A request that is being served, and the way back to who made it."""

import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from tencentserverless.local.api import envelope
from tencentserverless.local.model import api_errors
from tencentserverless.local.model.credentials import Credential

Answer = Callable[[str, bytes], object]


class Asked:
    """answer: is called once, now or later, with the request id and the body. notify: is told of mistakes of ours."""

    __slots__ = ("_answer", "_notify", "language", "request_id")

    def __init__(self, language: str, answer: Answer, notify: Callable[[str], None]) -> None:
        self.request_id = new_request_id()
        self.language = language
        self._answer = answer
        self._notify = notify

    def answer(self, fields: Mapping[str, Any]) -> None:
        self._answer(self.request_id, envelope.answer(self.request_id, fields))

    def fail(self, error: Exception) -> None:
        """Answer with an error: the one of a `Refusal`, or that of the platform when it is to blame."""
        if not isinstance(error, api_errors.Refusal):
            self._notify(f"internal error: {error!r}")
            error = api_errors.internal_error()
        self._answer(self.request_id, envelope.refused(self.request_id, error, self.language))


def new_request_id() -> str:
    """A random UUID, version 4."""
    digits = next(_random_digits)
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


def _digits() -> Iterator[str]:
    """Thirty-two random hexadecimal digits, again and again, of which the system is not asked for each."""
    while True:
        digits = os.urandom(1024).hex()
        for begin in range(0, len(digits), 32):
            yield digits[begin : begin + 32]


_random_digits = _digits()


class Call(NamedTuple):
    """A request let in: the action, where, by whom, and its own parameters, nulls dropped."""

    action: str
    region: str
    language: str
    parameters: dict[str, Any]
    credential: Credential | None
