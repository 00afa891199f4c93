"""Starts instances for waiting invocations, a few at the same time."""

import asyncio
import os
from collections.abc import Callable
from typing import Protocol

from tencentserverless.local.eventloop.background import BackgroundTasks
from tencentserverless.local.eventloop.failures import log_internal_error
from tencentserverless.local.instances.current_code import CurrentCode
from tencentserverless.local.instances.instance import Answer, Instance, Listener
from tencentserverless.local.instances.pool import Pool
from tencentserverless.local.instances.scheduler import Scheduler
from tencentserverless.local.instances.ticket import Failure, Ticket
from tencentserverless.local.instances.worker_replies import Ending
from tencentserverless.local.model import outcomes
from tencentserverless.local.model.function import Function, Key
from tencentserverless.local.model.invocation import Invocation, Outcome
from tencentserverless.local.processes.frames import Frame, Kind

SLOT_SECONDS = 1.0
STARTS_AT_ONCE = 2 * (os.cpu_count() or 1)


class Launcher(Protocol):
    """Creates instances."""

    async def launch(self, function: Function, source_version: int, listener: Listener) -> Instance:
        """Start the worker of a new instance, and return the instance. Raises OSError."""

    def loaded(self, instance: Instance) -> None:
        """Is called after an instance has loaded its function."""

    def forget(self, instance: Instance) -> None:
        """Is called after the processes of an instance have ended."""


class Starts:
    """Starts instances.

    listener: the listener of the instances.
    hand_over: is called with each instance that has loaded its function.
    """

    def __init__(
        self,
        launcher: Launcher,
        scheduler: Scheduler[Instance, Ticket],
        pool: Pool,
        code: CurrentCode,
        listener: Listener,
        hand_over: Callable[[Instance], None],
    ) -> None:
        self._launcher = launcher
        self._scheduler = scheduler
        self._pool = pool
        self._code = code
        self._listener = listener
        self._hand_over = hand_over
        self._slots = asyncio.Semaphore(STARTS_AT_ONCE)
        self._tasks = BackgroundTasks()

    def begin(self, key: Key, cause: Ticket) -> None:
        """Start an instance that has been claimed. The ticket that has waited longest gets it.

        cause: the ticket that needs the instance. Invocations at import time count as made by its invocation.
        """
        self._tasks.start(self._start(key, cause, may_repeat=True))

    async def stop(self) -> None:
        await self._tasks.stop()

    async def _start(self, key: Key, cause: Ticket, *, may_repeat: bool) -> None:
        """Start an instance. If its code is saved meanwhile, start another one.

        This happens only once, because a function may write to its own folder.
        """
        instance = loading = None
        try:
            async with self._slots:
                if not self._scheduler.has_tickets(key):
                    self._pool.release_one()
                    return
                instance = await self._launcher.launch(*await self._code.now(key, cause.since), self._listener)
                self._pool.add(instance)
                loading = asyncio.ensure_future(instance.start(cause.invocation))
                # Loading needs a processor, so starts take turns. But a function may wait for another start.
                await asyncio.wait((loading,), timeout=SLOT_SECONDS)
            answer = await loading
        except Exception as error:  # noqa: BLE001  the waiting invocation gets the error
            if not isinstance(error, OSError):
                log_internal_error(error)
            if instance is None:
                self._pool.release_one()
            else:
                self._pool.end(instance)
            self._fail(key, cause, _could_not_start(error))
            return
        finally:
            self._scheduler.end_start(key)
            if loading is not None:
                loading.cancel()
        if may_repeat and (answer is Ending.UNREAD or not self._has_code_for_next(instance)):
            self._pool.end(instance)
            self._repeat(key, cause)
        elif isinstance(answer, Frame) and answer.kind is Kind.READY and instance.alive:
            self._launcher.loaded(instance)
            self._hand_over(instance)
        else:
            self._fail_with(instance, cause, answer)

    def _repeat(self, key: Key, cause: Ticket) -> None:
        if self._pool.claim(key):
            self._tasks.start(self._start(key, cause, may_repeat=False))
        else:
            self._fail(key, cause, outcomes.no_capacity)

    def _has_code_for_next(self, instance: Instance) -> bool:
        ticket = self._scheduler.first_ticket(instance.function.key)
        return ticket is None or self._code.is_loaded(instance, ticket)

    def _fail_with(self, instance: Instance, cause: Ticket, answer: Answer) -> None:
        # The ticket is taken at once, so that no other instance starts for it.
        ticket = self._scheduler.next_ticket(instance.function.key, cause)
        if ticket is None:
            self._pool.end(instance)
            return
        failure = lambda invocation: instance.failed_start(invocation, answer)  # noqa: E731
        self._pool.end_then(instance, lambda: ticket.fail(failure))

    def _fail(self, key: Key, cause: Ticket, failure: Failure) -> None:
        ticket = self._scheduler.next_ticket(key, cause)
        if ticket is not None:
            ticket.fail(failure)


def _could_not_start(error: BaseException) -> Failure:
    def failure(_: Invocation) -> Outcome:
        return outcomes.platform_failed(f"the worker could not be started: {error}")

    return failure
