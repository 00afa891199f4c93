"""Remote functions of the asyncio client; `map` invokes them in tasks."""

import asyncio
from time import monotonic
from typing import Generic, Tuple, TypeVar

from tencentserverless._context import Context
from tencentserverless._functions.base import BaseFunction, event_of, hand_out
from tencentserverless._functions.event_handle import EventHandle
from tencentserverless._functions.fanout import Failed
from tencentserverless._protocol.invoke import InvokeResult
from tencentserverless._transport.asyncio.drive import drive
from tencentserverless._transport.asyncio.transport import running_loop

__tracebackhide__ = True  # from pytest: it shows the caller's frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, AsyncIterator, Awaitable, Callable, Generator, List, Optional

    from tencentserverless._functions.fanout import Fanout
    from tencentserverless._protocol.status import EventStatus

T = TypeVar("T")


class AsyncMap(Generic[T]):
    """The asynchronous iterator of `AsyncFunction.map`. Its tasks end when it is exhausted, closed, or garbage."""

    def __init__(self, fanout: "Any", invoke: "Callable[[Any], Awaitable[Any]]") -> None:
        self._tasks = _Tasks(fanout, invoke)

    def __aiter__(self) -> "AsyncIterator[T]":
        return self

    async def __anext__(self) -> "T":
        running_loop()  # or an error, before a task is made
        tasks = self._tasks
        while True:
            item = tasks.fanout.pop()
            if item is not None:
                tasks.call()
                return hand_out(item, tasks.fanout.plan)  # type: ignore[no-any-return]
            if await self._is_over():
                raise StopAsyncIteration
            tasks.call()
            await tasks.wait()

    async def _is_over(self) -> bool:
        """Whether every outcome has been handed out. Then the tasks have ended. Raises what ended the iteration."""
        is_over = True
        try:
            is_over = self._tasks.is_over or self._tasks.fanout.is_over()
        finally:
            if is_over:
                await self.aclose()
        return is_over

    async def aclose(self) -> None:
        """Send no more events, and cancel the invocations in flight: their connections are closed."""
        await self._tasks.end()

    def __del__(self) -> None:
        self._tasks.cancel()


class AsyncFunction(BaseFunction[AsyncMap[T], AsyncMap[Tuple[T, InvokeResult]]], Generic[T]):
    """A remote function as a coroutine function: ``await fn(event)`` or ``await fn(**fields)`` is the decoded value.

    `AsyncClient.function` makes it. Calls raise the errors of `AsyncClient.invoke`.
    """

    _iterator = AsyncMap

    async def __call__(*arguments: "Any", **fields: "Any") -> T:  # "self" can be a field of an event
        self = arguments[0]
        return self._value(await self.invoke(event_of(arguments[1:], fields)))  # type: ignore[no-any-return]

    async def invoke(self, event: "Any" = None) -> "InvokeResult":
        """Invoke the function and return the `InvokeResult`: text, value, ids, duration, log tail."""
        return await self._client.invoke(self.name, data=event, **self._options)  # type: ignore[no-any-return]

    async def send(self, event: "Any" = None) -> "AsyncSent":
        """Invoke the function with invocation type Event. Returns as soon as the platform has queued the event."""
        result = await self._client.invoke(self.name, data=event, invocation_type="Event", **self._options)
        return self._handle(AsyncSent, result)  # type: ignore[no-any-return]


class AsyncSent(EventHandle):
    """The handle of an Event invocation. `AsyncFunction.send` and `AsyncClient.invocation` make it."""

    async def status(self) -> "EventStatus":
        """As `Sent.status`."""
        return await self._run(self._status())  # type: ignore[no-any-return]

    async def wait(self, timeout: "Optional[float]" = None) -> "EventStatus":
        """As `Sent.wait`."""
        return await self._run(self._wait(timeout))  # type: ignore[no-any-return]

    async def result(self, timeout: "Optional[float]" = None) -> "Any":
        """As `Sent.result`."""
        return await self._run(self._result(timeout))

    async def cancel(self) -> None:
        """As `Sent.cancel`."""
        await self._run(self._cancel())

    async def _run(self, steps: "Generator[Any, Any, Any]") -> "Any":
        return await drive(steps, self._perform)

    async def _perform(self, wanted: "Any") -> "Any":
        """Wait for a number of seconds, or call the API; see `event_handle`."""
        if type(wanted) is float:
            return await asyncio.sleep(wanted)
        return await self._client._call_api(*wanted, region=self.region)


class _Tasks:
    """The tasks of one `map`, at most `concurrency`. They do not refer to the iterator, which can so become garbage."""

    def __init__(self, fanout: "Fanout", invoke: "Callable[[Any], Awaitable[Any]]") -> None:
        self.fanout = fanout
        self.is_over = False
        self._most = fanout.plan.concurrency
        self._invoke = invoke
        self._context: "Optional[Context]" = None  # of the first step, for all events
        self._tasks: "List[asyncio.Task[None]]" = []
        self._resting: "List[asyncio.Future[None]]" = []
        self._listener: "Optional[asyncio.Future[None]]" = None

    def call(self) -> None:
        """Wake a resting task, or start another one, because there may be an event to send."""
        if self._resting:
            _wake(self._resting.pop())
        elif len(self._tasks) < self._most and not self.fanout.is_read:
            self._context = self._context or Context()
            self._tasks.append(asyncio.ensure_future(self._work()))

    async def wait(self) -> None:
        """Wait until a task has an outcome or a pause is over."""
        self._listener = asyncio.get_event_loop().create_future()
        pause = self.fanout.pause(monotonic())
        try:
            await asyncio.wait([self._listener], timeout=pause)
        finally:
            self._listener = None

    async def _work(self) -> None:
        fanout = self.fanout
        while True:
            now = monotonic()
            pending = self._context.run(fanout.take, now)  # type: ignore[union-attr]
            if pending is None:
                await self._rest()
                continue
            if (self._resting or len(self._tasks) < self._most) and fanout.pace.allows(fanout.in_flight, now):
                self.call()
            try:
                outcome = await self._invoke(pending.event)
            except asyncio.CancelledError:
                raise
            except Exception as error:
                outcome = Failed(error)
            fanout.finish(pending, outcome, monotonic())
            self._notify()

    async def _rest(self) -> None:
        """Wait for `call`."""
        self._notify()
        rest = asyncio.get_event_loop().create_future()
        self._resting.append(rest)
        await rest

    def _notify(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None and not listener.done():
            listener.set_result(None)

    def cancel(self) -> None:
        self.is_over = True
        for task in self._tasks:
            if not task.done() and not task._loop.is_closed():
                task.cancel()

    async def end(self) -> None:
        self.cancel()
        tasks, self._tasks = self._tasks, []
        if tasks:
            await asyncio.wait(tasks)
        self.fanout.close()


def _wake(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)
