"""Tells whether a warm instance has loaded the present code of its function."""

import asyncio

from tencentserverless.local.eventloop.in_thread import in_thread
from tencentserverless.local.functions.source_versions import SourceVersions
from tencentserverless.local.instances.instance import Instance
from tencentserverless.local.instances.ticket import Ticket
from tencentserverless.local.model.function import Function, Key


class CurrentCode:
    """The present configuration of functions, and the versions of their code.

    Big folders are checked on another thread, so that the event loop is not blocked.
    """

    def __init__(self) -> None:
        self._versions = SourceVersions()
        self._functions: dict[Key, Function] = {}
        self._checks: dict[Key, asyncio.Task[int]] = {}

    def configure(self, function: Function) -> None:
        """Use this configuration of the function from now on."""
        self._functions[function.key] = function

    def needs_check(self, function: Function) -> bool:
        """Whether `check` must be awaited before `is_loaded` is called for this function."""
        return self._versions.is_slow(function)

    async def check(self, function: Function) -> int:
        """Check the code on another thread. Returns its version."""
        check = self._checks.get(function.key)
        if check is None:
            check = asyncio.ensure_future(in_thread(self._versions.of_function, function))
            self._checks[function.key] = check
            check.add_done_callback(lambda _: self._checks.pop(function.key))
        return await asyncio.shield(check)

    async def now(self, key: Key) -> tuple[Function, int]:
        """Return the function and the version of its code. Call this before the code is read: later changes count."""
        function = self._functions[key]
        is_slow = self._versions.is_slow(function)
        return function, await self.check(function) if is_slow else self._versions.of_function(function)

    def is_loaded(self, instance: Instance, ticket: Ticket) -> bool:
        """Whether the instance has the code as it was when the ticket's invocation came."""
        function = self._functions[instance.function.key]
        if instance.function is not function:
            return False
        return instance.source_version == self._versions.known(function, ticket.since)
