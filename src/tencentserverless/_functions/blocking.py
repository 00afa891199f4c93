"""Remote functions of the blocking client: called, sent, mapped over events by threads."""

import queue
import threading
import weakref
from time import monotonic, sleep
from typing import Generic, TypeVar

from tencentserverless._functions.base import DEFAULT_CONCURRENCY, BaseFunction, event_of, hand_out
from tencentserverless._functions.event_handle import EventHandle
from tencentserverless._functions.fanout import Failed, Fanout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Generator, Iterable, Iterator, Optional

    from tencentserverless._functions.fanout import Pending
    from tencentserverless._protocol.invoke import InvokeResult
    from tencentserverless._protocol.status import EventStatus

T = TypeVar("T")


class Function(BaseFunction, Generic[T]):
    """A remote function as a Python function: ``fn(event)`` or ``fn(**fields)`` returns the decoded value.

    Made by `Client.function`. Raises what `Client.invoke` raises.
    """

    def __call__(*arguments: "Any", **fields: "Any") -> T:  # "self" can be a field of an event
        self = arguments[0]
        return self._value(self.invoke(event_of(arguments[1:], fields)))  # type: ignore[no-any-return]

    def invoke(self, event: "Any" = None) -> "InvokeResult":
        """Invoke it and return the `InvokeResult`: text, value, ids, duration, log tail."""
        return self._client.invoke(self.name, data=event, **self._options)  # type: ignore[no-any-return]

    def send(self, event: "Any" = None) -> "Sent":
        """Invoke it with type Event: return as soon as the platform has queued the event."""
        result = self._client.invoke(self.name, data=event, invocation_type="Event", **self._options)
        request_id = result.function_request_id or result.request_id
        return Sent(self._client, request_id, self.name, self._options["namespace"], self._options["region"], result)

    def map(
        self,
        events: "Iterable[Any]",
        concurrency: int = DEFAULT_CONCURRENCY,
        ordered: bool = True,
        return_exceptions: bool = False,
    ) -> "Map[T]":
        """Invoke it with each event, `concurrency` at a time; returns a lazy iterator over the decoded values.

        events: any iterable, of any length; it is read as the results are taken, so memory stays bounded.
        ordered: values come in the order of the events; otherwise (index, value) pairs as they finish.
        return_exceptions: a failure is handed out at its place; otherwise it is raised there, and the iteration may go
            on. Failures have `.index`.

        When the platform throttles, fewer are in flight for a while, and nothing fails. The action is InvokeFunction,
        which the platform allows 10,000 times a second; Invoke (100 a second) where that is refused.
        """
        return Map(self, events, concurrency, ordered, return_exceptions)


class Sent(EventHandle):
    """A handle on an Event invocation; see `Function.send` and `Client.invocation`."""

    def status(self) -> "EventStatus":
        """What the platform knows of it now. For a function that was not made for asynchronous execution it looks
        back 15 minutes, and a failed try that it may repeat is not final."""
        return self._drive(self._status())  # type: ignore[no-any-return]

    def wait(self, timeout: "Optional[float]" = None) -> "EventStatus":
        """Wait until its status is final, or `timeout` seconds, and return the status."""
        return self._drive(self._wait(timeout))  # type: ignore[no-any-return]

    def result(self, timeout: "Optional[float]" = None) -> "Any":
        """Wait for the value that the function returned. Raises its failure, or InvokeTimeoutError."""
        return self._drive(self._result(timeout))

    def cancel(self) -> None:
        """Stop it. The platform does so for functions made for asynchronous execution; else an APIError is raised."""
        self._drive(self._cancel())

    def _drive(self, steps: "Generator[Any, Any, Any]") -> "Any":
        try:
            ask = next(steps)
            while True:
                try:
                    answer = None
                    if type(ask) is float:
                        sleep(ask)
                    else:
                        answer = self._client._ask(*ask, region=self.region)
                except Exception as error:
                    ask = steps.throw(error)
                else:
                    ask = steps.send(answer)
        except StopIteration as end:
            return end.value


class Map(Generic[T]):
    """The iterator of `Function.map`. Its threads end when it is exhausted, closed, or no longer referred to."""

    def __init__(
        self,
        function: "Function[Any]",
        events: "Iterable[Any]",
        concurrency: int,
        ordered: bool,
        return_exceptions: bool,
    ) -> None:
        if concurrency < 1:
            raise ValueError("concurrency is at least 1, not %r" % (concurrency,))
        timeout = function._client._patience(function._options)
        self._fanout = Fanout(events, concurrency, ordered, timeout)
        self._ordered = ordered
        self._return_exceptions = return_exceptions
        self._invoke = function._client._invoker(function.name, function._options, function._value)
        self._todo = queue.Queue()  # type: queue.Queue[Any]
        self._done = queue.Queue()  # type: queue.Queue[Any]
        self._threads = 0
        self._end = weakref.finalize(self, _stop, self._todo, concurrency)

    def __iter__(self) -> "Iterator[T]":
        return self

    def __next__(self) -> "T":
        while True:
            self._feed()
            item = self._fanout.pop()
            if item is not None:
                return hand_out(item, self._ordered, self._return_exceptions)  # type: ignore[no-any-return]
            if not self._end.alive or self._fanout.is_over():
                self.close()
                raise StopIteration
            self._settle()

    def close(self) -> None:
        """Send no more events. What is in flight goes on, and its outcome is dropped."""
        self._end()

    def _feed(self) -> None:
        while self._end.alive:
            pending = self._fanout.take(monotonic())
            if pending is None:
                return
            self._todo.put(pending)
            self._staff()

    def _staff(self) -> None:
        """One thread more where all may be busy."""
        if self._threads < self._fanout.in_flight:
            self._threads += 1
            work = (self._invoke, self._todo, self._done)
            threading.Thread(target=_work, args=work, name="tencentserverless-map", daemon=True).start()

    def _settle(self) -> None:
        """Wait for an outcome, or for the end of a pause."""
        pause = self._fanout.pause(monotonic())
        if pause is None and not self._fanout.in_flight:
            return
        try:
            pending, outcome = self._done.get(timeout=pause)
        except queue.Empty:
            return
        self._fanout.finish(pending, outcome, monotonic())


def _work(invoke: "Callable[[Any], Any]", todo: "queue.Queue[Any]", done: "queue.Queue[Any]") -> None:
    """What a thread does: it knows the queues, not the iterator, which can so be forgotten."""
    while True:
        pending = todo.get()  # type: Optional[Pending]
        if pending is None:
            return
        try:
            outcome = invoke(pending.event)
        except Exception as error:
            outcome = Failed(error)
        done.put((pending, outcome))


def _stop(todo: "queue.Queue[Any]", threads: int) -> None:
    while not todo.empty():
        todo.get()
    for _ in range(threads):
        todo.put(None)
