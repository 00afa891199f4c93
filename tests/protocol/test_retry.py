"""The table of what is tried again, row by row."""

import pytest

from tencentserverless import exception as errors
from tencentserverless._protocol import retry

# The design's table: class, executed, and whether it is tried again (plainly, with idempotent=True).
TABLE = {
    "NO_CONNECTION": ("ConnectError", "no", True, True),
    "NO_TRUST": ("ConnectError", "no", False, False),
    "NO_WAIT": ("InvokeTimeoutError", "no", False, False),
    "NOT_TAKEN": ("TransportError", "no", True, True),
    "NO_TIME_TO_WRITE": ("InvokeTimeoutError", "no", False, False),
    "REFUSED_EARLY": ("ProtocolError", "no", False, False),
    "TIMED_OUT": ("InvokeTimeoutError", "maybe", False, False),
    "BROKEN": ("TransportError", "maybe", False, True),
    "GARBAGE": ("ProtocolError", "maybe", False, True),
    "NOT_API": ("ProtocolError", "maybe", False, True),
    "CLOCK": ("AuthError", "no", True, True),
    "BAD_KEYS": ("AuthError", "no", True, True),
    "THROTTLED": ("ThrottledError", "no", True, True),
    "REFUSED": ("APIError family", "no", False, False),
    "CLOUD_FAILED": ("APIError", "maybe", False, True),
    "TOO_LARGE": ("APIError", "maybe", False, False),
    "NO_CAPACITY": ("InvocationError", "no", True, True),
    "NOT_STARTED": ("InvocationError", "maybe", False, False),
    "NOT_LOADED": ("InvocationError", "no", False, False),
    "ENDED": ("FunctionError, InvocationError", "yes", False, False),
    "UNKNOWN": ("InvocationError", "maybe", False, False),
}


def delay(row, attempt=1, idempotent=False, clock_corrected=False):
    """The longest delay before the next attempt, None where there is none."""
    return retry.delay_before_next(row, attempt, idempotent, clock_corrected)


@pytest.mark.parametrize("name", sorted(TABLE))
def test_the_table(name):
    """Each row names the class, whether the handler ran, and is tried again exactly where the design says so."""
    row, (family, executed, plainly, idempotent) = getattr(retry, name), TABLE[name]
    assert (row.error, row.executed) == (family, executed)
    assert (delay(row) is not None, delay(row, idempotent=True) is not None) == (plainly, idempotent)
    assert repr(row) == f"Row({row.what!r})"


def test_the_table_is_whole():
    """The table has no other rows, names each event once, and names classes that there are."""
    assert {id(row) for row in retry.ROWS} == {id(getattr(retry, name)) for name in TABLE}
    assert len({row.what for row in retry.ROWS}) == len(retry.ROWS) == len(TABLE)
    for row in retry.ROWS:
        for name in row.error.replace(" family", "").split(", "):
            assert issubclass(getattr(errors, name), errors.ServerlessError)


@pytest.mark.parametrize("idempotent", [False, True])
def test_nothing_runs_twice(idempotent):
    """What may have run is tried again only with idempotent=True, and what did run never."""
    for row in retry.ROWS:
        if row.executed == "yes":
            assert delay(row, idempotent=idempotent) is None
        elif row.executed == "maybe" and delay(row, idempotent=idempotent) is not None:
            assert idempotent
            assert row.again == retry.IF_IDEMPOTENT


@pytest.mark.parametrize("name", sorted(TABLE))
def test_the_last_attempt(name):
    """After the third attempt there is none."""
    assert delay(getattr(retry, name), attempt=retry.ATTEMPTS, idempotent=True) is None
    assert retry.ATTEMPTS == 3


@pytest.mark.parametrize("name", ["NO_CONNECTION", "THROTTLED", "NO_CAPACITY"])
def test_delays_double(name):
    """The longest delay begins at half a second, doubles with each attempt, and stays below a limit."""
    row = getattr(retry, name)
    assert [delay(row, attempt) for attempt in (1, 2)] == [0.5, 1.0]
    assert delay(row, idempotent=True) == 0.5
    assert retry.LONGEST_DELAY == 8.0


