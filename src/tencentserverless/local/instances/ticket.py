"""Tickets: invocations that wait for an instance or run on one."""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

from tencentserverless.local.model import event_json
from tencentserverless.local.model.api_errors import Refusal
from tencentserverless.local.model.invocation import Invocation, Outcome

Done = Callable[["Outcome | Exception"], object]
Failure = Callable[[Invocation], Outcome]


@dataclass(slots=True, eq=False)
class Ticket:
    """An invocation that waits for an instance or runs on one. Times are monotonic seconds.

    done: is called once: with the outcome, a `Refusal`, or an internal error.
    since: the time when the invocation came, or a little later.
    until: the time when it is refused if it still waits.
    retried: whether a worker has ended before it began to run the invocation.
    """

    invocation: Invocation
    done: Done
    since: float
    until: float = inf
    retried: bool = False

    @property
    def is_chained(self) -> bool:
        """Whether a function waits for this invocation, so that an instance is busy meanwhile."""
        return bool(self.invocation.callers)

    def fail(self, failure: Failure) -> None:
        """Refuse the invocation. If its event is not JSON, that is the error, as on the platform."""
        try:
            event_json.check_event(self.invocation.event)
        except Refusal as refusal:
            self.done(refusal)
        else:
            self.done(failure(self.invocation))
