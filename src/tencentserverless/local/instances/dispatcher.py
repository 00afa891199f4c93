"""Brings invocations to instances."""

import asyncio
from collections.abc import Callable

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
from tencentserverless.local.model.function import Function
from tencentserverless.local.model.invocation import Invocation, Outcome


class Dispatcher:
    """Gives each invocation to a warm instance, has one started, lets it wait, or refuses it.

    launcher: makes instances. batch: tells since when the current turn of the event loop runs.
    most_instances: of all functions together. idle_seconds: how long a warm instance is kept. queue_seconds: how long
    an invocation from outside waits when there are as many instances as there may be.
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
        self._pool = Pool(self._scheduler, idle_seconds, self._start_what_waits, launcher.forget)
        self._starts = Starts(launcher, self._scheduler, self._pool, self._code, self, self._hand_over)
        self._expiry = Expiry(self._scheduler, self._refuse)
        self._looks = BackgroundTasks()

    def run(self, invocation: Invocation, done: Done) -> None:
        """One invocation, from waiting for an instance to its outcome.

        done: is called once, with the outcome, with a `Refusal` if the event is not JSON, or with a mistake of ours.
        """
        if self._stopped:
            done(_stopping(invocation))
            return
        function = invocation.function
        self._code.configure(function)
        ticket = Ticket(invocation, done, self._batch.began)
        if self._code.needs_look(function):
            self._looks.start(self._look_and_bring(function, ticket))
        else:
            self._bring(ticket)

    async def stop(self) -> None:
        """Kill everything. Invocations that run end as exited."""
        self._stopped = True
        await self._looks.stop()
        await self._starts.stop()
        self._expiry.stop()
        for ticket in self._scheduler.tickets():
            self._scheduler.forget_ticket(ticket.invocation.function.key, ticket)
            ticket.fail(_stopping)
        await self._pool.stop()

    # What becomes of instances: see `Listener`.

    def ended(self, instance: Instance, ticket: Ticket, outcome: Outcome | Exception) -> None:
        """The next event is handed over before the outcome is told. A dead instance is gone before that."""
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
            self._bring(ticket, first=True)

    def died(self, instance: Instance) -> None:
        self._pool.end(instance)

    async def _look_and_bring(self, function: Function, ticket: Ticket) -> None:
        try:
            await self._code.look(function)
        except asyncio.CancelledError:
            ticket.fail(_stopping)
            raise
        self._bring(ticket)

    def _bring(self, ticket: Ticket, *, first: bool = False) -> None:
        """Run it on a warm instance, or let it wait. first: before those that wait already."""
        instance = self._idle_instance(ticket)
        if instance is not None:
            self._run_on(instance, ticket)
        else:
            self._wait(ticket, first=first)

    def _idle_instance(self, ticket: Ticket) -> Instance | None:
        """A warm instance that has loaded the code as it is now. Those that have not are retired."""
        while (instance := self._scheduler.take(ticket.invocation.function.key)) is not None:
            if instance.alive and self._code.is_loaded(instance, ticket):
                return instance
            self._pool.end(instance)
        return None

    def _run_on(self, instance: Instance, ticket: Ticket) -> None:
        late = instance.late_output()
        if late:
            self._notify(f"{instance.function.name}: printed between two events: {late.rstrip()}")
        self._pool.wake()
        instance.invoke(ticket)

    def _wait(self, ticket: Ticket, *, first: bool) -> None:
        key, chained = ticket.invocation.function.key, ticket.is_chained
        if self._scheduler.needs_start(key):
            if self._scheduler.has_place(chained) and self._pool.claim(key):
                self._starts.begin(key, ticket)
            elif chained or not self._queue_seconds:  # a chain that waited could wait for itself
                ticket.fail(outcomes.no_capacity)
                return
            else:
                ticket.until = self._loop.time() + self._queue_seconds
                self._expiry.watch(ticket)
        self._scheduler.wait(key, ticket, first=first)

    def _refuse(self, ticket: Ticket) -> None:
        if self._scheduler.forget_ticket(ticket.invocation.function.key, ticket):
            ticket.fail(outcomes.no_capacity)

    def _release(self, instance: Instance) -> None:
        """An instance has become free. It is not used again if the next ticket came after newer code was saved."""
        ticket = self._scheduler.first_ticket(instance.function.key)
        if ticket is not None and not self._code.is_loaded(instance, ticket):
            self._pool.end(instance)
        else:
            self._hand_over(instance)

    def _hand_over(self, instance: Instance) -> None:
        """Give an instance to the ticket that has waited longest, or keep it warm."""
        ticket = self._scheduler.next_ticket(instance.function.key)
        if ticket is not None:
            self._run_on(instance, ticket)
            return
        instance.idle_since = self._loop.time()
        self._scheduler.put_back(instance.function.key, instance)
        self._start_what_waits()

    def _start_what_waits(self) -> None:
        """There is a place for another instance, or one may be made."""
        while not self._stopped and (key := self._scheduler.starved()) is not None and self._pool.claim(key):
            self._starts.begin(key, self._scheduler.last_started(key))


def _stopping(_: Invocation) -> Outcome:
    return outcomes.platform_failed("the local endpoint is being stopped")
