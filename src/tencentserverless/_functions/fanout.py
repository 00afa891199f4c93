"""The bookkeeping of `map`: which event is sent next, and which results wait for their turn. No I/O."""

from tencentserverless import exception as errors
from tencentserverless._protocol.pace import Pace

__tracebackhide__ = True  # from pytest: it shows the caller's frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterable, List, Optional, Tuple

WINDOW = 8  # so many times the concurrency may events be read ahead of the results that were handed out
_NO_CAPACITY = (429, 432)


class Pending:
    """An event that is being invoked with. `since` (monotonic) is when it was sent for the first time."""

    __slots__ = ("event", "index", "since")

    def __init__(self, index: int, event: "Any", since: float) -> None:
        self.index = index
        self.event = event
        self.since = since


class Failed:
    """The outcome of an event whose invocation raised."""

    __slots__ = ("error",)

    def __init__(self, error: Exception) -> None:
        self.error = error


class Fanout:
    """Turns events into outcomes, in the order of the events or as they finish, with bounded memory.

    patience: for how many seconds an event is sent again while the platform has no room for it; None for no limit.
    """

    def __init__(
        self, events: "Iterable[Any]", concurrency: int, ordered: bool, patience: "Optional[float]" = None
    ) -> None:
        if concurrency < 1:
            raise ValueError(f"concurrency is at least 1, not {concurrency!r}")
        self.pace = Pace(concurrency)
        self._events = iter(events)
        self._ordered = ordered
        self._patience = patience
        self._window = concurrency * WINDOW
        self._read = 0
        self._handed_out = 0
        self.in_flight = 0
        self._held: "List[Pending]" = []  # throttled, to be sent again
        self._finished: "Dict[int, Any]" = {}
        self._is_exhausted = False
        self._broken: "Optional[Exception]" = None

    def take(self, now: float) -> "Optional[Pending]":
        """The next event to invoke with; None if there is none, or none that may be sent now."""
        if not self.pace.allows(self.in_flight, now):
            return None
        pending = self._held.pop() if self._held else self._next_event(now)
        if pending is not None:
            self.in_flight += 1
        return pending

    def _next_event(self, now: float) -> "Optional[Pending]":
        if self._is_exhausted or self._read - self._handed_out >= self._window:
            return None
        try:
            event = next(self._events)
        except StopIteration:
            self._is_exhausted = True
            return None
        except Exception as failure:  # the caller's iterator failed: `is_over` raises it after all earlier outcomes
            self._is_exhausted, self._broken = True, failure
            return None
        self._read += 1
        return Pending(self._read - 1, event, now)

    def finish(self, pending: Pending, outcome: "Any", now: float) -> None:
        """Take the outcome of an event: a value, or `Failed`. A throttled event is held to be sent again."""
        self.in_flight -= 1
        if type(outcome) is Failed and _is_throttled(outcome.error):
            self.pace.throttled(now)
            if self._patience is None or now - pending.since < self._patience:
                self._held.append(pending)
                return
        else:
            self.pace.succeeded()
        self._finished[pending.index] = outcome

    def pop(self) -> "Optional[Tuple[int, Any]]":
        """The next (index, outcome) to hand out; None if it has not come yet."""
        if not self._finished:
            return None
        index = self._handed_out if self._ordered else next(iter(self._finished))
        if index not in self._finished:
            return None
        self._handed_out += 1
        return index, self._finished.pop(index)

    @property
    def is_read(self) -> bool:
        """Whether every event has been sent."""
        return self._is_exhausted and not self._held

    def is_over(self) -> bool:
        """Whether every outcome has been handed out. Raises the failure of the caller's iterator, once."""
        if not self._is_exhausted or self.in_flight or self._held or self._finished:
            return False
        broken, self._broken = self._broken, None
        if broken is not None:
            raise broken
        return True

    def pause(self, now: float) -> "Optional[float]":
        """Seconds until the next event may be sent, if only throttling delays it; else None."""
        left = self.pace.resume_at - now
        return left if left > 0 and (self._held or not self._is_exhausted) else None


def _is_throttled(error: Exception) -> bool:
    """Whether the platform had no room, so that the function did not run."""
    if isinstance(error, errors.ThrottledError):
        return str(error.code).startswith("RequestLimitExceeded")
    return isinstance(error, errors.InvocationError) and error.status_code in _NO_CAPACITY
