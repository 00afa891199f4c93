"""An Event invocation after it was sent: what both clients' handles share. No I/O.

The steps are generators: they yield (action, body) to ask the API, or a number of seconds to wait, and return what
was asked for.
"""

from time import monotonic

from tencentserverless import exception as errors
from tencentserverless._protocol import status as statuses
from tencentserverless._protocol.invoke import decoded, failure_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Generator, Optional, Tuple, Union

    from tencentserverless._protocol.invoke import InvokeResult
    from tencentserverless._protocol.status import EventStatus

    Ask = Union[Tuple[str, bytes], float]
    Steps = Generator[Ask, Any, EventStatus]

FIRST_INTERVAL = 0.5  # seconds between looks; the action's 20 requests a second are shared by the whole account
LONGEST_INTERVAL = 5.0
_NOT_ASYNC = (errors.NotFoundError, errors.AuthError, errors.ParameterError)


class EventHandle(object):
    """One Event invocation that the platform has queued.

    request_id: to search the logs by, and to find it again from another process; result_of_sending: what the API
    answered, None where the handle was made from a request id.
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
        self._is_plain = False

    def __repr__(self) -> str:
        return "<event %s of %s/%s>" % (self.request_id, self.namespace, self.function_name)

    def _status(self) -> "Steps":
        """Ask for a function made for asynchronous execution first, then as for any other."""
        if not self._is_plain:
            try:
                inner = yield "GetAsyncEventStatus", statuses.event_status_body(self.request_id)
                return statuses.of_async_event(inner)
            except _NOT_ASYNC as error:
                self._is_plain = isinstance(error, errors.NotFoundError)
        return (yield from self._status_of_request())

    def _status_of_request(self) -> "Steps":
        body = statuses.request_status_body(self.request_id, self.function_name, self.namespace)
        inner = yield "GetRequestStatus", body
        return statuses.of_request(inner)

    def _wait(self, timeout: "Optional[float]") -> "Steps":
        deadline = None if timeout is None else monotonic() + timeout
        interval = FIRST_INTERVAL
        while True:
            status = yield from self._status()
            left = LONGEST_INTERVAL if deadline is None else deadline - monotonic()
            if status.is_final or left <= 0:
                return status
            yield min(interval, left)
            interval = min(interval * 1.5, LONGEST_INTERVAL)

    def _result(self, timeout: "Optional[float]") -> "Generator[Ask, Any, Any]":
        status = yield from self._wait(timeout)
        if not status.is_final:
            message = "the event is %s after %g s" % (status.state, timeout or 0)
            raise errors.InvokeTimeoutError("ClientNetworkError", message, self.request_id)
        ret_msg = status.ret_msg
        if ret_msg is None:
            ret_msg = (yield from self._status_of_request()).ret_msg
        if status.state == "FINISHED":
            return None if ret_msg is None else decoded(ret_msg)
        raise failure_of(ret_msg or "the event ended as %s" % status.state, status.status_code, self.request_id)

    def _cancel(self) -> "Generator[Ask, Any, None]":
        yield "TerminateAsyncEvent", statuses.terminate_body(self.request_id, self.function_name, self.namespace)
