"""The status of an Event invocation, and the three API actions for it.

GetAsyncEventStatus and TerminateAsyncEvent (https://cloud.tencent.com/document/product/583/63969) serve functions that
were created for asynchronous execution. GetRequestStatus (https://cloud.tencent.com/document/product/583/65348) serves
all others, for 15 minutes.
"""

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Optional

LAST_RETRY = 2  # the platform tries a failed event twice more, unless the function is set to fewer
_FINAL = ("FINISHED", "FAILED", "ABORTED")
_BY_RET_CODE = {0: "FINISHED", 1: "RUNNING", -1: "FAILED"}


class EventStatus:
    """What the platform knows of an Event invocation.

    state: "RUNNING", "FINISHED", "FAILED", "ABORTED", or "UNKNOWN" if the platform has no record (the event has not
        started yet, or it ended too long ago).
    is_final: the state will not change any more.
    status_code: the platform's number; None if it is not known.
    ret_msg: the JSON text that the function returned; None if it is not known.
    retry_number: 0 for the first try.
    """

    def __init__(
        self,
        state: str,
        is_final: bool,
        status_code: "Optional[int]" = None,
        ret_msg: "Optional[str]" = None,
        retry_number: int = 0,
    ) -> None:
        self.state = state
        self.is_final = is_final
        self.status_code = status_code
        self.ret_msg = ret_msg
        self.retry_number = retry_number

    def __repr__(self) -> str:
        is_open = "" if self.is_final else ", not final"
        return f"<EventStatus {self.state}{is_open}>"


def event_status_body(request_id: str) -> bytes:
    return _body(InvokeRequestId=request_id)


def request_status_body(request_id: str, function_name: str, namespace: str) -> bytes:
    return _body(FunctionName=function_name, FunctionRequestId=request_id, Namespace=namespace)


def terminate_body(request_id: str, function_name: str, namespace: str) -> bytes:
    return _body(FunctionName=function_name, InvokeRequestId=request_id, Namespace=namespace)


def _body(**parameters: str) -> bytes:
    return json.dumps(parameters).encode("ascii")


def of_async_event(inner: "Dict[str, Any]") -> EventStatus:
    """The status in an answer of GetAsyncEventStatus."""
    result = inner.get("Result")
    state = result.get("Status") if isinstance(result, dict) else None
    if not isinstance(result, dict) or not isinstance(state, str):
        return EventStatus("UNKNOWN", False)
    return EventStatus(state, state in _FINAL, result.get("StatusCode"))


def of_request(inner: "Dict[str, Any]") -> EventStatus:
    """The status of the latest try in an answer of GetRequestStatus. A failure that may be retried is not final."""
    data = inner.get("Data")
    tries = [one for one in data if isinstance(one, dict)] if isinstance(data, list) else []
    if not tries:
        return EventStatus("UNKNOWN", False)
    latest = max(tries, key=_retry_number)
    ret_code = latest.get("RetCode")
    state = _BY_RET_CODE.get(ret_code, "UNKNOWN") if isinstance(ret_code, int) else "UNKNOWN"
    is_final = state == "FINISHED" or (state == "FAILED" and _retry_number(latest) >= LAST_RETRY)
    return EventStatus(state, is_final, None, latest.get("RetMsg"), _retry_number(latest))


def _retry_number(one: "Dict[str, Any]") -> int:
    number = one.get("RetryNum")
    return number if isinstance(number, int) else 0
