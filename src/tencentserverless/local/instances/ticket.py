"""An invocation on its way to an instance, and what becomes of it."""

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
    """done: is called once, with the outcome, a `Refusal`, or a mistake of ours.

    since: when it came, or a little later; until: when it is refused if it still waits (monotonic seconds). retried:
    whether a worker has ended that was to run it and had not begun.
    """

    invocation: Invocation
    done: Done
    since: float
    until: float = inf
    retried: bool = False

    @property
    def is_chained(self) -> bool:
        """Whether a function waits for it, which itself takes a place."""
        return bool(self.invocation.callers)

    def fail(self, failure: Failure) -> None:
        """It is not brought to an instance. The gateway looks at the event before it looks for one."""
        try:
            event_json.check_event(self.invocation.event)
        except Refusal as refusal:
            self.done(refusal)
        else:
            self.done(failure(self.invocation))
