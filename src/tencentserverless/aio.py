"""Invoke functions of Tencent Cloud SCF: the asyncio client.

::

    async with AsyncClient("ap-guangzhou") as client:
        result = await client.invoke("FuncInvoked", data={"a": "b"})
"""

import asyncio

from tencentserverless._client import BaseClient, takes_no_event
from tencentserverless._functions.asyncio import AsyncFunction, AsyncSent
from tencentserverless._protocol.invoke import InvokeResult
from tencentserverless._settings import settings
from tencentserverless._settings.async_credentials import AsyncSource, identity_after_waiting, is_coroutine_function
from tencentserverless._settings.credentials import Source, TooLate, WouldWait
from tencentserverless._settings.found import without_frames
from tencentserverless._settings.settings import UNSET
from tencentserverless._transport.asyncio.transport import Transport
from tencentserverless._transport.route import Route
from tencentserverless.exception import InvokeTimeoutError

__tracebackhide__ = True  # from pytest: it shows the caller's frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Awaitable, Callable, Dict, Generator, Optional, TypeVar, Union, overload

    from tencentserverless._protocol.identity import Identity
    from tencentserverless._settings.settings import Unset

    T = TypeVar("T")

__all__ = ("AsyncClient", "InvokeResult")


class AsyncInvokeTimeoutError(InvokeTimeoutError, asyncio.TimeoutError):
    """The `InvokeTimeoutError` of the asyncio client. Before Python 3.11 `TimeoutError` is not asyncio's."""


class AsyncClient(BaseClient):
    """The client for asyncio: the arguments and names of `tencentserverless.scf.Client`, awaited.

    A client can be used in one event loop after another. `async with` closes its connections at the end; without it,
    they are closed when `asyncio.run` ends. `credentials` may be a coroutine function too. At a deadline it raises an
    InvokeTimeoutError that is also an `asyncio.TimeoutError`, on every Python.
    """

    _own: "Optional[Transport]" = None
    _timeout_error = AsyncInvokeTimeoutError

    async def invoke(
        self,
        function_name: str,
        namespace: str = "default",
        log_type: str = "None",
        qualifier: str = "$LATEST",
        invocation_type: str = "RequestResponse",
        data: "Any" = None,
        *,
        region: "Optional[str]" = None,
        routing_key: "Optional[Dict[str, Any]]" = None,
        timeout: "Union[None, float, Unset]" = UNSET,
        idempotent: bool = False,
    ) -> InvokeResult:
        """Invoke a function and return its result. Arguments and errors are those of `scf.Client.invoke`.

        Cancelling closes the connection. The function may go on: the platform does not stop it.
        """
        invocation = self._invocation(
            function_name,
            namespace,
            log_type,
            qualifier,
            invocation_type,
            data,
            region=region,
            routing_key=routing_key,
            timeout=timeout,
            idempotent=idempotent,
        )
        return await self._transport().perform(invocation, self._identify_soon)

    if TYPE_CHECKING:

        @overload
        def function(
            self,
            name: str,
            *,
            namespace: str = "default",
            qualifier: str = "$LATEST",
            region: Optional[str] = None,
            timeout: Union[None, float, Unset] = UNSET,
            routing_key: Optional[Dict[str, Any]] = None,
            log_type: str = "None",
            idempotent: bool = False,
            returns: Callable[..., T],
        ) -> AsyncFunction[T]: ...

        @overload
        def function(
            self,
            name: str,
            *,
            namespace: str = "default",
            qualifier: str = "$LATEST",
            region: Optional[str] = None,
            timeout: Union[None, float, Unset] = UNSET,
            routing_key: Optional[Dict[str, Any]] = None,
            log_type: str = "None",
            idempotent: bool = False,
        ) -> AsyncFunction[Any]: ...

    def function(self, name: str, **options: "Any") -> "AsyncFunction[Any]":
        """A remote function, as of `scf.Client.function`. Its calls are awaited, and its `map` is for ``async for``."""
        try:
            return AsyncFunction(self, name, **options)
        finally:
            del options  # a traceback with variables would show a key that was given here by mistake

    def invocation(
        self, request_id: str, function_name: str, namespace: str = "default", region: "Optional[str]" = None
    ) -> AsyncSent:
        """The handle of an Event invocation, from its request id. It may have been sent by another process."""
        return AsyncSent(self, request_id, function_name, namespace, region)

    @takes_no_event
    def close(self) -> "Awaitable[None]":
        """Close the idle connections of the running event loop at once, as `scf.Client.close` does.

        The result can be awaited: then the event loop has closed the sockets too. It need not be, so that
        ``contextlib.closing`` works.
        """
        if self._own is not None:
            self._own.close_idle()
        return _NextRound()

    @takes_no_event
    async def aclose(self) -> None:
        """As ``await client.close()``, under the name that ``contextlib.aclosing`` calls."""
        await self.close()

    @takes_no_event
    async def connect(self) -> None:
        """Connect, so that the first invocation does not have to. Returns when that is done, and never raises.

        If the connection cannot be made, the invocation tries again and raises the error.
        """
        origin = self._next_origin()
        if origin is not None:
            await self._transport().open_ahead(origin)

    async def _call_api(self, action: str, body: bytes, region: "Optional[str]") -> "Any":
        return await self._transport().perform(self._other_action(action, body, region), self._identify_soon)

    def _invoker(
        self, name: str, options: "Dict[str, Any]", value: "Callable[[InvokeResult], Any]"
    ) -> "Callable[[Any], Awaitable[Any]]":
        """A function from an event to its value, which many tasks may call at once."""
        prepare, perform, identify = self._fan_out(name, options), self._transport().perform, self._identify_soon

        async def invoke(event: "Any") -> "Any":
            return value(await perform(prepare(event), identify))

        return invoke

    def _make_source(self, credentials: "Callable[[], Any]") -> Source:
        return (AsyncSource if is_coroutine_function(credentials) else Source)(credentials)

    async def _identify_soon(self, deadline: "Optional[float]") -> "Identity":
        """The credentials to sign with, as `_identify`, without blocking the event loop."""
        try:
            return self._identify(deadline, may_wait=False)
        except WouldWait:
            pass
        try:
            return await identity_after_waiting(self._source, self._identify, deadline)
        except TooLate:
            raise self._too_late() from None
        except Exception as error:
            raise without_frames(error)

    def _transport(self) -> Transport:
        if self._own is None:
            route = Route(settings.ca_file(self._ca_file), self._connect_timeout)
            self._own = Transport(route, self._max_connections)
        return self._own

    async def __aenter__(self) -> "AsyncClient":
        return self

    async def __aexit__(self, *raised: "Any") -> None:
        await self._transport().close()


class _NextRound:
    """Awaiting it waits for the next round of the event loop, in which the loop closes sockets."""

    def __await__(self) -> "Generator[None, None, None]":
        if asyncio._get_running_loop() is not None:  # trio, for example, does not know this
            yield
