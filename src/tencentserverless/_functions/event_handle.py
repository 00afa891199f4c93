"""The handle of an Event invocation: the part that the blocking and the asyncio kind share. No I/O.

Its steps are generators. They yield (action, body) for a call of the API, or a number of seconds to wait; the answer of
the API is sent into them.
"""

from time import monotonic

from tencentserverless._protocol import status as statuses
from tencentserverless._protocol.failure import failure_of, named
from tencentserverless._protocol.invoke import decoded
from tencentserverless._settings.settings import patience
from tencentserverless.exception import AuthError, NotFoundError, ParameterError

__tracebackhide__ = True  # from pytest: it shows the caller's frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Generator, Optional, Tuple, Union

    from tencentserverless._protocol.invoke import InvokeResult
    from tencentserverless._protocol.status import EventStatus

    Wanted = Union[Tuple[str, bytes], float]
    Steps = Generator[Wanted, Any, EventStatus]

FIRST_INTERVAL = 0.5  # seconds between looks; a whole account has 20 requests a second of this action
LONGEST_INTERVAL = 5.0
_NOT_ASYNC = (NotFoundError, AuthError, ParameterError)


class EventHandle:
    """One Event invocation that the platform has queued.

    request_id: the id to search the logs by, and to find the invocation again from another process.
    result_of_sending: the answer to the sending; None if the handle was made from a request id.
    """

    def __init__(
        self,
        client: "Any",
        request_id: str,
        function_name: str,
        namespace: str,
        region: "Optional[str]",
        result_of_sending: "Optional[InvokeResult]" = None,
    ) -> None:
        self.request_id = request_id
        self.function_name = function_name
        self.namespace = namespace
        self.region = region
        self.result_of_sending = result_of_sending
        self._client = client
        self._is_plain = False  # the function was not created for asynchronous execution

    def __repr__(self) -> str:
        return f"<event {self.request_id} of {self.namespace}/{self.function_name}>"

    def _status(self) -> "Steps":
        """Ask as for a function created for asynchronous execution; if it is not one, as for any other."""
        if not self._is_plain:
            try:
                inner = yield "GetAsyncEventStatus", statuses.event_status_body(self.request_id)
                return statuses.of_async_event(inner)
            except _NOT_ASYNC as error:
                # Only NotFoundError says what kind of function it is. The others may be about this action's permission.
                self._is_plain = isinstance(error, NotFoundError)
        return (yield from self._status_of_request())

    def _status_of_request(self) -> "Steps":
        body = statuses.request_status_body(self.request_id, self.function_name, self.namespace)
        inner = yield "GetRequestStatus", body
        return statuses.of_request(inner)

    def _wait(self, timeout: "Optional[float]") -> "Steps":
        seconds = patience(timeout)
        deadline = None if seconds is None else monotonic() + seconds
        interval = FIRST_INTERVAL
        while True:
            status = yield from self._status()
            left = LONGEST_INTERVAL if deadline is None else deadline - monotonic()
            if status.is_final or left <= 0:
                return status
            yield min(interval, left)
            interval = min(interval * 1.5, LONGEST_INTERVAL)

    def _result(self, timeout: "Optional[float]") -> "Generator[Wanted, Any, Any]":
        status = yield from self._wait(timeout)
        if not status.is_final:
            message = f"the event is {status.state} after {timeout or 0:g} s"
            late = self._client._timeout_error("ClientNetworkError", message, self.request_id)
            raise named(late, self.function_name, self.region, self.namespace)
        ret_msg = status.ret_msg
        if ret_msg is None:  # GetAsyncEventStatus does not have it
            ret_msg = (yield from self._status_of_request()).ret_msg
        if status.state == "FINISHED":
            return None if ret_msg is None else decoded(ret_msg)
        failure = failure_of(ret_msg or f"the event ended as {status.state}", status.status_code, self.request_id)
        raise named(failure, self.function_name, self.region, self.namespace)

    def _cancel(self) -> "Generator[Wanted, Any, None]":
        yield "TerminateAsyncEvent", statuses.terminate_body(self.request_id, self.function_name, self.namespace)
