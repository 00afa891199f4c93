"""Tells whether a warm instance has loaded the present code of its function."""

import asyncio

from tencentserverless.local.eventloop.in_thread import in_thread
from tencentserverless.local.functions.source_versions import SourceVersions
from tencentserverless.local.instances.instance import Instance
from tencentserverless.local.instances.ticket import Ticket
from tencentserverless.local.model.function import Function, Key

MOST_FUNCTIONS = 10_000


class CurrentCode:
    """The present configuration of functions, and the versions of their code.

    Big folders are read on another thread, so that the event loop is not blocked.
    """

    def __init__(self) -> None:
        self._versions = SourceVersions()
        self._functions: dict[Key, Function] = {}
        self._running: dict[Key, asyncio.Task[int]] = {}  # checks that have begun
        self._waiting: dict[Key, asyncio.Task[int]] = {}  # those that begin after them

    def configure(self, function: Function) -> None:
        """Use this configuration of the function from now on."""
        if self._functions.get(function.key) is function:
            return
        self._functions[function.key] = function
        if len(self._functions) > MOST_FUNCTIONS:
            del self._functions[next(iter(self._functions))]

    def needs_check(self, function: Function) -> bool:
        """Whether `check` must be awaited before `is_loaded` is called for this function."""
        return self._versions.is_slow(function)

    async def check(self, function: Function) -> int:
        """Check the code on another thread. Returns its version.

        Calls share a check that begins after them. One that has begun may have read a file before it was saved.
        """
        key = function.key
        check = self._waiting.get(key)
        if check is None:
            check = self._waiting[key] = asyncio.ensure_future(self._check(function, self._running.get(key)))
        return await asyncio.shield(check)

    async def _check(self, function: Function, before: "asyncio.Task[int] | None") -> int:
        if before is not None:
            await asyncio.wait((before,))
        key = function.key
        check = self._running[key] = self._waiting.pop(key)
        try:
            return await in_thread(self._versions.of_function, function)
        finally:
            if self._running.get(key) is check:
                del self._running[key]

    async def now(self, key: Key, since: float) -> tuple[Function, int]:
        """Return the function and the version of its code, as it was at `since` or later.

        Call this before the code is read: later changes count.
        """
        function = self._functions[key]
        if not self._versions.is_slow(function):
            return function, self._versions.of_function(function)
        if self._versions.is_known(function, since):
            return function, self._versions.known(function, since)
        return function, await self.check(function)

    def is_loaded(self, instance: Instance, ticket: Ticket) -> bool:
        """Whether the instance has the code as it was when the ticket's invocation came."""
        function = self._functions.get(instance.function.key)
        if function is None or instance.function is not function:
            return False
        return instance.source_version == self._versions.known(function, ticket.since)

    def close(self) -> None:
        """Stop watching folders."""
        self._versions.close()
