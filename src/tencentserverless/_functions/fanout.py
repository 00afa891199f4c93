"""The bookkeeping of `map`: which event is sent next, and which results wait for their turn. No I/O."""

from tencentserverless import exception as errors
from tencentserverless._functions.journal import digest_of
from tencentserverless._protocol.pace import Pace
from tencentserverless._settings.settings import whole_number
from tencentserverless._signals import pass_on

__tracebackhide__ = True  # from pytest: it shows the caller's frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Iterable, List, Optional, Tuple

    from tencentserverless._functions.journal import Journal

WINDOW = 8  # so many times the concurrency may events be read ahead of the results that were handed out
_NO_CAPACITY = (429, 432)

# Failures that every event would meet: no such function, namespace or qualifier; credentials; settings; certificates.
# Before an AuthError is raised, the credentials have been asked for afresh.
_HOPELESS = (errors.NotFoundError, errors.AuthError, errors.SettingsError)
_HOPELESS_CODES = tuple("InvalidParameterValue." + name for name in ("FunctionName", "Namespace", "Qualifier"))
_NOT_SENT = (errors.SettingsError, errors.EventError, errors.ConnectError)
_NEVER_AGAIN = (errors.EventError, errors.ParameterError)  # the same event would be refused again


class Plan:
    """How `map` sends events: its arguments.

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
    """An event that is under way, or is held to be sent again.

    since: when it was sent for the first time, or began one of its retries (monotonic). retries: those that are left.
    failure: the last one, if it is held. invoke: the call that sends it, each time.
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


class Recorder:
    """Keeps the outcomes of a fan-out in a journal, and hands out those of an earlier one.

    encode: an event to its JSON text. convert: the result of an invocation to what `map` hands out.
    """

    def __init__(
        self, journal: "Journal", encode: "Callable[[Any], str]", convert: "Callable[[Any], Any]", plan: Plan
    ) -> None:
        self.journal = journal
        self._encode = encode
        self._convert = convert
        self._may_run_twice = plan.idempotent

    def recalled(self, index: int, event: "Any") -> "Any":
        """The outcome of an event that was sent by an earlier `map`; None for one that is now noted as sent."""
        try:
            digest = digest_of(self._encode(event))
        except Exception as error:  # it cannot be sent; the failure says why
            pass_on(error)
            return None
        outcome = self.journal.recall(index, digest, self._may_run_twice)
        if outcome is None:
            self.journal.start(index, digest)
            return None
        return Failed(outcome) if isinstance(outcome, Exception) else self.converted(outcome)

    def finish(self, index: int, outcome: "Any") -> None:
        self.journal.finish(index, outcome.error if type(outcome) is Failed else outcome)

    def converted(self, outcome: "Any") -> "Any":
        if type(outcome) is Failed:
            return outcome
        try:
            return self._convert(outcome)
        except Exception as error:
            return Failed(error)


