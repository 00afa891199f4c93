"""One instance of a function: a worker, warm or not, that serves one event at a time.

After any end but an ordinary answer there is doubt what the worker will do next, so it is killed.

While one event runs the worker may be handed the next ones, so that it need not wait for us between two short ones. It
begins each when it has answered the one before, and what it has not begun can be taken back.
"""

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from itertools import count
from typing import Any

from tencentserverless.local.eventloop.countdown import Countdown
from tencentserverless.local.instances.event_output import Printed
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
from tencentserverless.local.model.credentials import Credential
from tencentserverless.local.model.function import Function
from tencentserverless.local.model.invocation import Invocation, Outcome
from tencentserverless.local.model.outcomes import MB
from tencentserverless.local.processes.channel import Channel
from tencentserverless.local.processes.frames import Frame, Kind, ahead_frame, encode, event_frame, event_id
from tencentserverless.local.processes.inbox import PACKET_BYTES
from tencentserverless.local.processes.worker_handle import Worker

MOST_AHEAD = 16
AHEAD_MS = 5.0  # that the last one handed over ahead may wait, if all take as long as the one before


Then = Callable[["Frame | Ending"], None]


class Instance:
    """A worker and what the endpoint knows of it. Made on the event loop that runs it.

    on_event: asked before each event which variables of the worker's environment have new values. on_outcome: hears of
    every event's end; `alive` is false by then where the worker must not be used again. on_return: gets the events that
    its worker has not begun and will not, because it has ended, or is at another one for too long.
    """

    def __init__(
        self,
        function: Function,
        worker: Worker,
        settings: dict[str, Any],
        credential: Credential,
        source_version: int,
        notify: Callable[[str], object],
    ) -> None:
        self.function = function
        self._notify = notify
        self._settings = settings
        self.credential = credential
        self.id = credential.instance_id
        self.source_version = source_version
        self.idle_since = 0.0
        self.running_since = self._handed_at = 0.0
        self.alive = True
        self.lent_sdk = False
        self.loads_for: Invocation | None = None
        self.is_held = False  # by a debugger: not to be retired
        self._loop = asyncio.get_running_loop()
        self.worker = worker
        self._meter = worker.meter()
        self._printed = Printed(worker.output())
        self._channel = Channel(worker.channel, self._on_frames, self._on_exit)
        self._events = worker.events()
        self._running: Ticket | None = None
        self._ahead: deque[tuple[Ticket, float]] = deque()  # and when each was handed over
        self._last_ms = math.inf
        self._changed: dict[str, str] = {}  # variables of which the worker has not heard yet
        self._carrier: Ticket | None = None  # who brings them
        self._is_packet = self._is_drained = False
        self.countdown = Countdown(self._loop, partial(self._resolve, Ending.TIME))
        self._then: Then | None = None  # what is to be done with the answer that is waited for
        self._init_ms: float | None = None
        self._init_output = ""
        self._init_memory_bytes = 0
        self.on_ready: Callable[[Instance], object] = _nothing
        self.on_event: Callable[[Instance], Mapping[str, str]] = _unchanged
        self.on_outcome: Callable[[Instance, Ticket, Outcome | Exception], object] = _nothing
        self.on_return: Callable[[Instance, list[Ticket]], object] = _nothing
        self.on_death: Callable[[Instance], object] = _nothing
        worker.exited.add_done_callback(lambda _: self._on_exit(has_ended=True))

    def __repr__(self) -> str:
        state = "ended" if not self.alive else "running" if self._running else "idle"
        return f"<Instance {self.id} of {self.function}: worker {self.worker.pid}, {state}>"

    @property
    def waits_for_answer(self) -> bool:
        return self._then is not None

    async def start(self) -> Frame | Ending:
        """Load the function: READY, NOT_STARTED, or why neither came. After anything but READY, end the instance."""
        answered: asyncio.Future[Frame | Ending] = self._loop.create_future()
        self.running_since = self._loop.time()
        is_asked = self.alive
        self._ask(encode(Kind.SETTINGS, self._settings), self.function.init_timeout, partial(_settle, answered))
        self._meter.find()  # while the worker is busy
        answer = self._believed(await answered)
        self.loads_for = None
        if answer is Ending.EXIT and (self._events.take_back() or not is_asked):
            answer = Ending.UNTOUCHED
        self._init_output = self._printed.end()
        self._init_memory_bytes = self._meter.peak_bytes()
        if isinstance(answer, Frame) and answer.kind is Kind.READY:
            self.on_ready(self)
        else:
            self.alive = False
        return answer

    def _believed(self, answer: Frame | Ending) -> Frame | Ending:
        """An answer to the settings; what no worker says is taken for an exit."""
        if isinstance(answer, Ending):
            return answer
        try:
            self._init_ms, self.lent_sdk = milliseconds(answer.head["init_ms"]), bool(answer.head["lent"])
        except (KeyError, TypeError, ValueError):
            return Ending.EXIT
        return answer if answer.kind in (Kind.READY, Kind.NOT_STARTED) else Ending.EXIT

    def failed_start(self, invocation: Invocation, frame: Frame | Ending) -> Outcome:
        """What `invocation` gets when the start that was made for it failed."""
        if isinstance(frame, Frame):
            outcome = outcomes.not_started(invocation, frame.body.decode("utf-8", "surrogatepass"))
        elif frame is Ending.TIME:
            outcome = outcomes.start_timed_out(invocation)
        else:
            outcome = ended_outcome(invocation, frame)
        return outcome._replace(
            memory_bytes=self._init_memory_bytes,
            init_output=self._init_output,
            init_ms=self._init_ms,
            instance_id=self.id,
        )

    @property
    def running(self) -> Invocation | None:
        """The invocation that its worker is at, or loads the function for. What the worker has said is heard first."""
        if self._ahead:
            self._channel.drain()
        return self._running.invocation if self._running else self.loads_for

    @property
    def is_free(self) -> bool:
        return self._running is None

    def invoke(self, ticket: Ticket) -> None:
        """Run one event: `on_outcome` will tell."""
        self._running, self.running_since = ticket, self._loop.time()
        self._handed_at = self.running_since
        self._printed.begin()
        self._meter.reset()
        self._changed.update(self.on_event(self))
        self._carrier = ticket if self._changed else None
        data = event_frame(ticket.invocation.request_id, ticket.invocation.event, self._changed)
        self._is_packet = len(data) <= PACKET_BYTES  # else a part of it could be taken back
        self._ask(data, ticket.invocation.function.timeout, self._on_answer)

    @property
    def takes_ahead(self) -> bool:
        """Whether one event more may be handed over while one runs: it would not have to wait for long."""
        ahead = len(self._ahead)
        return ahead < MOST_AHEAD and self._is_packet and (ahead + 1) * self._last_ms < AHEAD_MS

    def hand_ahead(self, ticket: Ticket) -> bool:
        """Hand over an event that is begun when those before it are answered; false where it cannot be."""
        self._changed.update(self.on_event(self))
        if self._changed:  # they are lost where they are taken back
            return False
        if not self._events.offer(ahead_frame(ticket.invocation.request_id, ticket.invocation.event)):
            return False
        self._ahead.append((ticket, self._loop.time()))
        return True

    def _on_answer(self, answer: Frame | Ending) -> None:
        ticket = self._running
        assert ticket is not None
        if isinstance(answer, Ending):
            self.alive = False
            returned = self._take_back()
            outcome = None if ticket in returned else self._outcome_or_error(ticket.invocation, answer)
            self._break_off(ticket, outcome, returned)
            return
        outcome = self._outcome_or_error(ticket.invocation, answer)
        if ticket is self._carrier:
            self._changed.clear()
        self._running = None
        if not (self.alive or self._is_drained):
            self._break_off(ticket, outcome, self._take_back())
            return
        if self._ahead:
            self._go_on()
        self.on_outcome(self, ticket, outcome)

    def _break_off(self, ticket: Ticket, outcome: Outcome | Exception | None, returned: list[Ticket]) -> None:
        """The worker will answer nothing more. outcome: None where this ticket, too, is among those that go back."""
        self._running = None
        if returned:
            self.on_return(self, returned)
        if outcome is not None:
            self.on_outcome(self, ticket, outcome)
        for lost, _ in self._ahead:  # its worker has begun them, perhaps
            self.on_outcome(self, lost, outcomes.exited(lost.invocation))

    def _outcome_or_error(self, invocation: Invocation, answer: Frame | Ending) -> Outcome | Exception:
        try:
            return self._outcome(invocation, answer)
        except Refusal as refusal:  # the worker has looked at the event, and goes on
            self._printed.skip(self._following())
            return refusal
        except (KeyError, TypeError, ValueError):  # a head of the function's own making
            return self._finished(self._doubted(invocation), 0.0, 0)
        except Exception as error:  # noqa: BLE001  told by who has asked
            self.alive = False
            return error

    def _go_on(self) -> None:
        """The worker is at the next one."""
        self._running, self._handed_at = self._ahead.popleft()
        self.running_since, self._is_packet = self._loop.time(), True
        self._meter.reset()
        self._wait_for(self._running.invocation.function.timeout, self._on_answer)

    @property
    def has_ahead(self) -> bool:
        return bool(self._ahead)

    def give_back(self) -> None:
        """What was handed over ahead has waited for too long: another instance may be free sooner."""
        returned = self._take_back()
        if returned:
            self.on_return(self, returned)

    def _take_back(self) -> list[Ticket]:
        """The events that its worker has not begun, and will not."""
        back = {event_id(packet): packet for packet in self._events.take_back()}
        returned = [ticket for ticket, _ in self._ahead if ticket.invocation.request_id in back]
        self._ahead = deque(pair for pair in self._ahead if pair[0] not in returned)
        running = self._running
        if running is None or len(back) == len(returned):
            return returned
        if self.alive and not self._ahead:  # it has not come to what it is to run: that goes back, its time goes on
            self._events.send(back.get(running.invocation.request_id, b""))
            return returned
        if self.alive or not running.retried:  # not twice: its worker may have died of it
            running.retried = not self.alive
            returned.insert(0, running)
            self._running = self._then = None
            self.countdown.stop()
            if self.alive:  # it has begun the next one meanwhile
                self._printed.begin(self._following())
                self._go_on()
        return returned

    def check_use(self) -> None:
        """Measure the processes now; end the invocation that holds too much memory, or has or wants too many."""
        if self._ahead:
            self._channel.drain()  # what is held now is held by who runs now
        if self._then is None:
            return
        held_bytes = self._meter.sample()
        if self._meter.excess:
            self._notify(f"{self.function.name}: ended (439): {self._meter.excess}")
            self._resolve(Ending.EXIT)
        elif held_bytes > self.function.memory_mb * MB:
            self._resolve(Ending.MEMORY)

    def has_left_too_much(self) -> bool:
        """Whether the threads and processes that the events left behind hold too much, or are too many. It is told."""
        held_bytes, most = self._meter.sample(), self.function.memory_mb
        excess = self._meter.excess or (f"it held more than {most} MB" if held_bytes > most * MB else "")
        if excess:
            self._notify(f"{self.function.name}: ended between two events: {excess}")
        return bool(excess)

    def late_output(self) -> str:
        """What was printed since the last answer, by threads and children that the handler left behind."""
        return self._printed.late()

    async def end(self) -> None:
        """Kill the worker and all that is its own."""
        self.alive = False
        self._channel.close()
        self._events.close()
        self.countdown.close()
        await Worker.end([self.worker])
        self._printed.close()
        self._meter.close()
        self.worker.close()

    def _outcome(self, invocation: Invocation, answer: Frame | Ending) -> Outcome:
        now = self._loop.time()
        peak = self._peak_bytes(answer)
        if peak > invocation.function.memory_mb * MB:
            answer = Ending.MEMORY
        if isinstance(answer, Ending):
            self.alive = False
            took_ms = (
                (now - self.running_since) * 1000 if answer is not Ending.TIME else invocation.function.timeout * 1000.0
            )
            return self._finished(ended_outcome(invocation, answer), took_ms, peak)
        most_ms = (now - self._handed_at) * 1000  # it may have begun before we knew
        if answer.head["request_id"] != invocation.request_id:
            return self._finished(self._doubted(invocation), most_ms, peak)
        self._last_ms = min(milliseconds(answer.head.get("duration_ms", 0.0)), most_ms)
        return self._finished(answered_outcome(invocation, answer), self._last_ms, peak)

    def _peak_bytes(self, answer: Frame | Ending) -> int:
        """By what the worker tells, where it can; of one that exited nothing can be read."""
        told = peak_bytes(answer) if isinstance(answer, Frame) else None
        if told is not None:
            return max(told, self._meter.sampled)
        return self._meter.peak_bytes() or self._init_memory_bytes

    def _doubted(self, invocation: Invocation) -> Outcome:
        self.alive = False
        return outcomes.exited(invocation)

    def _finished(self, outcome: Outcome, duration_ms: float, memory_bytes: int) -> Outcome:
        init_ms, init_output = self._init_ms, self._init_output
        self._init_ms, self._init_output = None, ""
        how, printed = outcome[:3], self._printed.end(self._following())
        return Outcome(*how, duration_ms, memory_bytes, printed, init_output, init_ms, self.id)

    def _following(self) -> str:
        """The request id of what the worker begins next, if it has that already."""
        return self._ahead[0][0].invocation.request_id if self._ahead else ""

    def _ask(self, data: bytes, seconds: float, then: Then) -> None:
        """Send one frame. `then` is called once, with the answer or with why there is none."""
        if not self.alive:
            then(Ending.EXIT)
            return
        self._wait_for(seconds, then)
        self._events.send(data)

    def _wait_for(self, seconds: float, then: Then) -> None:
        self._then = then
        self.countdown.start(seconds)

    def _resolve(self, answer: Frame | Ending) -> None:
        then, self._then = self._then, None
        if then is not None:
            self.countdown.stop()
            then(answer)

    def _on_frames(self, frames: list[Frame]) -> None:
        if self._then is None or len(frames) > 1 + len(self._ahead):  # nobody asked
            self._on_exit()
            return
        for frame in frames:
            self._resolve(frame)

    def _on_exit(self, *, has_ended: bool = False) -> None:
        """The worker's process has ended, or is about to, or it says what no worker says."""
        was_idle = self.alive and self._then is None
        self.alive = False
        if has_ended:  # its last answers may have come in the same turn of the loop
            self._is_drained = True
            self._channel.drain()
            self._is_drained = False
        self._channel.close()  # what comes now is nobody's answer
        self._resolve(Ending.MEMORY if self._meter.has_run_out() else Ending.EXIT)
        if was_idle:
            self.on_death(self)


_numbers = count(1)


def new_id() -> str:
    """An instance id, unlike any other's."""
    return f"scf-{time.time_ns():x}-{next(_numbers):x}"


def _settle(answered: "asyncio.Future[Frame | Ending]", answer: Frame | Ending) -> None:
    if not answered.done():  # a start may be given up
        answered.set_result(answer)


def _nothing(*_: object) -> None:
    pass


def _unchanged(_: object) -> Mapping[str, str]:
    return {}
