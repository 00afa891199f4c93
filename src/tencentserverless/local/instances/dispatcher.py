"""Brings invocations to instances: starts, reuses, retires and kills them."""

import asyncio
import os
from collections.abc import Callable, Coroutine
from math import inf
from typing import Any

from tencentserverless.local.eventloop.background import Tasks
from tencentserverless.local.eventloop.turn_batch import Batch
from tencentserverless.local.functions.source_versions import Sources
from tencentserverless.local.instances.instance import Instance
from tencentserverless.local.instances.scheduler import Scheduler
from tencentserverless.local.instances.ticket import Done, Failure, Ticket
from tencentserverless.local.instances.watch import Watch, retire
from tencentserverless.local.instances.worker_replies import Ending
from tencentserverless.local.model import outcomes
from tencentserverless.local.model.function import Function, Key
from tencentserverless.local.model.invocation import Invocation, Outcome
from tencentserverless.local.processes.frames import Frame, Kind
from tencentserverless.local.processes.worker_handle import Worker

SLOT_SECONDS = 1.0
REFUSAL_SECONDS = 0.5
GONE_SECONDS = 5.0
STARTS_AT_ONCE = 2 * (os.cpu_count() or 1)
PATIENCE_SECONDS = 0.01  # with an event before those behind it are taken back

Launch = Callable[[Function, int], Coroutine[Any, Any, Instance]]