@pytest.mark.parametrize("name", ["BROKEN", "GARBAGE", "NOT_API", "CLOUD_FAILED"])
def test_idempotent_invocations_wait_too(name):
    """What is tried again only with idempotent=True waits as the others do."""
    assert [delay(getattr(retry, name), attempt, idempotent=True) for attempt in (1, 2)] == [0.5, 1.0]


@pytest.mark.parametrize("name", ["NOT_TAKEN", "CLOCK", "BAD_KEYS"])
def test_what_is_tried_again_at_once(name):
    """A stale connection, a wrong clock and renewed keys cost no waiting."""
    assert [delay(getattr(retry, name), attempt) for attempt in (1, 2)] == [0.0, 0.0]


def test_the_clock_is_corrected_once():
    """A timestamp refused after the clock was corrected is not tried again."""
    assert delay(retry.CLOCK, attempt=2, clock_corrected=True, idempotent=True) is None


def test_the_impatient_are_told_at_once():
    """A fan-out, which slows down by itself, is told of throttling and of missing capacity at the first time."""
    for row in retry.ROWS:
        patient = retry.delay_before_next(row, 1, True, False, True)
        impatient = retry.delay_before_next(row, 1, True, False, False)
        assert impatient == (None if row in (retry.THROTTLED, retry.NO_CAPACITY) else patient)


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("AuthFailure.SignatureExpire", "CLOCK"),
        ("AuthFailure.SignatureFailure", "BAD_KEYS"),
        ("AuthFailure.SecretIdNotFound", "BAD_KEYS"),
        ("AuthFailure.TokenFailure", "BAD_KEYS"),
        ("AuthFailure", "BAD_KEYS"),
        ("AuthFailure.UnauthorizedOperation", "REFUSED"),
        ("UnauthorizedOperation.CAM", "REFUSED"),
        ("RequestLimitExceeded", "THROTTLED"),
        ("RequestLimitExceeded.GlobalRegionUinLimitExceeded", "THROTTLED"),
        ("LimitExceeded.Quota", "REFUSED"),
        ("InternalError", "CLOUD_FAILED"),
        ("InternalError.System", "CLOUD_FAILED"),
        ("FailedOperation.InvokeFunction", "CLOUD_FAILED"),
        ("ServiceUnavailable", "CLOUD_FAILED"),
        ("ServiceUnavailable.Busy", "CLOUD_FAILED"),
        ("FailedOperation", "CLOUD_FAILED"),
        ("ResponseSizeLimitExceeded", "TOO_LARGE"),
        ("FailedOperation.FunctionStatusError", "REFUSED"),
        ("ResourceNotFound.Function", "REFUSED"),
        ("InvalidParameterValue", "REFUSED"),
        ("Novelty", "REFUSED"),
        ("", "REFUSED"),
    ],
)
def test_rows_of_codes(code, name):
    """An API error code has this row."""
    assert retry.row_of_code(code) is getattr(retry, name)


def test_rows_of_statuses():
    """Every status code of the platform has its row; those that are not listed, and none at all, may have run."""
    named = {429: "NO_CAPACITY", 432: "NO_CAPACITY", 437: "NOT_LOADED"}
    named.update(dict.fromkeys((443, 444, 445, 446, 447, 450), "NOT_STARTED"))
    named.update(dict.fromkeys((430, 407, 433, 434, 439), "ENDED"))
    for status in range(400, 600):
        assert retry.row_of_status(status) is getattr(retry, named.get(status, "UNKNOWN")), status
    assert retry.row_of_status(None) is retry.UNKNOWN


def test_worse():
    """Two attempts together did what the worse of them did, in whatever order."""
    order = ("no", "maybe", "yes")
    for one, first in enumerate(order):
        for other, second in enumerate(order):
            assert retry.worse(first, second) == order[max(one, other)]
