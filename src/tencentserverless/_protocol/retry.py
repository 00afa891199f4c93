"""Which failures are tried again, and whether the handler may have run when they happened.

One synchronous invocation never runs a function twice unless the caller said `idempotent=True`. The table below is
the whole policy; docs/errors.md is written from it.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional

ATTEMPTS = 3  # at most, the first one included
FIRST_DELAY = 0.5  # seconds; the real delay is drawn between 0 and this, and this doubles
LONGEST_DELAY = 8.0

NEVER = "no"
ALWAYS = "yes"
AT_ONCE = "yes, at once, on a new connection"
WITH_CLOCK = "once, with the clock corrected by the server's time"
WITH_NEW_KEYS = "if the credentials were renewed meanwhile, with the new ones"
IF_IDEMPOTENT = "only with idempotent=True"


class Row:
    """A row of the table.

    what: what happened; error: the class that is raised; executed: did the handler run; again: is it tried again.
    """

    __slots__ = ("what", "error", "executed", "again")

    def __init__(self, what: str, error: str, executed: str, again: str) -> None:
        self.what = what
        self.error = error
        self.executed = executed
        self.again = again

    def __repr__(self) -> str:
        return f"Row({self.what!r})"


NO_WAIT = Row("the deadline passed before there was a connection", "InvokeTimeoutError", "no", NEVER)
NO_CONNECTION = Row(
    "name not found, refused, connect or TLS time-out, proxy unreachable or refusing", "ConnectError", "no", ALWAYS
)
NO_TRUST = Row("certificate not trusted, proxy credentials refused", "ConnectError", "no", NEVER)
NOT_TAKEN = Row("the connection broke before the whole request was sent", "TransportError", "no", AT_ONCE)
NO_TIME_TO_WRITE = Row("the deadline passed before the whole request was sent", "InvokeTimeoutError", "no", NEVER)
REFUSED_EARLY = Row(
    "an answer that is not from the API, before the whole request was sent", "ProtocolError", "no", NEVER
)
TIMED_OUT = Row("whole request sent, then no answer until the deadline", "InvokeTimeoutError", "maybe", NEVER)
BROKEN = Row("whole request sent, then connection closed or reset", "TransportError", "maybe", IF_IDEMPOTENT)
GARBAGE = Row("whole request sent, then an answer that is not HTTP", "ProtocolError", "maybe", IF_IDEMPOTENT)
NOT_API = Row(
    "an HTTP answer that is not from the API (gateway page, 5xx, redirect)", "ProtocolError", "maybe", IF_IDEMPOTENT
)
CLOCK = Row("AuthFailure.SignatureExpire", "AuthError", "no", WITH_CLOCK)
BAD_KEYS = Row("other AuthFailure*", "AuthError", "no", WITH_NEW_KEYS)
THROTTLED = Row("RequestLimitExceeded*", "ThrottledError", "no", ALWAYS)
REFUSED = Row(
    "other API errors: permission, not found, parameters, quota, function state", "APIError family", "no", NEVER
)
CLOUD_FAILED = Row(
    "InternalError*, FailedOperation.InvokeFunction, ServiceUnavailable*", "APIError", "maybe", IF_IDEMPOTENT
)
TOO_LARGE = Row("ResponseSizeLimitExceeded (what the function returned)", "APIError", "maybe", NEVER)
NO_CAPACITY = Row("status 429, 432 (no capacity)", "InvocationError", "no", ALWAYS)
NOT_STARTED = Row(
    "status 443, 450, 444-447 (did not start; import code may have run)", "InvocationError", "maybe", NEVER
)
NOT_LOADED = Row(
    "status 437 (package or entry cannot be loaded); local endpoint: 500 (a worker cannot be started)",
    "InvocationError",
    "no",
    NEVER,
)
ENDED = Row("status 430, 407, 433, 434, 439", "FunctionError, InvocationError", "yes", NEVER)
UNKNOWN = Row("any other status of 400 or more", "InvocationError", "maybe", NEVER)

ROWS = (
    NO_CONNECTION,
    NO_TRUST,
    NO_WAIT,
    NOT_TAKEN,
    NO_TIME_TO_WRITE,
    REFUSED_EARLY,
    TIMED_OUT,
    BROKEN,
    GARBAGE,
    NOT_API,
    CLOCK,
    BAD_KEYS,
    THROTTLED,
    REFUSED,
    CLOUD_FAILED,
    TOO_LARGE,
    NO_CAPACITY,
    NOT_STARTED,
    NOT_LOADED,
    ENDED,
    UNKNOWN,
)

_BY_STATUS = {
    429: NO_CAPACITY,
    432: NO_CAPACITY,
    437: NOT_LOADED,
    443: NOT_STARTED,
    444: NOT_STARTED,
    445: NOT_STARTED,
    446: NOT_STARTED,
    447: NOT_STARTED,
    450: NOT_STARTED,
    407: ENDED,
    430: ENDED,
    433: ENDED,
    434: ENDED,
    439: ENDED,
}


_CLOUD_FAILED = ("InternalError", "FailedOperation.InvokeFunction", "ServiceUnavailable")


def row_of_code(code: str) -> Row:
    """The row of an API error code."""
    if code == "AuthFailure.SignatureExpire":
        return CLOCK
    if code.startswith("AuthFailure") and code != "AuthFailure.UnauthorizedOperation":
        return BAD_KEYS
    if code.startswith("RequestLimitExceeded"):
        return THROTTLED
    if code.startswith(_CLOUD_FAILED) or code == "FailedOperation":
        return CLOUD_FAILED
    return TOO_LARGE if code.startswith("ResponseSizeLimitExceeded") else REFUSED


def row_of_status(status: "Optional[int]") -> Row:
    """The row of a function status code (https://cloud.tencent.com/document/product/583/42611)."""
    return _BY_STATUS.get(status, UNKNOWN) if status is not None else UNKNOWN


def delay_before_next(
    row: Row, attempt: int, idempotent: bool, clock_corrected: bool, is_patient: bool = True
) -> "Optional[float]":
    """The longest time to wait, in seconds, before the attempt after this one; None if there is no further attempt."""
    if attempt >= ATTEMPTS:
        return None
    if row.again in (AT_ONCE, WITH_NEW_KEYS):
        return 0.0
    if row.again == WITH_CLOCK:
        return None if clock_corrected else 0.0
    if row in (THROTTLED, NO_CAPACITY) and not is_patient:
        return None
    if row.again == ALWAYS or (row.again == IF_IDEMPOTENT and idempotent):
        return min(FIRST_DELAY * float(2 ** (attempt - 1)), LONGEST_DELAY)
    return None


def worse(one: str, other: str) -> str:
    """Whether the handler ran in one of two attempts: the larger of "no" < "maybe" < "yes"."""
    order = ("no", "maybe", "yes")
    return max(one, other, key=order.index)