class Dispatcher:
    """launch: makes a new instance, its worker running. on_end: hears of every instance's end."""

    def __init__(
        self,
        launch: Launch,
        on_end: Callable[[Instance], None],
        notify: Callable[[str], None],
        batch: Batch,
        *,
        most_instances: int,
        idle_seconds: float,
        queue_seconds: float,
    ) -> None:
        self._launch = launch
        self._on_end = on_end
        self._notify = notify
        self._queue_seconds = queue_seconds
        self._scheduler: Scheduler[Instance, Ticket] = Scheduler(most_instances)
        self._sources, self._batch = Sources(), batch
        self._loop = asyncio.get_running_loop()
        self._starts = asyncio.Semaphore(STARTS_AT_ONCE)
        self._live: set[Instance] = set()
        self._tasks, self._ends = Tasks(notify), Tasks(notify)
        self._ending: dict[Instance, asyncio.Task[None]] = {}
        self._watch = Watch(self._live)
        self._stopped = False
        self._current: dict[Key, Function] = {}  # as it is configured now
        self._refusing: asyncio.TimerHandle | None = None
        self._minding: asyncio.TimerHandle | None = None
        self._tasks.start(self._watch.run())
        self._tasks.start(retire(self._scheduler.idle, idle_seconds, self._end))

    def run(self, invocation: Invocation, done: Done) -> None:
        """One invocation, from waiting for an instance to its outcome, or `Refusal` where the event is no JSON.

        `done` is called once, with what came of it or with a mistake of ours.
        """
        if self._stopped:
            done(_stopping(invocation))
            return
        self._current[invocation.function.key] = invocation.function
        ticket = Ticket(invocation, done, self._batch.began)
        instance = self._idle_instance(ticket)
        if instance is not None:
            self._run_on(instance, ticket)
        else:
            self._wait(ticket)

    async def stop(self) -> None:
        """Kill everything. Invocations that run end as exited."""
        self._stopped = True
        await self._tasks.stop()
        for timer in filter(None, (self._refusing, self._minding)):
            timer.cancel()
        for ticket in self._scheduler.tickets():
            self._scheduler.forget_ticket(ticket.invocation.function.key, ticket)
            ticket.fail(_stopping)
        for instance in self._live:
            instance.alive = False
        await Worker.end([instance.worker for instance in self._live])  # one look at the process table for all
        for instance in list(self._live):
            self._end(instance)
        await asyncio.gather(*self._ending.values(), return_exceptions=True)

    def _run_on(self, instance: Instance, ticket: Ticket) -> None:
        late = instance.late_output()
        if late:
            self._notify(f"{instance.function.name}: printed between two events: {late.rstrip()}")
        self._watch.wake()
        instance.invoke(ticket)

    def _ran(self, instance: Instance, ticket: Ticket, outcome: Outcome | Exception) -> None:
        """The instance has something to do again before anybody is told; or its processes are gone before that."""
        if not instance.alive:
            self._once_over(instance, lambda: ticket.done(outcome))
            return
        try:
            if instance.is_free:
                self._release(instance)
            else:
                self._hand_ahead(instance)
        finally:
            ticket.done(outcome)

    def _hand_ahead(self, instance: Instance) -> None:
        """Hand the next ones to an instance that will be free soon. Not those of chains: who waits for them holds a
        place, too."""
        key = instance.function.key
        while (
            self._queue_seconds and instance.takes_ahead and (ticket := self._scheduler.first_ticket(key)) is not None
        ):
            if ticket.is_chained or not self._is_up_to_date(instance, ticket) or not instance.hand_ahead(ticket):
                return
            self._scheduler.next_ticket(key)
            if self._minding is None:
                self._minding = self._loop.call_later(PATIENCE_SECONDS, self._mind_slow_ones)

    def _mind_slow_ones(self) -> None:
        """Nobody waits behind an event that takes long."""
        self._minding = None
        latest = self._loop.time() - PATIENCE_SECONDS
        with_ahead = [instance for instance in self._live if instance.has_ahead]
        if with_ahead:
            self._minding = self._loop.call_later(PATIENCE_SECONDS, self._mind_slow_ones)
        for instance in with_ahead:
            if instance.running_since <= latest:
                instance.give_back()

    def _returned(self, instance: Instance, tickets: list[Ticket]) -> None:
        """These wait again, before those that came after them."""
        for returned in reversed(tickets):
            self._wait_again(returned)
        if not instance.alive:
            self._end(instance)
        elif instance.is_free:
            self._release(instance)
        key = instance.function.key
        while (ticket := self._scheduler.first_ticket(key)) and (idle := self._idle_instance(ticket)):
            self._scheduler.next_ticket(key)
            self._run_on(idle, ticket)
        self._start_what_waits()
        for returned in tickets:
            if returned.is_chained and not self._scheduler.has_start(key, returned):
                self._refuse(returned)

    def _refuse(self, ticket: Ticket) -> None:
        if self._scheduler.forget_ticket(ticket.invocation.function.key, ticket):
            ticket.fail(outcomes.no_capacity)

    def _wait_again(self, ticket: Ticket) -> None:
        if self._stopped:
            ticket.fail(_stopping)
            return
        if ticket.until == inf:
            ticket.until = self._loop.time() + self._queue_seconds
        self._scheduler.wait(ticket.invocation.function.key, ticket, first=True)
        self._refuse_at(ticket.until)

    def _idle_instance(self, ticket: Ticket) -> Instance | None:
        """A warm instance that has loaded the code as it is now; those that have not are retired."""
        while (instance := self._scheduler.take(ticket.invocation.function.key)) is not None:
            if instance.alive and self._is_up_to_date(instance, ticket):
                return instance
            self._end(instance)
        return None

    def _wait(self, ticket: Ticket) -> None:
        key, chained = ticket.invocation.function.key, ticket.is_chained
        if self._scheduler.needs_start(key):
            if self._scheduler.has_place(chained) and self._has_claimed(key):
                self._tasks.start(self._start(key, ticket))
            elif chained or not self._queue_seconds:  # a chain that waited would wait for itself
                ticket.fail(outcomes.no_capacity)
                return
            else:
                ticket.until = self._loop.time() + self._queue_seconds
                self._refuse_at(ticket.until)
        self._scheduler.wait(key, ticket)

    def _refuse_at(self, when: float) -> None:
        """One timer for all, for who is refused first."""
        if self._refusing is not None:
            if self._refusing.when() <= when:
                return
            self._refusing.cancel()
        self._refusing = self._loop.call_at(when, self._refuse_late_ones, when)

    def _refuse_late_ones(self, now: float) -> None:
        """Those have waited long enough, unless an instance is being started for them."""
        self._refusing = None
        for ticket in self._scheduler.tickets():
            key = ticket.invocation.function.key
            if ticket.until > now:
                continue
            if self._scheduler.has_start(key, ticket):
                ticket.until = now + REFUSAL_SECONDS
            else:
                self._refuse(ticket)
        first = min((ticket.until for ticket in self._scheduler.tickets()), default=inf)
        if first < inf:
            self._refuse_at(first)

    def _has_claimed(self, key: Key) -> bool:
        return self._scheduler.claim(key) or self._make_room(key)

    def _make_room(self, for_key: Key) -> bool:
        """Retire the instance that has been idle longest, of whatever function, and claim its place."""
        idle = [instance for instance in self._scheduler.idle() if not instance.is_held]
        if not idle:
            return False
        self._end(min(idle, key=lambda instance: instance.idle_since))
        return self._scheduler.claim(for_key)

    async def _start(self, key: Key, cause: Ticket, *, again: bool = True) -> None:
        """Start an instance and give it to who waits longest; no start where nobody waits any more.

        cause: who wanted it. That invocation has made what is invoked while the function is loaded.
        Code that is saved meanwhile is started once more, and not for ever: a function may write to its own folder.
        """
        instance = loading = None
        try:
            async with self._starts:
                if not self._scheduler.has_tickets(key):
                    self._give_up_place()
                    return
                instance = await self._launched(key, cause)
                loading = self._loop.create_task(instance.start())
                # Loading takes a processor, but not for ever: it may wait, for another start even.
                await asyncio.wait((loading,), timeout=SLOT_SECONDS)
            answer = await loading
        except Exception as error:  # noqa: BLE001  whoever waits is to hear of it
            if not isinstance(error, OSError):
                self._notify(f"internal error: {error!r}")
            if instance is None:
                self._give_up_place()
            else:
                self._end(instance)
            self._fail(key, cause, _launch_failure(error))
            return
        finally:
            self._scheduler.end_start(key)
            if loading is not None:
                loading.cancel()
        if again and (answer is Ending.UNTOUCHED or self._has_come_too_late(instance)):
            self._end(instance)
            self._start_again(key, cause)
        elif isinstance(answer, Frame) and answer.kind is Kind.READY and instance.alive:
            self._hand_over(instance)
        else:
            self._fail_with(instance, cause, answer)

    def _start_again(self, key: Key, cause: Ticket) -> None:
        if self._has_claimed(key):
            self._tasks.start(self._start(key, cause, again=False))
        else:
            self._fail(key, cause, outcomes.no_capacity)

    async def _launched(self, key: Key, cause: Ticket) -> Instance:
        function = self._current[key]
        version = self._sources.of(function)  # before the code is read: what changes later is seen
        instance = await self._launch(function, version)
        self._live.add(instance)
        instance.loads_for = cause.invocation
        instance.on_outcome, instance.on_return, instance.on_death = self._ran, self._returned, self._end
        self._watch.wake()
        return instance

    def _give_up_place(self) -> None:
        """An instance is no more, or will not be started: there is a place for another one."""
        self._scheduler.give_up()
        self._loop.call_soon(self._start_what_waits)

    def _is_up_to_date(self, instance: Instance, ticket: Ticket) -> bool:
        """Whether this instance is what the ticket's invocation is to run on."""
        function = self._current[instance.function.key]
        return instance.function is function and instance.source_version == self._sources.of(function, ticket.since)

    def _has_come_too_late(self, instance: Instance) -> bool:
        """Whether who waits longest for it came after the code was saved that it does not have."""
        ticket = self._scheduler.first_ticket(instance.function.key)
        return ticket is not None and not self._is_up_to_date(instance, ticket)

    def _fail_with(self, instance: Instance, cause: Ticket, answer: "Frame | Ending") -> None:
        ticket = self._scheduler.next_ticket(instance.function.key, cause)  # now: nothing else is to start for it
        if ticket is None:
            self._end(instance)
        else:
            self._once_over(instance, lambda: ticket.fail(lambda invocation: instance.failed_start(invocation, answer)))

    def _fail(self, key: Key, cause: Ticket, failure: Failure) -> None:
        ticket = self._scheduler.next_ticket(key, cause)
        if ticket is not None:
            ticket.fail(failure)

    def _release(self, instance: Instance) -> None:
        """An instance has become free."""
        if self._has_come_too_late(instance):
            self._end(instance)
        else:
            self._hand_over(instance)

    def _hand_over(self, instance: Instance) -> None:
        """Give an instance to who waits longest, or keep it warm."""
        ticket = self._scheduler.next_ticket(instance.function.key)
        if ticket is not None:
            self._run_on(instance, ticket)
            self._hand_ahead(instance)
            return
        instance.idle_since = self._loop.time()
        self._scheduler.put_back(instance.function.key, instance)
        self._start_what_waits()

    def _start_what_waits(self) -> None:
        """A place has become free, or may be made so."""
        while not self._stopped and (key := self._scheduler.starved()) is not None and self._has_claimed(key):
            self._tasks.start(self._start(key, self._scheduler.last_started(key)))

    def _end(self, instance: Instance) -> "asyncio.Task[None]":
        """Kill an instance. Its place is free at once; the work goes on whatever becomes of the caller."""
        instance.alive = False
        self._scheduler.remove(instance.function.key, instance)
        if instance in self._live:
            self._live.discard(instance)
            self._give_up_place()
            self._ending[instance] = self._ends.start(instance.end())
            self._ending[instance].add_done_callback(lambda _: self._ended(instance))
        return self._ending.get(instance) or self._loop.create_task(asyncio.sleep(0))

    def _once_over(self, instance: Instance, tell: Callable[[], object]) -> None:
        """End an instance, and tell once its processes are gone. The system may need long; nobody waits so long."""
        over: asyncio.Future[None] = self._loop.create_future()
        over.add_done_callback(lambda _: tell())
        self._end(instance).add_done_callback(lambda _: over.cancel())  # which may be done twice
        self._loop.call_later(GONE_SECONDS, over.cancel)

    def _ended(self, instance: Instance) -> None:
        del self._ending[instance]
        self._on_end(instance)


def _stopping(_: Invocation) -> Outcome:
    return outcomes.platform_failed("the local endpoint is being stopped")


def _launch_failure(error: BaseException) -> Failure:
    def failure(_: Invocation) -> Outcome:
        return outcomes.platform_failed(f"the worker could not be started: {error}")

    return failure
