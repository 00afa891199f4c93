"""An action of the API as a row: its name, its parameters, and what performs it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from tencentserverless.local.api.call import Call, PendingCall
from tencentserverless.local.api.parameters import Shape, checked
from tencentserverless.local.eventloop.background import BackgroundTasks
from tencentserverless.local.functions.catalog import Lookup
from tencentserverless.local.invocations.lifecycle import Invocations


@dataclass(frozen=True, slots=True)
class Services:
    """What handlers of actions work with."""

    catalog: Lookup
    invocations: Invocations
    background: BackgroundTasks


Handler = Callable[[Services, Call, PendingCall], None]


class Action(NamedTuple):
    """One action. declared: its parameters by name. required: those that may not be missing.

    handler: answers the call, now or later, or raises `Refusal`. The parameters of the call are checked by then.
    """

    name: str
    handler: Handler
    declared: dict[str, Shape]
    required: tuple[str, ...] = ()

    def perform(self, services: Services, call: Call, pending: PendingCall) -> None:
        """Check the parameters and have the call answered. Raises `Refusal`."""
        parameters = checked(call.parameters, self.declared, self.required)
        self.handler(services, call._replace(parameters=parameters), pending)
