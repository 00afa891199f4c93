"""Assigns invocations to instances."""

import asyncio
from collections.abc import Callable
from math import inf

from tencentserverless.local.eventloop.background import BackgroundTasks
from tencentserverless.local.eventloop.turn_batch import TurnBatch
from tencentserverless.local.instances.current_code import CurrentCode
from tencentserverless.local.instances.expiry import Expiry
from tencentserverless.local.instances.instance import Instance
from tencentserverless.local.instances.pool import Pool
from tencentserverless.local.instances.scheduler import Scheduler
from tencentserverless.local.instances.starts import Launcher, Starts
from tencentserverless.local.instances.ticket import Done, Ticket
from tencentserverless.local.model import outcomes
from tencentserverless.local.model.function import Function, Key
from tencentserverless.local.model.invocation import Invocation, Outcome

LATE_CHARACTERS = 1000


class Dispatcher:
    """Runs each invocation on a warm instance or on a new one. If neither is possible, it waits or is refused.

    launcher: creates instances.
    batch: its `began` is the time when the current turn of the event loop began.
    most_instances: the largest number of instances, of all functions together.
    idle_seconds: how long a warm instance is kept.
    queue_seconds: how long an invocation from outside waits when all instances are busy.
    """

    def __init__(
        self,
        launcher: Launcher,
        notify: Callable[[str], None],
        batch: TurnBatch,
        *,
        most_instances: int,
        idle_seconds: float,
        queue_seconds: float,
    ) -> None:
        self._notify = notify
        self._batch = batch
        self._queue_seconds = queue_seconds
        self._loop = asyncio.get_running_loop()
        self._stopped = False
        self._code = CurrentCode()
        self._scheduler: Scheduler[Instance, Ticket] = Scheduler(most_instances)
        self._pool = Pool(self._scheduler, idle_seconds, self._start_more, launcher.forget)
        self._starts = Starts(
            launcher, self._scheduler, self._pool, self._code, self, self._hand_over, self._let_wait, notify
        )
        self._expiry = Expiry(self._scheduler, self._refuse)
        self._checks = BackgroundTasks()

    def run(self, invocation: Invocation, done: Done) -> None:
        """Run one invocation as soon as an instance is free.

        done: is called once: with the outcome, with a `Refusal` if the event is not JSON, or with an internal error.
        """
        if self._stopped:
            done(_stopping(invocation))
            return
        function = invocation.function
        self._code.configure(function)
        ticket = Ticket(invocation, done, self._batch.began)
        if self._code.needs_check(function):
            self._checks.start(self._check_and_assign(function, ticket))
        else:
            self._assign(ticket)

    def end_all(self) -> None:
        """End all instances, without waiting for their processes. New ones may be started at once.

        Invocations that are running end with status 439, those that wait with 500.
        """
        self._fail_waiting()
        self._pool.end_all()

    async def stop(self) -> None:
        """Kill all instances. Invocations that are running end with status 439."""
        self._stopped = True
        await self._checks.stop()
        await self._starts.stop()
        self._expiry.stop()
        self._fail_waiting()
        await self._pool.stop()
        self._code.close()

    def _fail_waiting(self) -> None:
        for ticket in self._scheduler.tickets():
            self._scheduler.forget_ticket(ticket.invocation.function.key, ticket)
            ticket.fail(_stopping)

    # The methods of `Listener`, which instances call.

    def ended(self, instance: Instance, ticket: Ticket, outcome: Outcome | Exception) -> None:
        """Give the instance its next event first, then report the outcome. A dead instance is removed before that."""
        if not instance.alive:
            self._pool.end_then(instance, lambda: ticket.done(outcome))
            return
        try:
            self._release(instance)
        finally:
            ticket.done(outcome)

    def not_begun(self, instance: Instance, ticket: Ticket) -> None:
        self._pool.end(instance)
        if self._stopped:
            ticket.fail(_stopping)
        else:
            self._assign(ticket, first=True)

    def died(self, instance: Instance) -> None:
        self._pool.end(instance)

    async def _check_and_assign(self, function: Function, ticket: Ticket) -> None:
        try:
            await self._code.check(function)
        except asyncio.CancelledError:
            ticket.fail(_stopping)
            raise
        self._assign(ticket)

    def _assign(self, ticket: Ticket, *, first: bool = False) -> None:
        """Run an invocation on a warm instance, or let it wait. first: before those that wait already."""
        instance = self._idle_instance(ticket)
        if instance is not None:
            self._run_on(instance, ticket)
        else:
            self._wait(ticket, first=first)

    def _idle_instance(self, ticket: Ticket) -> Instance | None:
        """Take a warm instance that has loaded the present code. Instances with older code are ended."""
        while (instance := self._scheduler.take(ticket.invocation.function.key)) is not None:
            if instance.alive and self._code.is_loaded(instance, ticket):
                return instance
            self._pool.end(instance)
        return None

    def _run_on(self, instance: Instance, ticket: Ticket) -> None:
        late = instance.late_output()
        if late:
            self._notify(f"{instance.function.name}: printed between two events: {_end_of(late.rstrip())}")
        self._pool.wake()
        instance.invoke(ticket)

    def _wait(self, ticket: Ticket, *, first: bool) -> None:
        key, chained = ticket.invocation.function.key, ticket.is_chained
        if self._scheduler.needs_start(key):
            if self._scheduler.has_capacity(chained) and self._pool.claim(key):
                self._starts.begin(key, ticket)
            elif not self._may_wait(ticket):
                ticket.fail(outcomes.no_capacity)
                return
        self._scheduler.wait(key, ticket, first=first)

    def _may_wait(self, ticket: Ticket) -> bool:
        """Whether the ticket may wait for a busy instance. Sets its time. A chain could wait for itself: a deadlock."""
        if ticket.is_chained or not self._queue_seconds:
            return False
        ticket.until = self._loop.time() + self._queue_seconds
        self._expiry.watch(ticket)
        return True

    def _let_wait(self, key: Key, ticket: Ticket) -> None:
        """There is no room for the instance that was to be started for this ticket."""
        if ticket.until < inf:
            self._expiry.watch(ticket)
        elif self._scheduler.is_waiting(key, ticket) and not self._may_wait(ticket):
            self._refuse(ticket)

    def _refuse(self, ticket: Ticket) -> None:
        if self._scheduler.forget_ticket(ticket.invocation.function.key, ticket):
            ticket.fail(outcomes.no_capacity)

    def _release(self, instance: Instance) -> None:
        """Use a free instance again, unless newer code was saved before the next invocation came."""
        ticket = self._scheduler.first_ticket(instance.function.key)
        if ticket is not None and not self._code.is_loaded(instance, ticket):
            self._pool.end(instance)
        else:
            self._hand_over(instance)

    def _hand_over(self, instance: Instance) -> None:
        """Run the invocation that has waited longest on this instance, or keep the instance warm."""
        ticket = self._scheduler.next_ticket(instance.function.key)
        if ticket is not None:
            self._run_on(instance, ticket)
            return
        instance.idle_since = self._loop.time()
        self._scheduler.put_back(instance.function.key, instance)
        self._start_more()

    def _start_more(self) -> None:
        """Start instances for invocations that wait, while the limit allows it or an idle instance can be ended."""
        while not self._stopped and (key := self._scheduler.starved_function()) is not None and self._pool.claim(key):
            self._starts.begin(key, self._scheduler.last_started(key))


def _end_of(text: str) -> str:
    return text if len(text) <= LATE_CHARACTERS else f"{len(text)} characters, at the end: {text[-LATE_CHARACTERS:]}"


def _stopping(_: Invocation) -> Outcome:
    return outcomes.platform_failed("the local endpoint is stopping")
