"""Remote functions of the blocking client; `map` invokes them in threads."""

import os
import queue
import threading
import time
import weakref
from time import monotonic
from typing import Generic, Tuple, TypeVar

from tencentserverless._context import with_context
from tencentserverless._functions.base import BaseFunction, event_of, hand_out
from tencentserverless._functions.event_handle import EventHandle
from tencentserverless._functions.fanout import Failed
from tencentserverless._protocol.invoke import InvokeResult
from tencentserverless._transport.blocking.drive import drive
from tencentserverless._transport.readiness import LONGEST_SECONDS

__tracebackhide__ = True  # from pytest: it shows the caller's frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Generator, Iterator, Optional

    from tencentserverless._functions.fanout import Fanout, Pending
    from tencentserverless._protocol.status import EventStatus

T = TypeVar("T")


class Map(Generic[T]):
    """The iterator of `Function.map`. Its threads end when it is exhausted, closed, or garbage."""

    def __init__(self, fanout: "Any", invoke: "Callable[[Any], Any]") -> None:
        self._process = os.getpid()
        self._fanout: "Fanout" = fanout
        self._invoke = invoke
        self._todo: "queue.Queue[Any]" = queue.Queue()
        self._done: "queue.Queue[Any]" = queue.Queue()
        self._threads = 0
        self._most_threads = fanout.plan.concurrency
        self._end = weakref.finalize(self, _stop, self._process, self._todo, self._most_threads)

    def __iter__(self) -> "Iterator[T]":
        return self

    def __next__(self) -> "T":
        if os.getpid() != self._process:
            raise RuntimeError("a forked child cannot go on with the map of its parent: it has none of the threads")
        while True:
            self._feed()
            item = self._fanout.pop()
            if item is not None:
                return hand_out(item, self._fanout.plan)  # type: ignore[no-any-return]
            if not self._end.alive or self._fanout.is_over():
                self.close()
                raise StopIteration
            self._settle()

    def close(self) -> None:
        """Send no more events. Invocations in flight go on, and their outcomes are dropped."""
        self._end()
        self._fanout.close()

    def _feed(self) -> None:
        while self._end.alive:
            pending = self._fanout.take(monotonic())
            if pending is None:
                return
            if pending.invoke is None:
                pending.invoke = with_context(self._invoke)
            self._todo.put(pending)
            self._add_thread()

    def _add_thread(self) -> None:
        """Start another thread if all of them may be busy. If that fails, the others do the work."""
        if self._threads < min(self._fanout.in_flight, self._most_threads):
            queues = (self._todo, self._done)
            try:
                threading.Thread(target=_work, args=queues, name="tencentserverless-map", daemon=True).start()
            except (RuntimeError, MemoryError):
                self._most_threads = self._threads
            else:
                self._threads += 1

    def _settle(self) -> None:
        """Wait for an outcome or for the end of a pause, but not for long."""
        pause = self._fanout.pause(monotonic())
        if pause is None and not self._fanout.in_flight:
            return
        if not self._threads and self._fanout.in_flight:
            _invoke_next(self._todo, self._done)
        seconds = LONGEST_SECONDS if pause is None else min(pause, LONGEST_SECONDS)  # so that Ctrl-C takes effect
        try:
            pending, outcome = self._done.get(timeout=seconds)
        except queue.Empty:
            return
        self._fanout.finish(pending, outcome, monotonic())


class Function(BaseFunction[Map[T], Map[Tuple[T, InvokeResult]]], Generic[T]):
    """A remote function as a Python function: ``fn(event)`` or ``fn(**fields)`` returns the decoded value.

    `Client.function` makes it. Calls raise the errors of `Client.invoke`.
    """

    _iterator = Map

    def __call__(*arguments: "Any", **fields: "Any") -> T:  # "self" can be a field of an event
        self = arguments[0]
        return self._value(self.invoke(event_of(arguments[1:], fields)))  # type: ignore[no-any-return]

    def invoke(self, event: "Any" = None) -> "InvokeResult":
        """Invoke the function and return the `InvokeResult`: text, value, ids, duration, log tail."""
        return self._client.invoke(self.name, data=event, **self._options)  # type: ignore[no-any-return]

    def send(self, event: "Any" = None) -> "Sent":
        """Invoke the function with invocation type Event. Returns as soon as the platform has queued the event."""
        result = self._client.invoke(self.name, data=event, invocation_type="Event", **self._options)
        return self._handle(Sent, result)  # type: ignore[no-any-return]


class Sent(EventHandle):
    """The handle of an Event invocation. `Function.send` and `Client.invocation` make it."""

    def status(self) -> "EventStatus":
        """The present status.

        For a function that was not created for asynchronous execution, the platform looks back 15 minutes, and a failed
        try which it may repeat is not final.
        """
        return self._run(self._status())  # type: ignore[no-any-return]

    def wait(self, timeout: "Optional[float]" = None) -> "EventStatus":
        """Wait until the status is final, at most `timeout` seconds (None: without limit), and return the status."""
        return self._run(self._wait(timeout))  # type: ignore[no-any-return]

    def result(self, timeout: "Optional[float]" = None) -> "Any":
        """Wait for the value that the function returned. Raises the function's failure, or InvokeTimeoutError."""
        return self._run(self._result(timeout))

    def cancel(self) -> None:
        """Stop the invocation. Raises APIError for a function that was not created for asynchronous execution."""
        self._run(self._cancel())

    def _run(self, steps: "Generator[Any, Any, Any]") -> "Any":
        return drive(steps, self._perform)

    def _perform(self, wanted: "Any") -> "Any":
        """Wait for a number of seconds, or call the API; see `event_handle`."""
        if type(wanted) is float:
            return time.sleep(wanted)
        return self._client._call_api(*wanted, region=self.region)


def _work(todo: "queue.Queue[Any]", done: "queue.Queue[Any]") -> None:
    """Run by each thread. It refers to the queues but not to the iterator, which can so become garbage."""
    while _invoke_next(todo, done):
        pass


def _invoke_next(todo: "queue.Queue[Any]", done: "queue.Queue[Any]") -> bool:
    """Wait for an event and send it. False at the end."""
    pending: "Optional[Pending]" = todo.get()
    if pending is None:
        return False
    try:
        outcome = pending.invoke(pending.event)
    except Exception as error:
        outcome = Failed(error)
    done.put((pending, outcome))
    return True


def _stop(process: int, todo: "queue.Queue[Any]", threads: int) -> None:
    if os.getpid() != process:  # in a forked child, where nobody may be left to unlock the queue
        return
    while not todo.empty():
        todo.get()
    for _ in range(threads):
        todo.put(None)
