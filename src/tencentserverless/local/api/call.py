"""A call of the API, and the way to answer it."""

import os
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, NamedTuple

from tencentserverless.local.api import envelope
from tencentserverless.local.eventloop.failures import log_internal_error
from tencentserverless.local.http.request import Spoiled
from tencentserverless.local.model import api_errors
from tencentserverless.local.model.credentials import Credential

# Takes the request id, the body, and what a test does to the reply.
Answer = Callable[[str, bytes, Spoiled | None], object]


class Call(NamedTuple):
    """An authenticated request: a call of one action.

    parameters: those of the action.
    credential: the credential that signed the request, None if its id is unknown and accepted.
    sent_by: the id of the instance that sent the request, "" if no instance did or this is not known.
    """

    action: str
    region: str
    parameters: dict[str, Any]
    credential: Credential | None
    sent_by: str = ""


class PendingCall:
    """A call that has no answer yet. It gets exactly one.

    language: the language of error messages.
    spoiled: what a test does to the reply.
    answer: is called with the answer.
    with_hint: whether messages say more than those of the platform.
    """

    __slots__ = ("_answer", "_with_hint", "language", "request_id", "spoiled")

    def __init__(self, language: str, answer: Answer, *, with_hint: bool = True) -> None:
        self.request_id = new_request_id()
        self.language = language
        self.spoiled: Spoiled | None = None
        self._with_hint = with_hint
        self._answer = answer

    def answer(self, fields: Mapping[str, Any]) -> None:
        """Answer with a success that has these fields."""
        self._answer(self.request_id, envelope.answer(self.request_id, fields), self.spoiled)

    def fail(self, error: Exception) -> None:
        """Answer with `error` if it is a `Refusal`. Any other exception is logged and becomes an internal error."""
        if not isinstance(error, api_errors.Refusal):
            log_internal_error(error)
            error = api_errors.internal_error()
        body = envelope.refused(self.request_id, error, self.language, with_hint=self._with_hint)
        self._answer(self.request_id, body, self.spoiled)

    async def answer_with(self, work: Coroutine[Any, Any, Mapping[str, Any]]) -> None:
        """Answer with the fields that `work` returns, or with the error that it raises."""
        try:
            fields = await work
        except Exception as error:  # noqa: BLE001
            self.fail(error)
        else:
            self.answer(fields)


def new_request_id() -> str:
    """A random UUID, version 4, as text. `uuid.uuid4` makes the same in three times the time."""
    digits = os.urandom(16).hex()
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"
