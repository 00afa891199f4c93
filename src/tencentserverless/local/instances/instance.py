"""An instance of a function: a worker process that serves one event at a time.

After anything but an ordinary answer the state of the worker is unknown, so it is killed.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from functools import partial
from itertools import count
from typing import Any, NamedTuple, Protocol

from tencentserverless.local.eventloop.countdown import Countdown
from tencentserverless.local.instances.ticket import Ticket
from tencentserverless.local.instances.worker_replies import (
    Ending,
    answered_outcome,
    ended_outcome,
    milliseconds,
    peak_bytes,
)
from tencentserverless.local.model import outcomes
from tencentserverless.local.model.api_errors import Refusal
from tencentserverless.local.model.function import Function
from tencentserverless.local.model.invocation import MB, Invocation, Outcome
from tencentserverless.local.processes.channel import Channel
from tencentserverless.local.processes.frames import Frame, Kind, encode, event_frame
from tencentserverless.local.processes.worker_handle import WorkerHandle

Answer = Frame | Ending
STOPPED_SECONDS = 30.0


class Listener(Protocol):
    """Is called when the state of an instance changes, on the event loop's thread."""

    def ended(self, instance: "Instance", ticket: Ticket, outcome: Outcome | Exception) -> None:
        """An event has ended. If `instance.alive` is false, its worker must not be used again."""

    def not_begun(self, instance: "Instance", ticket: Ticket) -> None:
        """The worker has ended before it read the event, so the event can run elsewhere."""

    def died(self, instance: "Instance") -> None:
        """The worker of an idle instance has ended."""


class ColdStart(NamedTuple):
    """The figures of loading the function. The first invocation reports them.

    init_ms: the duration, None if it has been reported.
    output: the output during loading.
    memory_bytes: the peak.
    lent_sdk: whether the function uses the SDK of the endpoint, because its folder has none.
    """

    init_ms: float | None = None
    output: str = ""
    memory_bytes: int = 0
    lent_sdk: bool = False

    def reported(self) -> "ColdStart":
        """The figures that remain after they have been reported."""
        return self._replace(init_ms=None, output="")


class Pause:
    """Holds the countdown of one event while the worker is stopped (SIGSTOP), so that a healthy worker is not killed.

    The function may have stopped itself. So this lasts `STOPPED_SECONDS` in one event at most.
    """

    def __init__(self, countdown: Countdown, now: float) -> None:
        self._countdown = countdown
        self._left = STOPPED_SECONDS
        self._since: float | None = None
        self.check(True, now)

    def check(self, is_stopped: bool, now: float) -> None:
        """is_stopped: whether the worker is stopped now."""
        if self._since is None:
            if is_stopped and self._left > 0:
                self._since = now
                self._countdown.hold()
        elif not is_stopped or now - self._since > self._left:
            self._left -= now - self._since
            self.end()

    def end(self) -> None:
        if self._since is not None:
            self._since = None
            self._countdown.release()


