"""One invocation as an API request, and the API's answer as a result or an error.

Invoke: https://cloud.tencent.com/document/product/583/17243
InvokeFunction: https://cloud.tencent.com/document/product/583/58400
"""

import json

from tencentserverless import exception as errors
from tencentserverless._protocol import event as events
from tencentserverless._protocol import retry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Optional, Tuple, Type, Union

    from tencentserverless._protocol.effects import Origin
    from tencentserverless._protocol.http1 import Response

    Failure = Tuple[errors.ServerlessError, retry.Row]
    Head = Tuple[str, str, int]
    Outcome = Union["InvokeResult", Failure]

MAX_EVENT_BYTES = 6 * 1024 * 1024  # synchronous
MAX_ASYNC_EVENT_BYTES = 128 * 1024  # invocation type Event
MAX_ROUTING_KEY_BYTES = 1024
MAX_BODY_BYTES = 10 * 1024 * 1024  # of a request, the event escaped once more in it

_PLATFORM_KEYS = frozenset(("errorCode", "errorMessage", "requestId", "stackTrace", "statusCode"))
_MAX_DIGITS = 4300  # as Python 3.11 and later: the time that a number takes grows with the square of its digits


def _integer(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        raise ValueError("a number of %d digits" % len(digits))
    return int(digits)


_scan = json.JSONDecoder().scan_once  # type: ignore[attr-defined]
_scan_long = json.JSONDecoder(parse_int=_integer).scan_once  # type: ignore[attr-defined]


class Invocation(object):
    """Everything that is known of one invocation, or other action of the API, before its first attempt.

    body: the request's JSON; timeout: seconds or None; returns_at_once: invocation type Event.
    is_patient: tried again when throttled; a fan-out slows down by itself instead.
    target: (region, namespace, function), where the action InvokeFunction may give way to Invoke.
    rebuild: makes the body of another action.
    """

    __slots__ = (
        "origin",
        "region",
        "action",
        "body",
        "timeout",
        "idempotent",
        "returns_at_once",
        "is_patient",
        "target",
        "rebuild",
        "decipher",
        "trace",
        "about",
    )

    def __init__(
        self,
        origin: "Origin",
        region: str,
        action: str,
        body: bytes,
        timeout: "Optional[float]",
        idempotent: bool = False,
        returns_at_once: bool = False,
        is_patient: bool = True,
    ) -> None:
        self.origin = origin
        self.region = region
        self.action = action
        self.body = body
        self.timeout = timeout
        self.idempotent = idempotent
        self.returns_at_once = returns_at_once
        self.is_patient = is_patient
        self.target = None  # type: Optional[Tuple[str, str, str]]
        self.rebuild = None  # type: Optional[Callable[[str], bytes]]
        self.decipher = decipher  # type: Callable[[Response, Invocation], Any]
        self.trace = None  # type: Optional[Callable[[Any], Any]]
        self.about = None  # type: Any


class _Decoded(object):
    """`InvokeResult.value`: decoded when first asked for, then kept in the instance."""

    def __get__(self, result: "Optional[InvokeResult]", owner: "Any" = None) -> "Any":
        if result is None:
            return self
        value = result.__dict__["value"] = decoded(result)
        return value


def parsed(text: str) -> "Any":
    """What `json.loads` makes of `text`, without its layers. Raises ValueError or RecursionError."""
    text = text.strip(" \t\r\n")
    try:
        value, end = (_scan if len(text) <= _MAX_DIGITS else _scan_long)(text, 0)
    except StopIteration:
        raise ValueError("no JSON") from None
    if end != len(text):
        raise ValueError("more than one value")
    return value


def decoded(ret_msg: str) -> "Any":
    """The value of a result's JSON text; the text itself where it is not JSON."""
    try:
        return parsed(ret_msg)
    except (ValueError, RecursionError):
        return str(ret_msg)


class InvokeResult(str):
    """What a function returned: its JSON text, exactly as the platform sent it (`RetMsg`).

    value: the decoded value; the text itself where it is not JSON; None for invocation type Event.
    request_id: of the API request; function_request_id: of the execution, to search the logs by.
    duration_ms: float; billed_ms: int; memory_bytes: int, the peak; None where the platform did not say.
    log_tail: the last 4 KB of the execution log for log type "Tail", else "".
    """

    value = _Decoded()  # type: _Decoded
    request_id = None  # type: Optional[str]
    function_request_id = None  # type: Optional[str]
    duration_ms = None  # type: Optional[float]
    billed_ms = None  # type: Optional[int]
    memory_bytes = None  # type: Optional[int]
    log_tail = ""  # type: str


def body_head(
    action: str,
    function_name: str,
    namespace: "Optional[str]",
    log_type: "Optional[str]",
    qualifier: "Optional[str]",
    invocation_type: "Optional[str]",
    routing_key: "Optional[Dict[str, Any]]",
) -> "Head":
    """The JSON of the action Invoke or InvokeFunction but for the event, the event's name in it, and its size limit.

    InvokeFunction is synchronous only, and names the event otherwise.
    """
    quoted = events.quoted_ascii
    head = '{"FunctionName": %s, "Namespace": %s, "Qualifier": %s, "LogType": %s' % (
        quoted(function_name),
        quoted(namespace or "default"),
        quoted(qualifier or "$LATEST"),
        quoted(log_type or "None"),
    )
    name, most = "Event", MAX_EVENT_BYTES
    if action == "Invoke":
        head += ', "InvocationType": %s' % quoted(invocation_type or "RequestResponse")
        name = "ClientContext"
        most = MAX_ASYNC_EVENT_BYTES if invocation_type == "Event" else MAX_EVENT_BYTES
    if routing_key is not None:
        head += ', "RoutingKey": %s' % quoted(_routing_key_text(routing_key))
    return head, name, most


def invoke_body(
    parts: "Head",
    data: "Any",
    encode: "Callable[[Any], str]",
    default: "Optional[Callable[[Any], Any]]" = None,
) -> bytes:
    """The JSON of the action, of what `body_head` made and the event. Raises EventError where `data` is not JSON or
    too large."""
    head, name, most = parts
    if data is None:
        return (head + "}").encode("ascii")
    text = _event_text(data, encode)
    try:
        body = ('%s, "%s": %s}' % (head, name, events.quoted(text))).encode("utf-8")
    except UnicodeEncodeError:
        text = events.ascii_text(data, default)
        body = ('%s, "%s": %s}' % (head, name, events.quoted_ascii(text))).encode("ascii")
    if len(body) > MAX_ASYNC_EVENT_BYTES:
        _check_size(text, body, most)
    return body


def _event_text(data: "Any", encode: "Callable[[Any], str]") -> str:
    try:
        return encode(data)
    except (TypeError, ValueError, RecursionError) as error:
        message = "the event is not JSON: %s (%s)" % (events.bad_part(data, encode), error)
    raise errors.EventError("ClientParamsError", message)


def _routing_key_text(routing_key: "Dict[str, Any]") -> str:
    text = json.dumps(routing_key)
    if len(text) > MAX_ROUTING_KEY_BYTES:
        message = "routing_key has %d bytes of JSON, more than %d" % (len(text), MAX_ROUTING_KEY_BYTES)
        raise errors.SettingsError("ClientParamsError", message)
    return text


def _check_size(text: str, body: bytes, most: int) -> None:
    size = len(text.encode("utf-8"))
    if size > most:
        kind = "an Event" if most == MAX_ASYNC_EVENT_BYTES else "a synchronous"
        message = "the event has %d bytes of JSON; %s invocation takes %d at most" % (size, kind, most)
    elif len(body) > MAX_BODY_BYTES:
        message = "the request has %d bytes, the event escaped in it; the API takes %d at most" % (
            len(body),
            MAX_BODY_BYTES,
        )
    else:
        return
    raise errors.EventError("ClientParamsError", message + ": store it (COS, for one) and send where it is")


def decipher(response: "Response", invocation: Invocation) -> "Outcome":
    """What an HTTP response says of the invocation: its result, or an error with its row of the retry table."""
    answer = _json(response)
    inner = answer.get("Response") if type(answer) is dict else None
    if type(inner) is dict:
        result = inner.get("Result")
        refusal = inner.get("Error")
        if type(result) is dict and not refusal and isinstance(result.get("RetMsg"), (str, type(None))):
            ret_msg = result.get("RetMsg") or ""
            if result.get("InvokeResult") or result.get("ErrMsg") or '"errorMessage"' in ret_msg:
                failure = _failure(answer, inner, result, ret_msg)
                if failure is not None:
                    return failure
            return _success(inner, result, ret_msg, invocation.returns_at_once)
        if type(refusal) is dict and isinstance(refusal.get("Code"), str):
            return _refusal(answer, inner)
    return _not_api(response, invocation.origin, answer)


def decipher_action(response: "Response", invocation: Invocation) -> "Union[Dict[str, Any], Failure]":
    """What an HTTP response says of any other action: the object within `Response`, or an error with its row."""
    answer = _json(response)
    inner = answer.get("Response") if type(answer) is dict else None
    if type(inner) is not dict:
        return _not_api(response, invocation.origin, answer)
    refusal = inner.get("Error")
    if type(refusal) is dict and isinstance(refusal.get("Code"), str):
        return _refusal(answer, inner)
    return inner


def _json(response: "Response") -> "Any":
    """The decoded body of an answer of the API, which is HTTP 200 for errors too; None where it is not one."""
    if response.status != 200:
        return None
    try:
        return parsed(response.body.decode("utf-8"))
    except (ValueError, RecursionError):
        return None


def _success(inner: "Dict[str, Any]", result: "Dict[str, Any]", ret_msg: str, returns_at_once: bool) -> InvokeResult:
    value = InvokeResult(ret_msg)
    value.request_id = inner.get("RequestId")
    value.function_request_id = result.get("FunctionRequestId")
    if returns_at_once:
        value.__dict__["value"] = None
        return value
    value.duration_ms = result.get("Duration")
    value.billed_ms = result.get("BillDuration")
    value.memory_bytes = result.get("MemUsage")
    value.log_tail = str(result.get("Log") or "")
    return value


def _failure(answer: "Any", inner: "Dict[str, Any]", result: "Dict[str, Any]", ret_msg: str) -> "Optional[Failure]":
    """The error that a result tells of; None where the handler returned an object that only looks like one."""
    invoke_result, err_msg = result.get("InvokeResult"), result.get("ErrMsg")
    if not invoke_result and not err_msg and not _is_platforms(_error_object(ret_msg)):
        return None
    status = invoke_result if isinstance(invoke_result, int) and invoke_result >= 400 else None
    error = failure_of(ret_msg, status, inner.get("RequestId"), err_msg, answer)
    error.log_tail = str(result.get("Log") or "")
    return error, _row_of(error)


def failure_of(
    ret_msg: str,
    status: "Optional[int]",
    request_id: "Optional[str]",
    err_msg: "Optional[str]" = None,
    answer: "Any" = None,
) -> errors.TencentServerlessSDKException:
    """The error of a failed execution, told by its `RetMsg`; `status` is what else is known of its status code."""
    told = _error_object(ret_msg)
    status = status if _number(told.get("statusCode")) is None else told["statusCode"]
    stack_trace = told.get("stackTrace") or ""
    is_function_s = status == 430 or (status is None and bool(stack_trace))
    error = (errors.FunctionError if is_function_s else errors.InvocationError)(
        told.get("errorCode", -1),
        told.get("errorMessage") or err_msg or ret_msg,
        request_id,
        answer,
        stack_trace if isinstance(stack_trace, str) else json.dumps(stack_trace, ensure_ascii=False),
    )
    error.status_code = status
    error.executed = _row_of(error).executed
    return error


def _row_of(error: errors.ServerlessError) -> retry.Row:
    if error.status_code is None and error.stack_trace:
        return retry.ENDED
    return retry.row_of_status(error.status_code)


def _error_object(ret_msg: str) -> "Dict[str, Any]":
    try:
        told = parsed(ret_msg)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _is_platforms(told: "Dict[str, Any]") -> bool:
    status = _number(told.get("statusCode"))
    return (
        _PLATFORM_KEYS.issuperset(told)
        and isinstance(told.get("errorMessage"), str)
        and status is not None
        and status >= 400
    )


def _number(value: "Any") -> "Optional[int]":
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _refusal(answer: "Any", inner: "Dict[str, Any]") -> "Failure":
    code, message = inner["Error"]["Code"], inner["Error"].get("Message")
    row = retry.row_of_code(code)
    error = api_error_class(code)(code, message, inner.get("RequestId"), answer)
    error.executed = row.executed
    return error, row


def api_error_class(code: str) -> "Type[errors.APIError]":
    """The class of an API error code, by its family: a code that appears tomorrow has a home."""
    for prefixes, family in _FAMILIES:
        if code.startswith(prefixes):
            return family
    return errors.APIError


_FAMILIES = (
    (("AuthFailure", "Unauthorized"), errors.AuthError),
    (("ResourceNotFound",), errors.NotFoundError),
    (("Invalid", "Missing", "Unknown"), errors.ParameterError),
    (("RequestLimitExceeded", "LimitExceeded"), errors.ThrottledError),
)


def _not_api(response: "Response", origin: "Origin", answer: "Any") -> "Failure":
    text = response.body.decode("utf-8", "replace")
    message = "%r answered HTTP %d with what is not an answer of the API: %s" % (
        origin,
        response.status,
        text[:200] or "(empty)",
    )
    error = errors.ProtocolError("ClientNetworkError", message, None, text if answer is None else answer)
    error.executed = retry.NOT_API.executed
    error.phase = "read"
    return error, retry.NOT_API
