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

    from tencentserverless._protocol.action import Fallback
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
_MAX_DIGITS = 4300  # the limit of Python 3.11: the time to parse a number grows with the square of its digits


def _integer(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        raise ValueError(f"a number of {len(digits)} digits")
    return int(digits)


_scan = json.JSONDecoder().scan_once  # type: ignore[attr-defined]
_scan_long = json.JSONDecoder(parse_int=_integer).scan_once  # type: ignore[attr-defined]


class Invocation:
    """One invocation, or another action of the API, with everything that its first attempt needs but the credentials.

    body: the request's JSON. timeout: seconds, None for no limit. idempotent: the function may run twice.
    returns_at_once: the invocation type is Event.
    is_patient: try again when throttled. False in a fan-out, which sends fewer events instead.
    fallback: how to go on if the platform refuses the action InvokeFunction; None for an action that must stay.
    timeout_error: the class to raise when the deadline passes.
    decipher: makes an outcome of an HTTP response. trace, about: the caller's trace and the
        `About` in its steps; None without a trace.
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
        "fallback",
        "timeout_error",
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
        *,
        idempotent: bool = False,
        returns_at_once: bool = False,
        is_patient: bool = True,
        fallback: "Optional[Fallback]" = None,
        timeout_error: "Type[errors.InvokeTimeoutError]" = errors.InvokeTimeoutError,
    ) -> None:
        self.origin = origin
        self.region = region
        self.action = action
        self.body = body
        self.timeout = timeout
        self.idempotent = idempotent
        self.returns_at_once = returns_at_once
        self.is_patient = is_patient
        self.fallback = fallback
        self.timeout_error = timeout_error
        self.decipher: "Callable[[Response, Invocation], Any]" = decipher
        self.trace: "Optional[Callable[[Any], Any]]" = None
        self.about: "Any" = None


class _Decoded:
    """`InvokeResult.value`: decoded at the first access, then stored in the instance, where later accesses find it."""

    def __get__(self, result: "Optional[InvokeResult]", owner: "Any" = None) -> "Any":
        if result is None:
            return self
        value = result.__dict__["value"] = decoded(result)
        return value


def parsed(text: str) -> "Any":
    """The value that `json.loads` returns for `text`, without its layers. Raises ValueError or RecursionError."""
    text = text.strip(" \t\r\n")
    try:
        value, end = (_scan if len(text) <= _MAX_DIGITS else _scan_long)(text, 0)
    except StopIteration:
        raise ValueError("no JSON") from None
    if end != len(text):
        raise ValueError("more than one value")
    return value


def decoded(ret_msg: str) -> "Any":
    """The value of a result's JSON text; the text itself if it is not JSON."""
    try:
        return parsed(ret_msg)
    except (ValueError, RecursionError):
        return str(ret_msg)


class InvokeResult(str):
    """The result of an invocation: a str, the JSON text that the function returned, as the platform sent it (`RetMsg`).

    value: the decoded value; the text itself if it is not JSON; None for invocation type Event.
    request_id: the id of the API request.
    function_request_id: the id of the execution, for a search in the logs.
    duration_ms: float, the time that the handler took. billed_ms: int, the time that is billed.
    memory_bytes: int, the largest use of memory. These three are None if the platform did not send them.
    log_tail: the last 4 KB of the execution log for log type "Tail", else "".

    Mirrors `Result` of https://cloud.tencent.com/document/product/583/17243
    """

    value: "_Decoded" = _Decoded()
    request_id: "Optional[str]" = None
    function_request_id: "Optional[str]" = None
    duration_ms: "Optional[float]" = None
    billed_ms: "Optional[int]" = None
    memory_bytes: "Optional[int]" = None
    log_tail: "str" = ""


def body_head(
    action: str,
    function_name: str,
    namespace: "Optional[str]",
    log_type: "Optional[str]",
    qualifier: "Optional[str]",
    invocation_type: "Optional[str]",
    routing_key: "Optional[Dict[str, Any]]",
) -> "Head":
    """The JSON of an invocation before the event, the name of the event's field, and the event's size limit in bytes.

    The action InvokeFunction is synchronous only, and its event field has another name than Invoke's.
    """
    quoted = events.quoted_ascii
    head = (
        f'{{"FunctionName": {quoted(function_name)}, "Namespace": {quoted(namespace or "default")}, '
        f'"Qualifier": {quoted(qualifier or "$LATEST")}, "LogType": {quoted(log_type or "None")}'
    )
    name, most = "Event", MAX_EVENT_BYTES
    if action == "Invoke":
        head += f', "InvocationType": {quoted(invocation_type or "RequestResponse")}'
        name = "ClientContext"
        most = MAX_ASYNC_EVENT_BYTES if invocation_type == "Event" else MAX_EVENT_BYTES
    if routing_key is not None:
        head += f', "RoutingKey": {quoted(_routing_key_text(routing_key))}'
    return head, name, most


def invoke_body(
    parts: "Head",
    data: "Any",
    encode: "Callable[[Any], str]",
    default: "Optional[Callable[[Any], Any]]" = None,
) -> bytes:
    """The JSON of an invocation: what `body_head` returned, then the event. Raises EventError if `data` is not JSON or
    is too large."""
    head, name, most = parts
    if data is None:
        return (head + "}").encode("ascii")
    text = _event_text(data, encode)
    try:
        body = f'{head}, "{name}": {events.quoted(text)}}}'.encode()
    except UnicodeEncodeError:  # a lone surrogate
        text = events.ascii_text(data, default)
        body = f'{head}, "{name}": {events.quoted_ascii(text)}}}'.encode("ascii")
    if len(body) > MAX_ASYNC_EVENT_BYTES:
        _check_size(text, body, most)
    return body


def _event_text(data: "Any", encode: "Callable[[Any], str]") -> str:
    try:
        return encode(data)
    except (TypeError, ValueError, RecursionError) as error:
        message = f"the event is not JSON: {events.bad_part(data, encode)} ({error})"
    raise errors.EventError("ClientParamsError", message)


def _routing_key_text(routing_key: "Dict[str, Any]") -> str:
    try:
        text = json.dumps(routing_key, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise errors.SettingsError("ClientParamsError", f"routing_key is not JSON: {error}") from None
    if len(text) > MAX_ROUTING_KEY_BYTES:
        message = f"routing_key has {len(text)} bytes of JSON, more than {MAX_ROUTING_KEY_BYTES}"
        raise errors.SettingsError("ClientParamsError", message)
    return text


def _check_size(text: str, body: bytes, most: int) -> None:
    size = len(text.encode("utf-8"))
    if size > most:
        kind = "an Event" if most == MAX_ASYNC_EVENT_BYTES else "a synchronous"
        message = f"the event has {size} bytes of JSON; {kind} invocation takes {most} at most"
    elif len(body) > MAX_BODY_BYTES:
        message = f"the request has {len(body)} bytes, the event escaped in it; the API takes {MAX_BODY_BYTES} at most"
    else:
        return
    raise errors.EventError("ClientParamsError", message + ": store it (in COS, for example) and send its address")


def decipher(response: "Response", invocation: Invocation) -> "Outcome":
    """The outcome of an invocation from its HTTP response: the result, or an error with its row of the retry table."""
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
    """The outcome of any other action from its HTTP response: the object in `Response`, or an error with its row."""
    answer = _json(response)
    inner = answer.get("Response") if type(answer) is dict else None
    if type(inner) is not dict:
        return _not_api(response, invocation.origin, answer)
    refusal = inner.get("Error")
    if type(refusal) is dict and isinstance(refusal.get("Code"), str):
        return _refusal(answer, inner)
    return inner


def _json(response: "Response") -> "Any":
    """The decoded body; None if it is not JSON or the status is not 200, which the API answers with even for errors."""
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
    """The error in a result; None if the handler returned an object that only looks like one."""
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
    """The error of a failed execution, from its `RetMsg`. `status`: the status code if `RetMsg` does not have it."""
    fields = _error_object(ret_msg)
    status = status if _number(fields.get("statusCode")) is None else fields["statusCode"]
    stack_trace = fields.get("stackTrace") or ""
    has_raised = status == 430 or (status is None and bool(stack_trace))
    error = (errors.FunctionError if has_raised else errors.InvocationError)(
        fields.get("errorCode", -1),
        fields.get("errorMessage") or err_msg or ret_msg,
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
        fields = parsed(ret_msg)
    except (ValueError, RecursionError):
        return {}
    return fields if isinstance(fields, dict) else {}


def _is_platforms(fields: "Dict[str, Any]") -> bool:
    """Whether the platform made this object. A handler may return one with `errorCode` and keys of its own."""
    status = _number(fields.get("statusCode"))
    return (
        _PLATFORM_KEYS.issuperset(fields)
        and isinstance(fields.get("errorMessage"), str)
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
    """The class of an API error code, by the code's first word, so that codes which do not exist yet have a class."""
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
    message = (
        f"{origin!r} answered HTTP {response.status} with text that is not an answer of the API: "
        f"{text[:200] or '(empty)'}"
    )
    error = errors.ProtocolError("ClientNetworkError", message, None, text if answer is None else answer)
    error.executed = retry.NOT_API.executed
    error.phase = "read"
    return error, retry.NOT_API
