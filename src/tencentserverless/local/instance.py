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
from enum import Enum
from functools import partial
from itertools import count
from typing import Any

from tencentserverless.local import report
from tencentserverless.local.catalog import Function
from tencentserverless.local.channel import Channel
from tencentserverless.local.countdown import Countdown
from tencentserverless.local.events import PACKET_BYTES
from tencentserverless.local.gate import Credential
from tencentserverless.local.invocation import Invocation, Outcome
from tencentserverless.local.printed import Printed
from tencentserverless.local.process import Worker
from tencentserverless.local.refusal import Refusal, event_not_json
from tencentserverless.local.report import MB
from tencentserverless.local.ticket import Ticket
from tencentserverless.local.wire import TEXT_LIMIT_BYTES, Frame, Kind, encode, event_frame, event_id

MOST_AHEAD = 16
AHEAD_MS = 5.0  # that the last one handed over ahead may wait, if all take as long as the one before


class Ending(Enum):
    """Why a worker gave no answer."""

    TIME = "time"
    MEMORY = "memory"
    EXIT = "exit"
    UNTOUCHED = "untouched"  # an exit before the function was loaded


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
    ) -> None:
        self.function = function
        self._settings = settings
        self.credential = credential
        self.id = credential.holder or ""
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
        self._is_packet = False
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
        self._ask(encode(Kind.SETTINGS, self._settings), self.function.init_timeout, partial(_settle, answered))
        self._meter.find()  # while the worker is busy
        answer = self._believed(await answered)
        self.loads_for = None
        if answer is Ending.EXIT and self._events.take_back():
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
            self._init_ms, self.lent_sdk = _milliseconds(answer.head["init_ms"]), bool(answer.head["lent"])
        except (KeyError, TypeError, ValueError):
            return Ending.EXIT
        return answer if answer.kind in (Kind.READY, Kind.NOT_STARTED) else Ending.EXIT

    def failed_start(self, invocation: Invocation, frame: Frame | Ending) -> Outcome:
        """What `invocation` gets when the start that was made for it failed."""
        if isinstance(frame, Frame):
            outcome = report.not_started(invocation, frame.body.decode("utf-8", "surrogatepass"))
        elif frame is Ending.TIME:
            outcome = report.start_timed_out(invocation)
        else:
            outcome = _ended_outcome(invocation, frame)
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
        data = self._frame(ticket)
        self._is_packet = len(data) <= PACKET_BYTES  # else a part of it could be taken back
        self._ask(data, ticket.invocation.function.timeout, self._on_answer)

    @property
    def takes_ahead(self) -> bool:
        """Whether one event more may be handed over while one runs: it would not have to wait for long."""
        ahead = len(self._ahead)
        return ahead < MOST_AHEAD and self._is_packet and (ahead + 1) * self._last_ms < AHEAD_MS

    def hand_ahead(self, ticket: Ticket) -> bool:
        """Hand over an event that is begun when those before it are answered; false where it cannot be."""
        if not self._events.offer(self._frame(ticket, ahead=True)):
            return False
        self._ahead.append((ticket, self._loop.time()))
        return True

    def _frame(self, ticket: Ticket, *, ahead: bool = False) -> bytes:
        invocation = ticket.invocation
        return event_frame(invocation.request_id, invocation.event, self.on_event(self), ahead=ahead)

    def _on_answer(self, answer: Frame | Ending) -> None:
        ticket, returned = self._running, list[Ticket]()
        assert ticket is not None
        if isinstance(answer, Ending):
            self.alive = False
            returned = self._take_back()
        outcome = None if ticket in returned else self._outcome_or_error(ticket.invocation, answer)
        self._running = None
        if self.alive:
            if self._ahead:
                self._go_on()
        else:
            returned = returned or self._take_back()
        lost = [] if self.alive else [each for each, _ in self._ahead]
        if returned:
            self.on_return(self, returned)
        if outcome is not None:
            self.on_outcome(self, ticket, outcome)
        for each in lost:  # its worker has begun them, perhaps
            self.on_outcome(self, each, report.exited(each.invocation))

    def _outcome_or_error(self, invocation: Invocation, answer: Frame | Ending) -> Outcome | Exception:
        try:
            return self._outcome(invocation, answer)
        except Refusal as refusal:  # the worker has looked at the event, and goes on
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
        """The events that its worker has not begun, and will not. Even the one that runs, where it has not come to
        that; but not twice, for its worker may have died of it."""
        back = {event_id(packet) for packet in self._events.take_back()}
        returned = [ticket for ticket, _ in self._ahead if ticket.invocation.request_id in back]
        running = self._running
        if len(back) > len(returned) and running is not None and (self.alive or not running.retried):
            running.retried = not self.alive
            self._running = self._then = None
            self.countdown.stop()
            returned.insert(0, running)
        self._ahead = deque(pair for pair in self._ahead if pair[0] not in returned)
        if self._running is None and self._ahead and self.alive:  # it has begun the next one meanwhile
            self._printed.begin(self._ahead[0][0].invocation.request_id)
            self._go_on()
        return returned

    def check_use(self) -> None:
        """Measure the processes now; end the invocation that holds too much memory, or too many of them."""
        if self._then is None:
            return
        held_bytes = self._meter.sample()
        if self._meter.has_too_many:
            self._resolve(Ending.EXIT)
        elif held_bytes > self.function.memory_mb * MB:
            self._resolve(Ending.MEMORY)

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
        elapsed_ms = (self._loop.time() - self._handed_at) * 1000
        peak = self._peak_bytes(answer)
        if peak > invocation.function.memory_mb * MB:
            answer = Ending.MEMORY
        if isinstance(answer, Ending):
            self.alive = False
            if answer is Ending.TIME:
                elapsed_ms = invocation.function.timeout * 1000.0
            return self._finished(_ended_outcome(invocation, answer), elapsed_ms, peak)
        if answer.head["request_id"] != invocation.request_id:
            return self._finished(self._doubted(invocation), elapsed_ms, peak)
        duration_ms = min(_milliseconds(answer.head.get("duration_ms", 0.0)), elapsed_ms)
        self._last_ms = duration_ms
        return self._finished(answered_outcome(invocation, answer), duration_ms, peak)

    def _peak_bytes(self, answer: Frame | Ending) -> int:
        """By what the worker tells, where it can; of one that exited nothing can be read."""
        told = answer.head.get("peak_bytes") if isinstance(answer, Frame) else None
        if isinstance(told, int):
            return max(told, self._meter.sampled)
        return self._meter.peak_bytes() or self._init_memory_bytes

    def _doubted(self, invocation: Invocation) -> Outcome:
        self.alive = False
        return report.exited(invocation)

    def _finished(self, outcome: Outcome, duration_ms: float, memory_bytes: int) -> Outcome:
        init_ms, init_output = self._init_ms, self._init_output
        self._init_ms, self._init_output = None, ""
        following = self._ahead[0][0].invocation.request_id if self._ahead else ""
        how, printed = outcome[:3], self._printed.end(following)
        return Outcome(*how, duration_ms, memory_bytes, printed, init_output, init_ms, self.id)

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
        if has_ended:
            self._channel.drain()  # its last answer may have come in the same turn of the loop
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


