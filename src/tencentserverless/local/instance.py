"""One instance of a function: a worker, warm or not, that serves one event at a time.

After any end but an ordinary answer there is doubt what the worker will do next, so it is killed.
"""

import asyncio
import math
import time
from collections.abc import Callable, Mapping
from enum import Enum
from itertools import count
from typing import Any

from tencentserverless.local import report
from tencentserverless.local.catalog import Function
from tencentserverless.local.channel import Channel
from tencentserverless.local.gate import Credential
from tencentserverless.local.invocation import Invocation, Outcome
from tencentserverless.local.process import Worker
from tencentserverless.local.refusal import Refusal, event_not_json
from tencentserverless.local.report import MB
from tencentserverless.local.wire import TEXT_LIMIT_BYTES, Frame, Kind, encode, event_frame


class Ending(Enum):
    """Why a worker gave no answer."""

    TIME = "time"
    MEMORY = "memory"
    EXIT = "exit"


class Instance:
    """A worker and what the endpoint knows of it. Made on the event loop that runs it.

    on_event: asked before each event which variables of the worker's environment have new values.
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
        self.source_version = source_version
        self.idle_since = 0.0
        self.running: Invocation | None = None
        self.running_since = 0.0
        self.alive = True
        self.lent_sdk = False
        self.is_held = False  # by a debugger: not to be retired
        self._loop = asyncio.get_running_loop()
        self.worker = worker
        self._meter = worker.meter()
        self._output = worker.output()
        self._channel = Channel(worker.channel, self._on_frame, self._on_exit)
        self._answer: asyncio.Future[Frame | Ending] | None = None
        self._init_ms: float | None = None
        self._init_output = ""
        self._init_memory_bytes = 0
        self.on_ready: Callable[[Instance], object] = _nothing
        self.on_event: Callable[[Instance], Mapping[str, str]] = _unchanged
        self.on_death: Callable[[Instance], object] = _nothing
        worker.exited.add_done_callback(self._on_exited)

    def __repr__(self) -> str:
        state = "ended" if not self.alive else "running" if self.running else "idle"
        return f"<Instance {self.id} of {self.function}: worker {self.worker.pid}, {state}>"

    @property
    def waits_for_answer(self) -> bool:
        return self._answer is not None

    @property
    def id(self) -> str:
        return self.credential.holder or ""

    async def start(self) -> Frame | Ending:
        """Load the function: READY, NOT_STARTED, or why neither came. After anything but READY, end the instance."""
        self.running_since = self._loop.time()
        self._channel.send(encode(Kind.SETTINGS, self._settings))
        self._meter.find()  # while the worker is busy
        answer = self._believed(await self._answered_within(self.function.init_timeout))
        self._init_output = self._output.take()
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

    async def invoke(self, invocation: Invocation) -> Outcome:
        """Run one event. Leaves `alive` false where the worker must not be used again. Raises `Refusal`."""
        self.running, self.running_since = invocation, self._loop.time()
        self._meter.reset()
        self._channel.send(event_frame(invocation.request_id, invocation.event, self.on_event(self)))
        try:
            answer = await self._answered_within(invocation.function.timeout)
            return self._outcome(invocation, answer)
        except Refusal:  # the worker has looked at the event, and goes on
            raise
        except (KeyError, TypeError, ValueError):  # a head of the function's own making
            return self._finished(self._doubted(invocation), 0.0, 0)
        except BaseException:
            self.alive = False
            raise
        finally:
            self.running = None

    def check_use(self) -> None:
        """Measure the processes now; end the invocation that holds too much memory, or too many of them."""
        if self._answer is None:
            return
        held_bytes = self._meter.sample()
        if self._meter.has_too_many:
            self._resolve(Ending.EXIT)
        elif held_bytes > self.function.memory_mb * MB:
            self._resolve(Ending.MEMORY)

    def late_output(self) -> str:
        """What was printed since the last answer, by threads and children that the handler left behind."""
        return self._output.take_read()

    async def end(self) -> None:
        """Kill the worker and all that is its own."""
        self.alive = False
        self._channel.close()
        await Worker.end([self.worker])
        self._output.close()
        self._meter.close()
        self.worker.close()

    def _outcome(self, invocation: Invocation, answer: Frame | Ending) -> Outcome:
        elapsed_ms = (self._loop.time() - self.running_since) * 1000
        peak = self._meter.peak_bytes() or self._init_memory_bytes  # of a worker that exited nothing can be read
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
        return self._finished(answered_outcome(invocation, answer), duration_ms, peak)

    def _doubted(self, invocation: Invocation) -> Outcome:
        self.alive = False
        return report.exited(invocation)

    def _finished(self, outcome: Outcome, duration_ms: float, memory_bytes: int) -> Outcome:
        init_ms, init_output = self._init_ms, self._init_output
        self._init_ms, self._init_output = None, ""
        how = outcome[:3]
        return Outcome(*how, duration_ms, memory_bytes, self._output.take(), init_output, init_ms, self.id)

    async def _answered_within(self, seconds: float) -> Frame | Ending:
        if not self.alive:
            return Ending.EXIT
        self._answer = self._loop.create_future()
        timer = self._loop.call_later(seconds, self._resolve, Ending.TIME)
        try:
            return await self._answer
        finally:
            timer.cancel()
            self._answer = None

    def _resolve(self, answer: Frame | Ending) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(answer)

    def _on_frame(self, frame: Frame) -> None:
        if self._answer is None or self._answer.done():  # nobody asked
            self._on_exit()
        self._resolve(frame)

    def _on_exit(self) -> None:
        was_idle = self.alive and self.running is None and self._answer is None
        self.alive = False
        self._resolve(Ending.MEMORY if self._meter.has_run_out() else Ending.EXIT)
        if was_idle:
            self.on_death(self)

    def _on_exited(self, _: "asyncio.Future[None]") -> None:
        self._channel.drain()  # its last answer may have come in the same turn of the loop
        self._on_exit()


_numbers = count(1)


def new_id() -> str:
    """An instance id, unlike any other's."""
    return f"scf-{time.time_ns():x}-{next(_numbers):x}"


def _milliseconds(value: Any) -> float:
    """A time that a worker tells. Raises TypeError or ValueError for what is none."""
    try:
        number = float(value)
    except OverflowError as error:
        raise ValueError(str(error)) from None
    if not 0 <= number < math.inf:
        raise ValueError(value)
    return number


def _nothing(_: object) -> None:
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
    how = {Ending.TIME: report.timed_out, Ending.MEMORY: report.memory_exceeded, Ending.EXIT: report.exited}
    return how[ending](invocation)
