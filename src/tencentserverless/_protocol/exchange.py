"""One invocation from its first attempt to its result or error, as a generator of effects.

It opens a connection, signs, writes, reads and deciphers, and decides by the retry table whether there is another
attempt. A transport, blocking or asyncio, drives it (see `effects`).
"""

import re

from tencentserverless import exception as errors
from tencentserverless._protocol import http1, retry
from tencentserverless._protocol.action import choose, fall_back, should_fall_back
from tencentserverless._protocol.effects import CLOSE, KEEP, READ, Fault, Open, Sleep, Write
from tencentserverless._protocol.request import signed_request

__tracebackhide__ = True  # from pytest: it shows the caller's frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Generator, Optional, Tuple, Type

    from tencentserverless._protocol.effects import Effect, Moment, Origin
    from tencentserverless._protocol.identity import Identity
    from tencentserverless._protocol.invoke import Invocation

    Failure = Tuple[errors.ServerlessError, retry.Row]

_FAILURES = (Fault, http1.Truncated, http1.Malformed, MemoryError, RecursionError)
SHORTEST_SECRET = 12  # characters of a key of the cloud's; it has more

# How a refused signature names Unix times: "server time ..." in English, in Chinese only as numbers among the words.
_SERVER_TIME = r"server time `?([0-9]{9,11})"
_TIMES = r"(?<![0-9])[0-9]{9,11}(?![0-9])"


def begin(invocation: "Invocation", moment: "Moment", clock: "Callable[[], float]") -> "Generator[Effect, Any, Any]":
    """The exchange of `invocation`; with its steps reported if it has a trace. `clock` is the monotonic clock."""
    steps = exchange(invocation, moment)
    if invocation.trace is None:
        return steps
    from tencentserverless._protocol.trace import traced

    return traced(steps, invocation, clock)


def break_off(steps: "Generator[Effect, Any, Any]", error: BaseException) -> None:
    """Raise `error` inside an exchange that does not end by itself: cancelled, for example. So its trace has an end."""
    try:
        if not isinstance(error, errors.ServerlessError):
            steps.throw(error)
    finally:
        del error  # its traceback refers to this frame: see `_signals.pass_on`


def exchange(invocation: "Invocation", moment: "Moment") -> "Generator[Effect, Any, Any]":
    """Perform `invocation`, beginning at `moment`. Returns what `invocation.decipher` returns, or raises a
    ServerlessError."""
    origin = invocation.origin
    deadline = None if invocation.timeout is None else moment.now + invocation.timeout
    attempt, fresh, clock_corrected = 1, False, False
    executed = "no"  # what all attempts so far say together
    action, body = choose(invocation, moment)
    while True:
        request = Write(signed_request(origin, invocation.region, action, body, moment, invocation.language))
        taken = False  # whether the whole request was sent: the kernel has taken its last byte
        try:
            yield Open(origin, deadline, fresh)
            try:
                yield request
                taken = True
                data = yield READ
            except Fault as fault:
                if taken or fault.deadline or fault.is_ours:
                    raise
                data = yield from _early_answer(fault)
            response = http1.common_response(data)
            if response is None:
                response = yield from http1.read_response(data)
            yield KEEP if taken and response.reusable else CLOSE
            outcome = invocation.decipher(response, invocation)
            if type(outcome) is tuple:
                outcome = _without_secrets(outcome, response, invocation, moment.identity)
        except _FAILURES as failed:
            outcome = _failure_of(failed, invocation, moment.identity, taken)
        if type(outcome) is not tuple:
            return outcome
        error, row = outcome
        invocation.named(error)
        data = b""  # a wrong server may have sent the request back, and a traceback with variables would show it
        if should_fall_back(action, invocation, error.code):
            action, body = fall_back(invocation, moment)
            continue  # not counted as an attempt: the platform refused the action, not the invocation
        if not taken and row.executed == "maybe":
            row = retry.REFUSED_EARLY  # a server cannot run what it has not received whole
        executed = error.executed = retry.worse(executed, row.executed)
        longest = retry.delay_before_next(row, attempt, invocation.idempotent, clock_corrected, invocation.is_patient)
        if row is retry.CLOCK and longest is not None:
            clock_corrected = _correct_clock(origin, error, moment)
            longest = longest if clock_corrected else None
        identity = moment.identity
        identity.clock_offset = origin.clock_offset
        if row is retry.BAD_KEYS:
            identity.is_refused = True
        if longest is None:
            raise error
        try:
            moment = yield Sleep(longest, deadline)
        except errors.ServerlessError as failure:  # no credentials for another attempt
            failure.executed = retry.worse(executed, failure.executed)
            invocation.named(failure)
            raise
        if deadline is not None and moment.now >= deadline:
            raise error
        if row is retry.BAD_KEYS and moment.identity == identity:
            raise error  # the same credentials would be refused again
        # A kept-alive connection that broke says that the others may be dead too, so make a new one.
        attempt, fresh = attempt + 1, row is retry.NOT_TAKEN


