"""The life of an invocation: it arrives, runs, ends and is recorded."""

import asyncio
from collections.abc import Callable
from functools import partial
from time import time
from typing import Protocol

from tencentserverless.local.eventloop.background import BackgroundTasks
from tencentserverless.local.instances.ticket import Done
from tencentserverless.local.invocations.records import Records
from tencentserverless.local.model import api_errors, event_json, outcomes
from tencentserverless.local.model.facts import Begun, Ended, Fact
from tencentserverless.local.model.invocation import Invocation, Outcome, Record
from tencentserverless.local.model.options import Options

WAITING_EVENTS_BYTES = 32 * 1024 * 1024
EVENT_BYTES = 4096  # of an Event invocation, beside its event

Recorded = Callable[[Record | Exception], object]


class Runner(Protocol):
    """Runs invocations, on instances or in this process."""

    def run(self, invocation: Invocation, done: Done) -> None:
        """Run an invocation. `done` is called once: with its outcome, a `Refusal`, or an internal error."""


class Invocations:
    """Runs and records invocations.

    instances: runs invocations on instances.
    in_process: runs invocations in this interpreter.
    running_on: returns the invocation that the instance with an id is running, None if it runs none.
    on_record: is called with the record of each invocation that has ended. It must not raise.
    watch: is called with the facts that invocations have begun and ended. It must not raise.
    """

    def __init__(
        self,
        options: Options,
        records: Records,
        instances: Runner,
        in_process: Runner,
        running_on: Callable[[str], Invocation | None],
        on_record: Callable[[Record], None] | None,
        watch: Callable[[Fact], None] | None = None,
    ) -> None:
        self._options = options
        self._records = records
        self._instances = instances
        self._in_process = in_process
        self.running_on = running_on
        self._on_record = on_record
        self._watch = watch
        self._event_slots = asyncio.Semaphore(options.event_invocations)
        self._event_tasks = BackgroundTasks()
        self._event_bytes = 0
        self._until_idle: list[asyncio.Future[None]] = []

    @property
    def is_idle(self) -> bool:
        """Whether no invocation is running or waiting."""
        return not self._records.running and not len(self._event_tasks)

    async def idle(self) -> None:
        """Wait until no invocation is running or waiting."""
        while not self.is_idle:
            over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._until_idle.append(over)
            await over

    def drop_events(self) -> None:
        """Drop the Event invocations that have not ended, without waiting for it."""
        self._event_tasks.cancel()

    def invoke(self, invocation: Invocation, done: Recorded) -> None:
        """Run an invocation. Raises `Refusal` if the chain is too long.

        done: is called once: with the record of the invocation, a `Refusal`, or an internal error.
        """
        self._check_chain(invocation)
        self._run(invocation, done)

    def invoke_later(self, invocation: Invocation) -> None:
        """Queue an Event invocation. It is recorded, and not retried if it fails.

        Raises `Refusal`, also if too many are waiting.
        """
        self._check_chain(invocation)
        event_json.check_event(invocation.event)
        size = len(invocation.event) + EVENT_BYTES
        if self._event_bytes + size > WAITING_EVENTS_BYTES:
            raise api_errors.too_many_events(WAITING_EVENTS_BYTES)
        self._event_bytes += size
        self._event_tasks.start(self._run_in_turn(invocation)).add_done_callback(lambda _: self._end_event(size))

    async def stop(self) -> None:
        """Drop the Event invocations that have not ended."""
        await self._event_tasks.stop()

    def _check_chain(self, invocation: Invocation) -> None:
        """Record a chain that is too long, then raise the refusal."""
        if len(invocation.callers) > self._options.most_hops:
            error = api_errors.chain_too_long(self._options.most_hops, invocation.loop())
            self._end(self._begin(invocation), _outcome_of(error, invocation))
            raise error

    def _begin(self, invocation: Invocation) -> Record:
        if self._watch is not None:
            self._watch(Begun(invocation))
        return self._records.begin(invocation)

    def _end(self, record: Record, outcome: Outcome) -> None:
        self._records.end(record, outcome, time())
        if self._watch is not None:
            self._watch(Ended(record))
        self._check_idle()

    def _run(self, invocation: Invocation, done: Recorded) -> None:
        record = self._begin(invocation)
        record.started_at = time()
        is_in_process = invocation.function.call is not None or self._options.in_process
        runner = self._in_process if is_in_process else self._instances
        runner.run(invocation, partial(self._ended, record, done))

    async def _run_in_turn(self, invocation: Invocation) -> None:
        ended: asyncio.Future[Record | Exception] = asyncio.get_running_loop().create_future()
        async with self._event_slots:
            self._run(invocation, lambda result: None if ended.done() else ended.set_result(result))
            result = await ended
        if isinstance(result, Exception):  # no caller waits for it; the task logs it
            raise result

    def _end_event(self, size: int) -> None:
        self._event_bytes -= size
        self._check_idle()

    def _check_idle(self) -> None:
        while self._until_idle and self.is_idle:
            over = self._until_idle.pop()
            if not over.done():
                over.set_result(None)

    def _ended(self, record: Record, done: Recorded, outcome: Outcome | Exception) -> None:
        if isinstance(outcome, Exception):
            self._end(record, _outcome_of(outcome, record.invocation))
            done(outcome)
            return
        self._end(record, outcome)
        if self._on_record is not None:
            self._on_record(record)
        done(record)


def _outcome_of(error: Exception, invocation: Invocation) -> Outcome:
    """The outcome to record for an invocation that was refused or failed inside the endpoint."""
    if isinstance(error, api_errors.Refusal):
        return outcomes.failure(invocation, error.status_code, error.message)
    return outcomes.platform_failed(f"the local endpoint failed: {error!r}")
