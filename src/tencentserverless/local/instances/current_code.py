"""Whether a warm instance has loaded the code that an invocation is to run."""

import asyncio

from tencentserverless.local.functions.source_versions import SourceVersions
from tencentserverless.local.instances.instance import Instance
from tencentserverless.local.instances.ticket import Ticket
from tencentserverless.local.model.function import Function, Key


class CurrentCode:
    """The functions as they are configured now, and the versions of their code.

    Big folders are looked at on another thread, so that the event loop serves others meanwhile.
    """

    def __init__(self) -> None:
        self._versions = SourceVersions()
        self._functions: dict[Key, Function] = {}
        self._looks: dict[Key, asyncio.Task[int]] = {}

    def configure(self, function: Function) -> None:
        """From now on this is the function of its name."""
        self._functions[function.key] = function

    def needs_look(self, function: Function) -> bool:
        """Whether `look` is to be awaited before `is_loaded` is asked for this function."""
        return self._versions.is_slow(function)

    async def look(self, function: Function) -> int:
        """Look at the code on another thread. Returns its version."""
        look = self._looks.get(function.key)
        if look is None:
            look = asyncio.ensure_future(asyncio.to_thread(self._versions.of, function))
            self._looks[function.key] = look
            look.add_done_callback(lambda _: self._looks.pop(function.key))
        return await asyncio.shield(look)

    async def now(self, key: Key) -> tuple[Function, int]:
        """The function and the version of its code. Ask before the code is read: later changes are seen then."""
        function = self._functions[key]
        is_slow = self._versions.is_slow(function)
        return function, await self.look(function) if is_slow else self._versions.of(function)

    def is_loaded(self, instance: Instance, ticket: Ticket) -> bool:
        """Whether the instance has the code as it was when the ticket's invocation came."""
        function = self._functions[instance.function.key]
        if instance.function is not function:
            return False
        return instance.source_version == self._versions.known(function, ticket.since)
