"""Whether a warm instance has loaded the code that an invocation is to run."""

from tencentserverless.local.functions.source_versions import SourceVersions
from tencentserverless.local.instances.instance import Instance
from tencentserverless.local.instances.ticket import Ticket
from tencentserverless.local.model.function import Function, Key


class CurrentCode:
    """The functions as they are configured now, and the versions of their code."""

    def __init__(self) -> None:
        self._versions = SourceVersions()
        self._functions: dict[Key, Function] = {}

    def configure(self, function: Function) -> None:
        """From now on this is the function of its name."""
        self._functions[function.key] = function

    def now(self, key: Key) -> tuple[Function, int]:
        """The function and the version of its code. Ask before the code is read: later changes are seen then."""
        function = self._functions[key]
        return function, self._versions.of(function)

    def is_loaded(self, instance: Instance, ticket: Ticket) -> bool:
        """Whether the instance has the code as it was when the ticket's invocation came."""
        function = self._functions[instance.function.key]
        if instance.function is not function:
            return False
        return instance.source_version == self._versions.of(function, ticket.since)