class Fanout:
    """Turns events into outcomes, in the order of the events or as they finish, with bounded memory.

    A failure that every event would meet ends it: no further event is sent, and the failure is raised once. With
    `return_exceptions`, or without order, it comes after all outcomes. In order it comes at its own place, so that the
    outcomes before it line up with their events.

    recorder: has the journal; None without one. Outcomes in the journal are handed out in the places of their events,
        which are not sent.
    """

    def __init__(self, events: "Iterable[Any]", plan: Plan, recorder: "Optional[Recorder]" = None) -> None:
        self.plan = plan
        self._recorder = recorder
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
        """The next event to send. None if there is none, or none may be sent now."""
        if not self.pace.allows(self.in_flight, now):
            return None
        pending = self._held.pop() if self._held else self._next_event(now)
        if pending is not None:
            self.in_flight += 1
        return pending

    def _next_event(self, now: float) -> "Optional[Pending]":
        while not self._is_exhausted and self._read - self._handed_out < self._window:
            try:
                event = next(self._events)
                outcome = None if self._recorder is None else self._recorder.recalled(self._read, event)
            except StopIteration:
                self._is_exhausted = True
                return None
            except Exception as failure:  # of the caller's iterator, or of the journal
                self._break(failure)
                return None
            self._read += 1
            if outcome is None:
                return Pending(self._read - 1, event, now, self.plan.retries)
            self._finished[self._read - 1] = outcome
        return None

    def _break(self, failure: Exception) -> None:
        """Send nothing more. `is_over` raises the failure after all outcomes of earlier events."""
        self._is_exhausted = True
        self._broken = self._broken or failure

    def finish(self, pending: Pending, outcome: "Any", now: float) -> None:
        """Take the outcome of an event: a value, or `Failed`. An event that is to be sent again is held."""
        self.in_flight -= 1
        if type(outcome) is not Failed:
            self.pace.succeeded()
            self._settle(pending.index, outcome)
        elif is_hopeless(outcome.error):
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
        """Keep an outcome until it is handed out, and in the journal for good."""
        if self._recorder is not None:
            try:
                self._recorder.finish(index, outcome)
            except Exception as failure:  # the disk is full, for one
                self._break(failure)
            outcome = self._recorder.converted(outcome)
        self._finished[index] = outcome
        self._count(outcome)

    def _count(self, outcome: "Any") -> None:
        if type(outcome) is not Failed or not isinstance(outcome.error, _NOT_SENT):
            self._sent += 1

    def _give_up(self, index: int, failed: Failed) -> None:
        """Send nothing more. The journal forgets the events that did not run, so that a later `map` sends them."""
        self._is_exhausted = self._has_given_up = True
        for pending in self._held:
            self._drop(pending.index, pending.failure)
        self._held.clear()
        self._drop(index, failed)
        if not self.plan.ordered and not self.plan.return_exceptions:
            del self._finished[index]
        if self._end is None or index < self._end[0]:
            self._end = index, failed.error

    def _drop(self, index: int, failed: "Any") -> None:
        """Keep the failure of an event that is not sent again because of the end."""
        recorder = self._recorder
        if recorder is None or getattr(failed.error, "executed", "maybe") != "no":
            self._settle(index, failed)
            return
        try:
            recorder.journal.withdraw(index)
        except Exception as failure:
            self._break(failure)
        self._finished[index] = failed
        self._count(failed)

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
        return type(outcome) is Failed and not self.plan.return_exceptions and is_hopeless(outcome.error)

    def _take_end(self) -> Exception:
        assert self._end is not None
        (index, error), self._end = self._end, None
        self.close()
        error.index, error.sent = index, self._sent  # type: ignore[attr-defined]
        return error

    @property
    def is_read(self) -> bool:
        """Whether every event has been sent."""
        return self._is_exhausted and not self._held

    def is_over(self) -> bool:
        """Whether every outcome has been handed out. Raises once what ended it, or what `_break` was given."""
        if not self._is_exhausted or self.in_flight or self._held or self._finished:
            return False
        if self._end is not None:
            raise self._take_end()
        broken, self._broken = self._broken, None
        if broken is not None:
            self.close()
            raise broken
        return True

    def close(self) -> None:
        """Let others use the journal."""
        if self._recorder is not None:
            self._recorder.journal.close()

    def pause(self, now: float) -> "Optional[float]":
        """Seconds until the next event may be sent, if only throttling delays it; else None."""
        left = self.pace.resume_at - now
        return left if left > 0 and (self._held or not self._is_exhausted) else None


def is_hopeless(error: Exception) -> bool:
    """Whether every event would meet this failure."""
    if isinstance(error, errors.TransportError):
        return error._is_final
    return isinstance(error, _HOPELESS) or getattr(error, "code", None) in _HOPELESS_CODES


def _is_throttled(error: Exception) -> bool:
    """Whether the platform had no room, so that the function did not run."""
    if isinstance(error, errors.ThrottledError):
        return str(error.code).startswith("RequestLimitExceeded")
    return isinstance(error, errors.InvocationError) and error.status_code in _NO_CAPACITY
