"""The status codes with which the platform may answer an invocation. Pure.

https://cloud.tencent.com/document/product/583/42611
Some come as the result of an invocation. Others come as an error of the API: then the function was not started.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from tencentserverless.local.model import outcomes
from tencentserverless.local.model.api_errors import Refusal
from tencentserverless.local.model.invocation import Invocation, Outcome
from tencentserverless.local.processes.frames import TEXT_LIMIT_BYTES


class StatusCode(NamedTuple):
    """A status code of a failure.

    executed: what a caller can know: whether the handler ran, "no", "maybe" or "yes".
    outcome: returns the outcome of an invocation that fails so, or raises `Refusal`.
    """

    executed: str
    outcome: Callable[[Invocation], Outcome]


def _ended(executed: str, message: str, status_code: int) -> StatusCode:
    return StatusCode(executed, lambda invocation: outcomes.failure(invocation, status_code, message))


def _refused(status_code: int, code: str, message: str) -> StatusCode:
    def outcome(_: Invocation) -> Outcome:
        raise Refusal(code, message, status_code=status_code)

    return StatusCode("maybe" if code.startswith("InternalError") else "no", outcome)


_NOT_STARTED = partial(_ended, "no")
_MAYBE_STARTED = partial(_ended, "maybe")

STATUS_CODES: dict[int, StatusCode] = {
    400: _refused(400, "InvalidParameterValue.Param", "The event is not standard JSON."),
    401: _refused(401, "AuthFailure.TokenFailure", "The token does not belong to the SecretId."),
    402: _refused(402, "ResourceUnavailable.ServiceSuspended", "The service of the account is suspended."),
    404: _NOT_STARTED("The subnet of the function is not valid", 404),
    405: _MAYBE_STARTED("The container of the function has exited", 405),
    406: _refused(406, "InvalidParameter.RequestTooLarge", "The event is too large."),
    407: StatusCode("yes", lambda invocation: outcomes.too_large(invocation, TEXT_LIMIT_BYTES)),
    410: _refused(410, "ResourceUnavailable.InsufficientBalance", "The balance of the account is insufficient."),
    429: _NOT_STARTED("Too many instances were started in this region", 429),
    430: StatusCode("yes", lambda invocation: outcomes.raised(invocation, "")),
    432: StatusCode("no", outcomes.no_capacity),
    433: StatusCode("yes", outcomes.timed_out),
    434: StatusCode("yes", outcomes.memory_exceeded),
    435: _refused(435, "ResourceNotFound.FunctionName", "The function does not exist."),
    436: _refused(436, "InvalidParameterValue", "A parameter of the invocation is not valid."),
    437: _NOT_STARTED("The package or the handler of the function cannot be loaded", 437),
    438: _refused(438, "FailedOperation.FunctionStatusError", "The function cannot be invoked in its present state."),
    439: StatusCode("yes", outcomes.exited),
    441: _refused(441, "UnauthorizedOperation.CAM", "You are not allowed to invoke this function."),
    442: _refused(442, "ResourceNotFound.Qualifier", "The function has no such version or alias."),
    443: StatusCode("no", lambda invocation: outcomes.not_started(invocation, "the function does not start")),
    444: _NOT_STARTED("The image of the function cannot be pulled", 444),
    445: _NOT_STARTED("The container of the function cannot be started", 445),
    446: _NOT_STARTED("The web server of the function does not listen on port 9000", 446),
    447: _NOT_STARTED("Pulling the image of the function has timed out", 447),
    449: _NOT_STARTED("The region has no resources for the function", 449),
    450: StatusCode("no", outcomes.start_timed_out),
    499: _MAYBE_STARTED("The invocation was cancelled", 499),
    500: _refused(500, "InternalError", "An internal error has occurred."),
    532: _NOT_STARTED("The resources of the account are used up", 532),
}
