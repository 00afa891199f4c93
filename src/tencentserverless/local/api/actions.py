"""An action of the API: its name, its parameters and its handler."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from tencentserverless.local.api.call import Call, PendingCall
from tencentserverless.local.api.parameters import Shape, checked
from tencentserverless.local.doubles.stubs import Stubs
from tencentserverless.local.eventloop.background import BackgroundTasks
from tencentserverless.local.invocations.lifecycle import Invocations
from tencentserverless.local.invocations.records import Records


@dataclass(frozen=True, slots=True)
class Services:
    """The parts of the endpoint that handlers of actions use."""

    catalog: Stubs
    invocations: Invocations
    records: Records
    background: BackgroundTasks


Handler = Callable[[Services, Call, PendingCall], None]


class Action(NamedTuple):
    """One action of the API.

    handler: answers the call, now or later, or raises `Refusal`. It gets checked parameters.
    declared: the shapes of the parameters, by name.
    required: the names of the parameters that must be given.
    """

    name: str
    handler: Handler
    declared: dict[str, Shape]
    required: tuple[str, ...] = ()

    def perform(self, services: Services, call: Call, pending: PendingCall) -> None:
        """Check the parameters, then call the handler. Raises `Refusal`."""
        parameters = checked(call.parameters, self.declared, self.required)
        self.handler(services, call._replace(parameters=parameters), pending)
