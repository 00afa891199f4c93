"""The bookkeeping of `map`: which event is sent next, and which results wait for their turn. No I/O."""

from tencentserverless import exception as errors
from tencentserverless._protocol.pace import Pace
from tencentserverless._settings.settings import whole_number

__tracebackhide__ = True  # from pytest: it shows the caller's frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterable, List, Optional, Tuple

WINDOW = 8  # so many times the concurrency may events be read ahead of the results that were handed out
_NO_CAPACITY = (429, 432)

# Failures that every event would meet: no such function, namespace or qualifier; credentials; settings; certificates.
# Before an AuthError is raised, the credentials have been asked for afresh.
_HOPELESS = (errors.NotFoundError, errors.AuthError, errors.SettingsError)
_HOPELESS_CODES = tuple("InvalidParameterValue." + name for name in ("FunctionName", "Namespace", "Qualifier"))
_NOT_SENT = (errors.SettingsError, errors.EventError, errors.ConnectError)
_NEVER_AGAIN = (errors.EventError, errors.ParameterError)  # the same event would be refused again


class Plan:
    """How events are invoked with: the arguments of `map`.

    retries: how often an event is sent again after a failure that says that the function did not run. If the function
        is idempotent, also after others.
    patience: for how many seconds an event is sent again while the platform has no room for it; None for no limit.
    """

    __slots__ = ("concurrency", "idempotent", "ordered", "patience", "retries", "return_exceptions")

    def __init__(
        self,
        concurrency: int,
        ordered: bool = True,
        return_exceptions: bool = False,
        retries: int = 0,
        idempotent: bool = False,
        patience: "Optional[float]" = None,
    ) -> None:
        self.concurrency = whole_number("concurrency", concurrency)
        self.ordered = ordered
        self.return_exceptions = return_exceptions
        self.retries = whole_number("retries", retries, least=0)
        self.idempotent = idempotent
        self.patience = patience

    def may_retry(self, failure: Exception) -> bool:
        """Whether `retries` is meant for a failure like this one."""
        if not isinstance(failure, errors.ServerlessError) or isinstance(failure, _NEVER_AGAIN):
            return False
        return failure.safe_to_retry or self.idempotent


class Pending:
    """An event that is being invoked with.

    since: when it was sent for the first time, or began one of its retries (monotonic). retries: those that are left.
    failure: the last one, if it is held to be sent again. invoke: the call that invokes with it, each time.
    """

    __slots__ = ("event", "failure", "index", "invoke", "retries", "since")

    def __init__(self, index: int, event: "Any", since: float, retries: int) -> None:
        self.event = event
        self.index = index
        self.since = since
        self.retries = retries
        self.failure: "Optional[Failed]" = None
        self.invoke: "Any" = None


class Failed:
    """The outcome of an event whose invocation raised."""

    __slots__ = ("error",)

    def __init__(self, error: Exception) -> None:
        self.error = error