def _without_secrets(
    failure: "Failure", response: http1.Response, invocation: "Invocation", identity: "Identity"
) -> "Failure":
    """The same failure. The answer may be our request, sent back: the error quotes it, but not the token in it."""
    # Short keys, as people have them for local endpoints, are words of ordinary answers too.
    hidden = identity.hide(response.body, 1 if failure[1] is retry.NOT_API else SHORTEST_SECRET)
    if hidden == response.body:
        return failure
    response.body = hidden
    outcome = invocation.decipher(response, invocation)
    return outcome if type(outcome) is tuple else failure


def _early_answer(fault: Fault) -> "Generator[Effect, Any, bytes]":
    """The answer of a server that refused the request while it was being written. Raises `fault` if there is none."""
    try:
        data = yield READ
    except Fault:
        data = b""
    if not data:
        raise fault
    return data  # type: ignore[no-any-return]


def _failure_of(failed: Exception, invocation: "Invocation", identity: "Identity", taken: bool) -> "Failure":
    """The failure of an attempt. taken: whether the whole request was sent."""
    if isinstance(failed, Fault):
        return _faulted(failed, invocation, taken)
    if isinstance(failed, http1.Truncated):
        return _truncated(failed, invocation.origin, taken)
    if isinstance(failed, http1.Malformed):
        return _garbled(failed.told(identity.hide), invocation.origin)
    return _too_much(failed, invocation.origin, taken)


def _faulted(fault: Fault, invocation: "Invocation", taken: bool) -> "Failure":
    row = _row_of_fault(fault, taken)
    family = invocation.timeout_error if row.error == "InvokeTimeoutError" else getattr(errors, row.error)
    if fault.deadline:
        reason = f"the deadline of {invocation.timeout or 0:g} s passed ({fault.reason})"
    else:
        reason = fault.reason
    return _transport_error(family, fault.phase, reason, invocation.origin, row, fault.__cause__)


def _row_of_fault(fault: Fault, taken: bool) -> retry.Row:
    if taken:
        return retry.TIMED_OUT if fault.deadline else retry.BROKEN
    if fault.phase in ("write", "read"):
        return retry.NO_TIME_TO_WRITE if fault.deadline else retry.NOT_TAKEN
    if fault.deadline:
        return retry.NO_WAIT
    return retry.NO_TRUST if fault.final else retry.NO_CONNECTION


def _truncated(end: http1.Truncated, origin: "Origin", taken: bool) -> "Failure":
    if not taken:
        where = "before the whole request was sent"
    else:
        where = "in the middle of the answer" if end.received else "while waiting for the answer"
    reason = f"the connection ended {where}"
    row = retry.BROKEN if taken else retry.NOT_TAKEN
    return _transport_error(errors.TransportError, "read", reason, origin, row)


def _too_much(failed: Exception, origin: "Origin", taken: bool) -> "Failure":
    """The answer is too much for the memory or the stack of this program."""
    row = retry.BROKEN if taken else retry.NOT_TAKEN
    reason = f"{type(failed).__name__} while reading the answer"
    return _transport_error(errors.TransportError, "read", reason, origin, row, failed)


def _garbled(garbage: str, origin: "Origin") -> "Failure":
    reason = f"the answer cannot be read as HTTP/1.1: {garbage}"
    return _transport_error(errors.ProtocolError, "read", reason, origin, retry.GARBAGE)


def _transport_error(
    family: "Type[errors.TransportError]",
    phase: str,
    reason: str,
    origin: "Origin",
    row: retry.Row,
    cause: "Optional[BaseException]" = None,
) -> "Failure":
    error = family("ClientNetworkError", f"{origin!r}, {phase}: {reason}")
    error.phase = phase
    error.endpoint = repr(origin)
    error.executed = row.executed
    error._is_final = row is retry.NO_TRUST
    error.__cause__ = _without_frames(cause)
    return error, row


def _without_frames(cause: "Optional[BaseException]") -> "Optional[BaseException]":
    """The same exception. Its frames, and those of its own causes, wrote the request, so their variables have it."""
    link = cause
    while link is not None and link.__traceback__ is not None:
        link = link.with_traceback(None)
        link = link.__cause__ or link.__context__
    return cause


def _correct_clock(origin: "Origin", error: errors.ServerlessError, moment: "Moment") -> bool:
    """Set the clock offset of `origin` from the server's time in a refusal. False if the refusal names no time.

    The message names the request's time first and the server's time last.
    """
    message = str(error.message)
    times = re.findall(_SERVER_TIME, message) or re.findall(_TIMES, message)
    if not times:
        return False
    origin.clock_offset = float(times[-1]) - moment.wall
    return True