class Instance:
    """An instance of a function. Create it on the event loop that runs it.

    worker: its process.
    settings: the first frame that the worker gets.
    source_version: the version of the code that the worker loads.
    listener: is called when the state of the instance changes.
    renewed: is called before each event. It returns the environment variables that have new values.
    notify: is called with each notice, one line.
    `output` is what it prints.
    """

    def __init__(
        self,
        instance_id: str,
        function: Function,
        worker: WorkerHandle,
        settings: dict[str, Any],
        source_version: int,
        listener: Listener,
        renewed: Callable[[], Mapping[str, str]],
        notify: Callable[[str], object],
    ) -> None:
        self.id = instance_id
        self.function = function
        self.worker = worker
        self.source_version = source_version
        self.alive = True
        self.idle_since = self.running_since = 0.0
        self.held_seconds = 0.0  # of the present event: time at a prompt of a function for which this one waits
        self.is_held = False  # while it is stopped in a debugger, it is not ended for being idle
        self.cold_start = ColdStart()
        self._settings = settings
        self._listener = listener
        self._renewed = renewed
        self.notify = notify
        self._loop = asyncio.get_running_loop()
        self._meter = worker.meter()
        self.output = worker.output()
        self._channel = Channel(worker.channel, self._on_frames, self._on_end)
        self._loading_for: Invocation | None = None
        self._ticket: Ticket | None = None
        self._then: Callable[[Answer], None] | None = None  # is called with the next answer
        self.countdown = Countdown(self._loop, self._on_time)
        self._is_loaded = False
        self._set_up_error = ""
        self.set_up_errno: object = None
        self._pause: Pause | None = None  # set once the worker was stopped during the present event
        worker.exited.add_done_callback(lambda _: self._on_exit())

    def __repr__(self) -> str:
        state = "ended" if not self.alive else "running" if self._ticket else "idle"
        return f"<Instance {self.id} of {self.function}: worker {self.worker.pid}, {state}>"

    @property
    def running(self) -> Invocation | None:
        """The invocation that the worker is running, or is loading the function for."""
        return self._ticket.invocation if self._ticket else self._loading_for

    @property
    def is_busy(self) -> bool:
        """Whether the worker owes an answer."""
        return self._then is not None

    async def start(self, cause: Invocation) -> Answer:
        """Load the function. Returns the frame READY or NOT_STARTED, or why there is no answer.

        The caller must end the instance unless READY is returned.
        cause: the invocation that needs the instance. Invocations at import time count as made by it.
        """
        answered: asyncio.Future[Answer] = self._loop.create_future()
        self._loading_for = cause
        self._ask(encode(Kind.SETTINGS, self._settings), self.function.init_timeout, partial(_settle, answered))
        self._meter.find_worker()  # while the worker is busy
        answer = self._checked_start(await answered)
        self._loading_for = None
        self.cold_start = self.cold_start._replace(output=self.output.take(), memory_bytes=self._meter.peak_bytes())
        self._is_loaded = isinstance(answer, Frame) and answer.kind is Kind.READY
        self.alive = self.alive and self._is_loaded
        return answer

    def _checked_start(self, answer: Answer) -> Answer:
        """Check the answer to the settings. An answer that a worker never sends counts as an exit."""
        if isinstance(answer, Ending):
            return answer
        try:
            init_ms, lent_sdk = milliseconds(answer.head["init_ms"]), bool(answer.head["lent"])
        except (KeyError, TypeError, ValueError):
            return Ending.EXIT
        self.cold_start = ColdStart(init_ms, lent_sdk=lent_sdk)
        return answer if answer.kind in (Kind.READY, Kind.NOT_STARTED) else Ending.EXIT

    def failed_start(self, invocation: Invocation, answer: Answer) -> Outcome:
        """The outcome of the invocation that needed this instance, if its start ended with `answer`."""
        if isinstance(answer, Frame):
            outcome = outcomes.not_started(invocation, answer.body.decode("utf-8", "surrogatepass"))
        elif answer is Ending.TIME:
            outcome = outcomes.start_timed_out(invocation)
        elif answer is Ending.UNREAD:
            outcome = outcomes.not_set_up(invocation, self.set_up_error)
        else:
            outcome = ended_outcome(invocation, answer)
        init_ms, printed, memory_bytes, _ = self.cold_start
        return outcome._replace(memory_bytes=memory_bytes, init_output=printed, init_ms=init_ms, instance_id=self.id)

    @property
    def set_up_error(self) -> str:
        """Why the worker ended before it began to load the function."""
        return self._set_up_error or self.cold_start.output.strip() or "it ended at once"

    def invoke(self, ticket: Ticket) -> None:
        """Run one event. Then the listener is called."""
        self._ticket = ticket
        self._meter.reset()
        invocation = ticket.invocation
        data = event_frame(invocation.request_id, invocation.event, self._renewed())
        self._ask(data, invocation.function.timeout, self._on_answer)

    def _on_answer(self, answer: Answer) -> None:
        ticket, self._ticket = self._ticket, None
        assert ticket is not None
        if answer is Ending.UNREAD:
            if not ticket.retried:
                ticket.retried = True  # once: its next worker may die in the same way
                self._listener.not_begun(self, ticket)
                return
            answer = Ending.EXIT
        self._listener.ended(self, ticket, self._outcome_or_error(ticket.invocation, answer))

    def _outcome_or_error(self, invocation: Invocation, answer: Answer) -> Outcome | Exception:
        try:
            return self._outcome(invocation, answer)
        except Refusal as refusal:  # the event is not JSON; the worker continues
            return refusal
        except (KeyError, TypeError, ValueError):  # the function has written the answer itself
            return self._distrusted(invocation, 0.0, 0)
        except Exception as error:  # noqa: BLE001  logged where the invocation is answered
            self.alive = False
            return error

    def _outcome(self, invocation: Invocation, answer: Answer) -> Outcome:
        took_ms = max(self._loop.time() - self.running_since - self.held_seconds, 0.0) * 1000
        peak = self._peak_bytes(answer)
        if peak > invocation.function.memory_mb * MB:
            answer = Ending.MEMORY
        if isinstance(answer, Ending):
            self.alive = False
            if answer is Ending.TIME:
                took_ms = invocation.function.timeout * 1000.0
            return self._finished(ended_outcome(invocation, answer), took_ms, peak)
        if answer.head["request_id"] != invocation.request_id:
            return self._distrusted(invocation, took_ms, peak)
        duration_ms = min(milliseconds(answer.head.get("duration_ms", 0.0)), took_ms)
        return self._finished(answered_outcome(invocation, answer), duration_ms, peak)

    def _peak_bytes(self, answer: Answer) -> int:
        """The peak of memory. The worker reports it. If it has exited, the last measurement is used."""
        reported = peak_bytes(answer) if isinstance(answer, Frame) else None
        if reported is not None:
            return max(reported, self._meter.sampled)
        return self._meter.peak_bytes() or self.cold_start.memory_bytes

    def _distrusted(self, invocation: Invocation, took_ms: float, peak: int) -> Outcome:
        """The outcome after an answer that a worker never sends: the function writes to the channel."""
        self.alive = False
        return self._finished(outcomes.exited(invocation), took_ms, peak)

    def _finished(self, outcome: Outcome, duration_ms: float, memory_bytes: int) -> Outcome:
        cold_start, self.cold_start = self.cold_start, self.cold_start.reported()
        printed, busy_ms = (self.output.take(), cold_start.output), (self._loop.time() - self.running_since) * 1000
        return Outcome(*outcome[:3], duration_ms, memory_bytes, *printed, cold_start.init_ms, self.id, busy_ms)

    def check_use(self) -> None:
        """Measure the processes. End the invocation if they exceed the memory limit or the process limit."""
        if self._then is None:
            return
        self._check_stop()
        held_bytes = self._meter.sample()
        if self._meter.excess:
            self.notify(f"{self.function.name}: ended (439): {self._meter.excess}")
            self.resolve(Ending.EXIT)
        elif held_bytes > self.function.memory_mb * MB:
            self.resolve(Ending.MEMORY)

    def _check_stop(self) -> None:
        is_stopped = self._meter.is_stopped()
        if self._pause is not None:
            self._pause.check(is_stopped, self._loop.time())
        elif is_stopped:
            self._pause = Pause(self.countdown, self._loop.time())
            self.notify(
                f"{self.function.name}: its process is stopped (SIGSTOP). Its time limit is paused, "
                f"for at most {STOPPED_SECONDS:.0f} seconds"
            )

    def has_left_too_much(self) -> bool:
        """True, after a notice, if leftovers of earlier events exceed the memory limit or the process limit."""
        held_bytes, most = self._meter.sample(), self.function.memory_mb
        excess = self._meter.excess or (f"it held more than {most} MB" if held_bytes > most * MB else "")
        if excess:
            self.notify(f"{self.function.name}: ended between two events: {excess}")
        return bool(excess)

    def late_output(self) -> str:
        """The output since the last answer. It comes from threads and processes that the handler has left."""
        return self.output.begin()

    async def end(self) -> None:
        """Kill the worker and all processes that it has started."""
        self.alive = False
        self._channel.close()
        self.countdown.close()
        await WorkerHandle.end([self.worker])
        self.output.close()
        self._meter.close()
        self.worker.close()

    # Hooks for instances with a debugger.

    def on_ask(self) -> None:
        """A frame is about to be sent."""

    def on_answer(self) -> None:
        """The answer has come, or will not come."""

    def handle_report(self, frame: Frame) -> bool:  # noqa: ARG002
        """Handle a frame that is not an answer. Returns False if the frame is an answer."""
        return False

    def distrust(self) -> None:
        """End the instance after a frame that a worker never sends: the function writes to the channel."""
        self._on_end(False)

    # The exchange with the worker.

    def _ask(self, data: bytes, seconds: float, then: Callable[[Answer], None]) -> None:
        """Send one frame. `then` is called once, with the answer or the reason why there is none."""
        if not self.alive:
            then(Ending.UNREAD)
            return
        self._then = then
        self.running_since, self.held_seconds = self._loop.time(), 0.0
        self.on_ask()
        self.countdown.start(seconds)
        self._channel.send(data)

    def resolve(self, answer: Answer) -> None:
        """End the wait for the worker's answer, if there is one, with this answer."""
        then, self._then = self._then, None
        if then is not None:
            self.countdown.stop()
            if self._pause is not None:
                self._pause.end()
                self._pause = None
            self.on_answer()
            then(answer)

    def _on_time(self) -> None:
        """The time is over. An answer that has come counts: this process may be late."""
        then = self._then
        self._channel.drain()
        if self._then is then:  # otherwise the answer was there, and the next event may be running
            self.resolve(Ending.TIME)

    def _on_frames(self, frames: list[Frame]) -> None:
        answers = [frame for frame in frames if not self.handle_report(frame)]
        if answers and answers[0].kind is Kind.NOT_SET_UP and not self._is_loaded:
            self._set_up_error = answers[0].body.decode("utf-8", "surrogatepass")
            self.set_up_errno = answers[0].head.get("errno")
            self._on_end(True)
        elif len(answers) > 1 or (answers and self._then is None):
            self.distrust()
        elif answers:
            self.resolve(answers[0])

    def _on_exit(self) -> None:
        """The worker's process has ended. Its last answer may have come in the same turn of the event loop."""
        was_idle = self.alive and self._then is None
        self.alive = False  # before its last answer is read, so that nothing more is sent
        self._channel.drain()
        self._on_end(False)
        if was_idle:
            self._listener.died(self)

    def _on_end(self, is_unread: bool) -> None:
        """The channel has ended. is_unread: whether it is certain that the worker has not read the last frame."""
        was_idle = self.alive and self._then is None
        self.alive = False
        self._channel.close()
        has_run_out = self._then is not None and self._meter.has_run_out()
        self.resolve(Ending.MEMORY if has_run_out else Ending.UNREAD if is_unread else Ending.EXIT)
        if was_idle:
            self._listener.died(self)


_numbers = count(1)


def new_id() -> str:
    """Return a new instance id, which no other instance has."""
    return f"scf-{time.time_ns():x}-{next(_numbers):x}"


def _settle(answered: "asyncio.Future[Answer]", answer: Answer) -> None:
    if not answered.done():  # the start may have been cancelled
        answered.set_result(answer)