class Fanout:
    """Turns events into outcomes, in the order of the events or as they finish, with bounded memory.

    A failure that every event would meet ends it: no further event is sent, and the failure is raised once. With
    `return_exceptions`, or without order, it comes after all outcomes. In order it comes at its own place, so that the
    outcomes before it line up with their events.
    """

    def __init__(self, events: "Iterable[Any]", plan: Plan) -> None:
        self.plan = plan
        self.pace = Pace(plan.concurrency)
        self._events = iter(events)
        self._window = plan.concurrency * WINDOW
        self._read = 0
        self._handed_out = 0
        self.in_flight = 0
        self._sent = 0
        self._held: "List[Pending]" = []  # to be sent again
        self._finished: "Dict[int, Any]" = {}
        self._is_exhausted = False
        self._has_given_up = False
        self._end: "Optional[Tuple[int, Exception]]" = None  # the failure that ended it, until it is raised
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
        return Pending(self._read - 1, event, now, self.plan.retries)

    def finish(self, pending: Pending, outcome: "Any", now: float) -> None:
        """Take the outcome of an event: a value, or `Failed`. An event that is to be sent again is held."""
        self.in_flight -= 1
        if type(outcome) is not Failed:
            self.pace.succeeded()
            self._settle(pending.index, outcome)
        elif _is_hopeless(outcome.error):
            self._give_up(pending.index, outcome)
        elif self._goes_again(pending, outcome.error, now):
            pending.failure = outcome
            self._held.append(pending)
        else:
            self._settle(pending.index, outcome)

    def _goes_again(self, pending: Pending, failure: Exception, now: float) -> bool:
        is_throttled = _is_throttled(failure)
        if is_throttled:
            self.pace.throttled(now)
        else:
            self.pace.succeeded()
        if self._has_given_up:
            return False
        if is_throttled and (self.plan.patience is None or now - pending.since < self.plan.patience):
            return True
        if not pending.retries or not self.plan.may_retry(failure):
            return False
        pending.retries -= 1
        pending.since = now
        return True

    def _settle(self, index: int, outcome: "Any") -> None:
        """Keep an outcome until it is handed out."""
        self._finished[index] = outcome
        if type(outcome) is not Failed or not isinstance(outcome.error, _NOT_SENT):
            self._sent += 1

    def _give_up(self, index: int, failed: Failed) -> None:
        """Send nothing more."""
        self._is_exhausted = self._has_given_up = True
        for pending in self._held:
            self._settle(pending.index, pending.failure)
        self._held.clear()
        self._settle(index, failed)
        if not self.plan.ordered and not self.plan.return_exceptions:
            del self._finished[index]
        if self._end is None or index < self._end[0]:
            self._end = index, failed.error

    def pop(self) -> "Optional[Tuple[int, Any]]":
        """The next (index, outcome) to hand out; None if it has not come yet."""
        while self._finished:
            index = self._handed_out if self.plan.ordered else next(iter(self._finished))
            if index not in self._finished:
                return None
            is_end = self._is_end(self._finished[index])
            if is_end and self.in_flight:
                return None  # how many were sent is not known yet
            self._handed_out += 1
            outcome = self._finished.pop(index)
            if not is_end:
                return index, outcome
            if self._end is not None:
                return index, Failed(self._take_end())
        return None

    def _is_end(self, outcome: "Any") -> bool:
        """Whether this outcome is the failure that ended it all, which is raised once, or another like it."""
        return type(outcome) is Failed and not self.plan.return_exceptions and _is_hopeless(outcome.error)

    def _take_end(self) -> Exception:
        assert self._end is not None
        (index, error), self._end = self._end, None
        error.index, error.sent = index, self._sent  # type: ignore[attr-defined]
        return error

    @property
    def is_read(self) -> bool:
        """Whether every event has been sent."""
        return self._is_exhausted and not self._held

    def is_over(self) -> bool:
        """Whether every outcome has been handed out. Raises what ended it, and the failure of the caller's iterator,
        once."""
        if not self._is_exhausted or self.in_flight or self._held or self._finished:
            return False
        if self._end is not None:
            raise self._take_end()
        broken, self._broken = self._broken, None
        if broken is not None:
            raise broken
        return True

    def pause(self, now: float) -> "Optional[float]":
        """Seconds until the next event may be sent, if only throttling delays it; else None."""
        left = self.pace.resume_at - now
        return left if left > 0 and (self._held or not self._is_exhausted) else None


def _is_hopeless(error: Exception) -> bool:
    """Whether every event would meet this failure."""
    if isinstance(error, errors.TransportError):
        return error._is_final
    return isinstance(error, _HOPELESS) or getattr(error, "code", None) in _HOPELESS_CODES


def _is_throttled(error: Exception) -> bool:
    """Whether the platform had no room, so that the function did not run."""
    if isinstance(error, errors.ThrottledError):
        return str(error.code).startswith("RequestLimitExceeded")
    return isinstance(error, errors.InvocationError) and error.status_code in _NO_CAPACITY
