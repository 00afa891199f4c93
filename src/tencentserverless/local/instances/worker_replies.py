"""What the answers of a worker mean, and why it gave none. Pure."""

import math
from enum import Enum
from typing import Any

from tencentserverless.local.model import outcomes
from tencentserverless.local.model.api_errors import event_not_json
from tencentserverless.local.model.invocation import Invocation, Outcome
from tencentserverless.local.processes.frames import TEXT_LIMIT_BYTES, Frame, Kind

_MOST_BYTES = 1 << 50  # that a process can hold


class Ending(Enum):
    """Why a worker gave no answer."""

    TIME = "time"
    MEMORY = "memory"
    EXIT = "exit"
    UNREAD = "unread"  # an exit before it had read what it was sent


def answered_outcome(invocation: Invocation, frame: Frame) -> Outcome:
    """What a worker's answer to an event means. Raises `Refusal` for no JSON, ValueError for what is no answer."""
    if frame.kind is Kind.RESULT:
        return Outcome(200, frame.body.decode("utf-8", "surrogatepass"))
    if frame.kind is Kind.RAISED:
        return outcomes.raised(invocation, frame.body.decode("utf-8", "surrogatepass"))
    if frame.kind is Kind.TOO_LARGE:
        return outcomes.too_large(invocation, TEXT_LIMIT_BYTES)
    if frame.kind is Kind.BAD_EVENT:
        raise event_not_json()
    raise ValueError(f"{frame.kind.name} is no answer to an event")


def ended_outcome(invocation: Invocation, ending: Ending) -> Outcome:
    """What it means that no answer comes."""
    how = {Ending.TIME: outcomes.timed_out, Ending.MEMORY: outcomes.memory_exceeded}
    return how.get(ending, outcomes.exited)(invocation)


def milliseconds(value: Any) -> float:
    """A time that a worker tells. Raises TypeError or ValueError for what is none."""
    try:
        number = float(value)
    except OverflowError as error:
        raise ValueError(str(error)) from None
    if not 0 <= number < math.inf:
        raise ValueError(value)
    return number


def peak_bytes(frame: Frame) -> int | None:
    """The peak of memory that a worker tells; None where it cannot know it. Raises ValueError for what is none."""
    told = frame.head.get("peak_bytes")
    if told is not None and (type(told) is not int or not 0 <= told < _MOST_BYTES):
        raise ValueError(told)
    return told
