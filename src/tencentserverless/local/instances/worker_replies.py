"""The meaning of a worker's answers, and the reasons for a missing answer. Pure."""

import math
from enum import Enum
from typing import Any

from tencentserverless.local.model import outcomes
from tencentserverless.local.model.api_errors import event_not_json
from tencentserverless.local.model.invocation import Invocation, Outcome
from tencentserverless.local.processes.frames import TEXT_LIMIT_BYTES, Frame, Kind

_MOST_BYTES = 1 << 50  # no process can hold more


class Ending(Enum):
    """The reason why a worker gave no answer."""

    TIME = "time"
    MEMORY = "memory"
    EXIT = "exit"
    UNREAD = "unread"  # the worker exited before it read the last frame


def answered_outcome(invocation: Invocation, frame: Frame) -> Outcome:
    """The outcome of a worker's answer to an event.

    Raises `Refusal` if the event is not JSON, ValueError if the frame is not an answer.
    """
    if frame.kind is Kind.RESULT:
        return Outcome(200, frame.body.decode("utf-8", "surrogatepass"))
    if frame.kind is Kind.RAISED:
        return outcomes.raised(invocation, frame.body.decode("utf-8", "surrogatepass"))
    if frame.kind is Kind.TOO_LARGE:
        return outcomes.too_large(invocation, TEXT_LIMIT_BYTES)
    if frame.kind is Kind.BAD_EVENT:
        raise event_not_json()
    raise ValueError(f"{frame.kind.name} is not an answer to an event")


def ended_outcome(invocation: Invocation, ending: Ending) -> Outcome:
    """The outcome if there is no answer."""
    how = {Ending.TIME: outcomes.timed_out, Ending.MEMORY: outcomes.memory_exceeded}
    return how.get(ending, outcomes.exited)(invocation)


def milliseconds(value: Any) -> float:
    """A time that a worker reports. Raises TypeError or ValueError if it is not a time."""
    try:
        number = float(value)
    except OverflowError as error:
        raise ValueError(str(error)) from None
    if not 0 <= number < math.inf:
        raise ValueError(value)
    return number


def peak_bytes(frame: Frame) -> int | None:
    """The peak of memory that a worker reports, None if it cannot measure it. Raises ValueError for a wrong value."""
    reported = frame.head.get("peak_bytes")
    if reported is not None and (type(reported) is not int or not 0 <= reported < _MOST_BYTES):
        raise ValueError(reported)
    return reported
