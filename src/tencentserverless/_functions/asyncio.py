"""Remote functions of the asyncio client: awaited, sent, mapped over events by tasks."""

import asyncio
from time import monotonic
from typing import Generic, TypeVar

from tencentserverless._functions.base import DEFAULT_CONCURRENCY, BaseFunction, event_of, hand_out
from tencentserverless._functions.event_handle import EventHandle
from tencentserverless._functions.fanout import Failed, Fanout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, AsyncIterator, Awaitable, Callable, Generator, Iterable, List, Optional

    from tencentserverless._protocol.invoke import InvokeResult
    from tencentserverless._protocol.status import EventStatus

T = TypeVar("T")


class AsyncFunction(BaseFunction, Generic[T]):
    """A remote function as a coroutine function: ``await fn(event)`` or ``await fn(**fields)`` is the decoded value.

    Made by `AsyncClient.function`. Raises what `AsyncClient.invoke` raises.
    """

    async def __call__(*arguments: "Any", **fields: "Any") -> T:  # "self" can be a field of an event
        self = arguments[0]
        return self._value(await self.invoke(event_of(arguments[1:], fields)))  # type: ignore[no-any-return]

    async def invoke(self, event: "Any" = None) -> "InvokeResult":
        """Invoke it and return the `InvokeResult`: text, value, ids, duration, log tail."""
        return await self._client.invoke(self.name, data=event, **self._options)  # type: ignore[no-any-return]

    async def send(self, event: "Any" = None) -> "AsyncSent":
        """Invoke it with type Event: return as soon as the platform has queued the event."""
        result = await self._client.invoke(self.name, data=event, invocation_type="Event", **self._options)
        request_id = result.function_request_id or result.request_id
        return AsyncSent(
            self._client, request_id, self.name, self._options["namespace"], self._options["region"], result
        )

    def map(
        self,
        events: "Iterable[Any]",
        concurrency: int = DEFAULT_CONCURRENCY,
        ordered: bool = True,
        return_exceptions: bool = False,
    ) -> "AsyncMap[T]":
        """As `Function.map`, for ``async for``."""
        return AsyncMap(self, events, concurrency, ordered, return_exceptions)


class AsyncSent(EventHandle):
    """A handle on an Event invocation; see `AsyncFunction.send` and `AsyncClient.invocation`."""

    async def status(self) -> "EventStatus":
        """As `Sent.status`."""
        return await self._drive(self._status())  # type: ignore[no-any-return]

    async def wait(self, timeout: "Optional[float]" = None) -> "EventStatus":
        """As `Sent.wait`."""
        return await self._drive(self._wait(timeout))  # type: ignore[no-any-return]

    async def result(self, timeout: "Optional[float]" = None) -> "Any":
        """As `Sent.result`."""
        return await self._drive(self._result(timeout))

    async def cancel(self) -> None:
        """As `Sent.cancel`."""
        await self._drive(self._cancel())

    async def _drive(self, steps: "Generator[Any, Any, Any]") -> "Any":
        try:
            ask = next(steps)
            while True:
                try:
                    answer = None
                    if type(ask) is float:
                        await asyncio.sleep(ask)
                    else:
                        answer = await self._client._ask(*ask, region=self.region)
                except asyncio.CancelledError:
                    raise
                except Exception as error:
                    ask = steps.throw(error)
                else:
                    ask = steps.send(answer)
        except StopIteration as end:
            return end.value


class AsyncMap(Generic[T]):
    """The asynchronous iterator of `AsyncFunction.map`. Its tasks end when it is exhausted, closed or forgotten."""

    def __init__(
        self,
        function: "AsyncFunction[Any]",
        events: "Iterable[Any]",
        concurrency: int,
        ordered: bool,
        return_exceptions: bool,
    ) -> None:
        if concurrency < 1:
            raise ValueError("concurrency is at least 1, not %r" % (concurrency,))
        client = function._client
        fanout = Fanout(events, concurrency, ordered, client._patience(function._options))
        self._crew = _Crew(fanout, client._invoker(function.name, function._options, function._value))
        self._ordered = ordered
        self._return_exceptions = return_exceptions

    def __aiter__(self) -> "AsyncIterator[T]":
        return self

    async def __anext__(self) -> "T":
        crew = self._crew
        while True:
            item = crew.fanout.pop()
            if item is not None:
                crew.call()
                return hand_out(item, self._ordered, self._return_exceptions)  # type: ignore[no-any-return]
            if crew.is_over or crew.fanout.is_over():
                await self.aclose()
                raise StopAsyncIteration
            crew.call()
            await crew.news()

    async def aclose(self) -> None:
        """Send no more events. What is in flight is cancelled: its connections are closed."""
        await self._crew.end()

    def __del__(self) -> None:
        self._crew.cancel()


class _Crew(object):
    """The tasks of one `map`, up to its concurrency; they know nothing of the iterator, which can so be forgotten."""

    def __init__(self, fanout: Fanout, invoke: "Callable[[Any], Awaitable[Any]]") -> None:
        self.fanout = fanout
        self.is_over = False
        self._most = fanout.pace.most
        self._invoke = invoke
        self._tasks = []  # type: List[asyncio.Task[None]]
        self._resting = []  # type: List[asyncio.Future[None]]
        self._listener = None  # type: Optional[asyncio.Future[None]]

    def call(self) -> None:
        """There may be something to do: wake one task, or hire one."""
        if self._resting:
            _wake(self._resting.pop())
        elif len(self._tasks) < self._most and not self.fanout.is_read:
            self._tasks.append(asyncio.ensure_future(self._work()))

    async def news(self) -> None:
        """Wait until a task has an outcome, or a pause is over."""
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
            pending = fanout.take(now)
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
            self._tell()

    async def _rest(self) -> None:
        """Until `call` finds something to do."""
        self._tell()
        rest = asyncio.get_event_loop().create_future()
        self._resting.append(rest)
        await rest

    def _tell(self) -> None:
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


def _wake(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)
