"""One invocation from its first attempt to its result or error, as a generator of effects.

It opens, signs, writes, reads, deciphers, and decides by the retry table whether there is another attempt. It is
driven by a transport (see `effects`), blocking or asyncio, and knows of neither.
"""

import re

from tencentserverless import exception as errors
from tencentserverless._protocol import http1, retry
from tencentserverless._protocol.action import choose, gives_way, remember
from tencentserverless._protocol.effects import CLOSE, KEEP, READ, Fault, Open, Sleep, Write
from tencentserverless._protocol.request import signed_request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Generator, Optional, Tuple, Type

    from tencentserverless._protocol.effects import Effect, Moment, Origin
    from tencentserverless._protocol.invoke import Invocation

    Failure = Tuple[errors.ServerlessError, retry.Row]

_SERVER_TIME = r"server time `?([0-9]{9,11})"
_TIMES = r"(?<![0-9])[0-9]{9,11}(?![0-9])"


def begin(invocation: "Invocation", moment: "Moment", clock: "Callable[[], float]") -> "Generator[Effect, Any, Any]":
    """The exchange of `invocation`, watched where it has a trace; `clock` is the monotonic one."""
    steps = exchange(invocation, moment)
    if invocation.trace is None:
        return steps
    from tencentserverless._protocol.trace import traced

    return traced(steps, invocation, clock)


def exchange(invocation: "Invocation", moment: "Moment") -> "Generator[Effect, Any, Any]":
    """Perform `invocation`, beginning at `moment`. Returns what it deciphers; raises a ServerlessError."""
    origin = invocation.origin
    deadline = None if invocation.timeout is None else moment.now + invocation.timeout
    attempt, fresh, clock_corrected, executed = 1, False, False, "no"
    action, body = choose(invocation, moment)
    while True:
        request = signed_request(origin, invocation.region, action, body, moment)
        taken = False  # has the kernel taken the request's last byte?
        try:
            yield Open(origin, deadline, fresh)
            try:
                yield Write(request)
                taken = True
                data = yield READ
            except Fault as fault:
                if taken or fault.deadline:
                    raise
                data = yield from _early_answer(fault)
            response = http1.common_response(data)
            if response is None:
                response = yield from http1.read_response(data)
            yield KEEP if taken and response.reusable else CLOSE
            outcome = invocation.decipher(response, invocation)
        except Fault as fault:
            outcome = _faulted(fault, invocation, taken)
        except http1.Truncated as end:
            outcome = _truncated(end, origin, taken)
        except http1.Malformed as garbage:
            outcome = _garbled(garbage, origin)
        if type(outcome) is not tuple:
            return outcome
        error, row = outcome
        if gives_way(action, invocation, error.code):
            remember(invocation, moment)
            action, body = choose(invocation, moment)
            continue
        if not taken and row.executed == "maybe":
            row = retry.REFUSED_EARLY
        executed = error.executed = retry.worse(executed, row.executed)
        longest = retry.delay_before_next(row, attempt, invocation.idempotent, clock_corrected, invocation.is_patient)
        if row is retry.CLOCK and longest is not None:
            clock_corrected = _correct_clock(origin, error, moment)
            longest = longest if clock_corrected else None
        if longest is None:
            raise error
        identity = moment.identity
        try:
            moment = yield Sleep(longest, deadline)
        except errors.ServerlessError as failure:  # there are no credentials for another attempt
            failure.executed = retry.worse(executed, failure.executed)
            raise
        if deadline is not None and moment.now >= deadline:
            raise error
        if row is retry.BAD_KEYS and moment.identity == identity:
            raise error
        attempt, fresh = attempt + 1, row is retry.NOT_TAKEN


def _early_answer(fault: Fault) -> "Generator[Effect, Any, bytes]":
    """A server that refuses a request while it is being written may have said why before it hung up."""
    try:
        data = yield READ
    except Fault:
        data = b""
    if not data:
        raise fault
    return data  # type: ignore[no-any-return]


def _faulted(fault: Fault, invocation: "Invocation", taken: bool) -> "Failure":
    row = _row_of_fault(fault, taken)
    family = getattr(errors, row.error)  # type: Type[errors.TransportError]
    if fault.deadline:
        reason = "the deadline of %g s passed (%s)" % (invocation.timeout or 0, fault.reason)
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
    reason = "the connection ended %s" % ("in the middle of the answer" if end.received else "without an answer")
    row = retry.BROKEN if taken else retry.NOT_TAKEN
    return _transport_error(errors.TransportError, "read", reason, origin, row)


def _garbled(garbage: http1.Malformed, origin: "Origin") -> "Failure":
    reason = "the answer is not HTTP/1.1: %s" % garbage
    return _transport_error(errors.ProtocolError, "read", reason, origin, retry.GARBAGE)


def _transport_error(
    family: "Type[errors.TransportError]",
    phase: str,
    reason: str,
    origin: "Origin",
    row: retry.Row,
    cause: "Optional[BaseException]" = None,
) -> "Failure":
    error = family("ClientNetworkError", "%r, %s: %s" % (origin, phase, reason))
    error.phase = phase
    error.executed = row.executed
    error.__cause__ = cause
    return error, row


def _correct_clock(origin: "Origin", error: errors.ServerlessError, moment: "Moment") -> bool:
    """Learn from a refusal how far the server's clock is from ours; False where it did not say.

    It names the request's time first, then its own, in the language that was asked for.
    """
    message = str(error.message)
    told = re.findall(_SERVER_TIME, message) or re.findall(_TIMES, message)
    if not told:
        return False
    origin.clock_offset = float(told[-1]) - moment.wall
    return True
