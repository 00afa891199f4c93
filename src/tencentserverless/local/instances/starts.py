"""Starts instances for waiting invocations, a few at the same time."""

import asyncio
import errno
import os
import time
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
from tencentserverless.local.processes.frames import Frame, Kind

SLOT_SECONDS = 1.0
STARTS_AT_ONCE = 2 * (os.cpu_count() or 1)
REPEAT_SECONDS = 60.0
# The system has no more descriptors, processes or memory for now.
SHORTAGES = frozenset((errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOMEM, errno.ENOBUFS))


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
    let_wait: is called if another instance is not possible now. The ticket is still waiting.
    """

    def __init__(
        self,
        launcher: Launcher,
        scheduler: Scheduler[Instance, Ticket],
        pool: Pool,
        code: CurrentCode,
        listener: Listener,
        hand_over: Callable[[Instance], None],
        let_wait: Callable[[Key, Ticket], None],
        notify: Callable[[str], None],
    ) -> None:
        self._launcher = launcher
        self._scheduler = scheduler
        self._pool = pool
        self._code = code
        self._listener = listener
        self._hand_over = hand_over
        self._let_wait = let_wait
        self._notify = notify
        self._notified: dict[str, float] = {}
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
        try:
            started = await self._load(key, cause)
        except Exception as error:  # noqa: BLE001  the waiting invocation gets the error
            if not isinstance(error, OSError):
                log_internal_error(error)
            self._has_failed(key, cause, error)
            return
        finally:
            self._scheduler.end_start(key)
        if started is None:
            return
        instance, answer = started
        if may_repeat and (answer is Ending.UNREAD or not self._has_code_for_next(instance)):
            self._pool.end(instance)
            self._repeat(key, cause)
        elif isinstance(answer, Frame) and answer.kind is Kind.READY and instance.alive:
            self._launcher.loaded(instance)
            self._hand_over(instance)
        else:
            self._fail_with(instance, cause, answer)

    async def _load(self, key: Key, cause: Ticket) -> tuple[Instance, Answer] | None:
        """Launch an instance, and let it load its function. None if no invocation waits for it any more.

        If this raises, the instance has been ended.
        """
        instance = loading = None
        try:
            async with self._slots:
                if not self._scheduler.has_tickets(key):
                    self._pool.release_one()
                    return None
                instance = await self._launched(key, cause.since)
                self._pool.add(instance)
                loading = asyncio.ensure_future(instance.start(cause.invocation))
                # Loading needs a processor, so starts take turns. But a function may wait for another start.
                await asyncio.wait((loading,), timeout=SLOT_SECONDS)
            answer = await loading
            if answer is Ending.UNREAD and instance.set_up_errno in SHORTAGES:
                raise OSError(instance.set_up_errno, instance.set_up_error)
        except Exception:
            if instance is None:
                self._pool.release_one()
            else:
                self._pool.end(instance)
            raise
        finally:
            if loading is not None:
                loading.cancel()
        return instance, answer

    async def _launched(self, key: Key, since: float) -> Instance:
        """Launch an instance. Idle ones make room for it if the system has too few descriptors or processes."""
        while True:
            try:
                return await self._launcher.launch(*await self._code.now(key, since), self._listener)
            except OSError as error:
                ending = self._pool.end_idle() if error.errno in SHORTAGES else None
                if ending is None:
                    raise
                await asyncio.wait((ending,))

    def _has_failed(self, key: Key, cause: Ticket, error: Exception) -> None:
        number = error.errno if isinstance(error, OSError) else None
        if number in SHORTAGES and self._pool.shrink():
            self._tell(f"there is no room for more instances: {os.strerror(number)}")
            self._let_wait(key, cause)
        else:
            self._tell(f"{cause.invocation.function.name}: the worker could not be started: {error}")
            self._fail(key, cause, lambda invocation: outcomes.not_set_up(invocation, str(error)))

    def _tell(self, notice: str) -> None:
        """Give a notice, the same one no more often than every `REPEAT_SECONDS`."""
        now = time.monotonic()
        recent = {text: at for text, at in self._notified.items() if now < at + REPEAT_SECONDS}
        if notice not in recent:
            recent[notice] = now
            self._notify(notice)
        self._notified = recent

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
        if answer is Ending.UNREAD:
            self._tell(f"{instance.function.name}: the worker could not be started: {instance.set_up_error}")
        failure = lambda invocation: instance.failed_start(invocation, answer)  # noqa: E731
        self._pool.end_then(instance, lambda: ticket.fail(failure))

    def _fail(self, key: Key, cause: Ticket, failure: Failure) -> None:
        ticket = self._scheduler.next_ticket(key, cause)
        if ticket is not None:
            ticket.fail(failure)