def _milliseconds(value: Any) -> float:
    """A time that a worker tells. Raises TypeError or ValueError for what is none."""
    try:
        number = float(value)
    except OverflowError as error:
        raise ValueError(str(error)) from None
    if not 0 <= number < math.inf:
        raise ValueError(value)
    return number


def _nothing(*_: object) -> None:
    pass


def _unchanged(_: object) -> Mapping[str, str]:
    return {}


def answered_outcome(invocation: Invocation, frame: Frame) -> Outcome:
    """What a worker's answer to an event means. Raises `Refusal` for no JSON, ValueError for what is no answer."""
    if frame.kind is Kind.RESULT:
        return Outcome(200, frame.body.decode("utf-8", "surrogatepass"))
    if frame.kind is Kind.RAISED:
        return report.raised(invocation, frame.body.decode("utf-8", "surrogatepass"))
    if frame.kind is Kind.TOO_LARGE:
        return report.too_large(invocation, TEXT_LIMIT_BYTES)
    if frame.kind is Kind.BAD_EVENT:
        raise event_not_json()
    raise ValueError(f"{frame.kind.name} is no answer to an event")


def _ended_outcome(invocation: Invocation, ending: Ending) -> Outcome:
    how = {Ending.TIME: report.timed_out, Ending.MEMORY: report.memory_exceeded}
    return how.get(ending, report.exited)(invocation)
