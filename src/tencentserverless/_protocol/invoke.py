"""One invocation as an API request, and the API's answer as a result or an error.

Invoke: https://cloud.tencent.com/document/product/583/17243
InvokeFunction: https://cloud.tencent.com/document/product/583/58400
"""

import json

from tencentserverless import exception as errors
from tencentserverless._protocol import event as events
from tencentserverless._protocol import failure
from tencentserverless._protocol.json_text import parsed
from tencentserverless._protocol.request import CHINESE

__tracebackhide__ = True  # from pytest: it shows the caller's frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Iterable, Optional, Tuple, Type, Union

    from tencentserverless._protocol.action import Fallback
    from tencentserverless._protocol.effects import Origin
    from tencentserverless._protocol.failure import Failure
    from tencentserverless._protocol.http1 import Response

    Head = Tuple[str, str, int]
    Outcome = Union["InvokeResult", Failure]

MAX_EVENT_BYTES = 6 * 1024 * 1024  # synchronous
MAX_ASYNC_EVENT_BYTES = 128 * 1024  # invocation type Event
MAX_ROUTING_KEY_BYTES = 1024
MAX_BODY_BYTES = 10 * 1024 * 1024  # of a request, the event escaped once more in it


class Invocation:
    """One invocation, or another action of the API, with everything that its first attempt needs but the credentials.

    function_name, namespace: the function; None for other actions. language: that of the API's messages.
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
        "function_name",
        "namespace",
        "language",
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
        function_name: "Optional[str]" = None,
        namespace: "Optional[str]" = None,
        language: str = CHINESE,
    ) -> None:
        self.origin = origin
        self.region = region
        self.function_name = function_name
        self.namespace = namespace
        self.language = language
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

    def named(self, error: errors.ServerlessError) -> errors.ServerlessError:
        """The error, with the function that it is about."""
        return failure.named(error, self.function_name, self.region, self.namespace)


class _Decoded:
    """`InvokeResult.value`: decoded at the first access, then stored in the instance, where later accesses find it."""

    def __get__(self, result: "Optional[InvokeResult]", owner: "Any" = None) -> "Any":
        if result is None:
            return self
        value = result.__dict__["value"] = decoded(result)
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
    try:
        head = (
            f'{{"FunctionName": {quoted(function_name)}, "Namespace": {quoted(_given(namespace, "default"))}, '
            f'"Qualifier": {quoted(_given(qualifier, "$LATEST"))}, "LogType": {quoted(_given(log_type, "None"))}'
        )
        if action == "Invoke":
            head += f', "InvocationType": {quoted(_given(invocation_type, "RequestResponse"))}'
    except TypeError:
        options = (("namespace", namespace), ("log_type", log_type), ("qualifier", qualifier))
        raise TypeError(_wrong_option(function_name, (*options, ("invocation_type", invocation_type)))) from None
    name, most = "Event", MAX_EVENT_BYTES
    if action == "Invoke":
        name = "ClientContext"
        most = MAX_ASYNC_EVENT_BYTES if invocation_type == "Event" else MAX_EVENT_BYTES
    if routing_key is not None:
        head += f', "RoutingKey": {quoted(_routing_key_text(routing_key))}'
    return head, name, most


def check_name(function_name: "Any") -> None:
    """Raise TypeError if this cannot be the name of a function."""
    if not isinstance(function_name, str):
        raise TypeError(f"function_name is a text, not {type(function_name).__name__}")
    if not function_name:
        raise TypeError("function_name is empty")


def _given(option: "Optional[str]", default: str) -> "Any":
    """The value of an option. What is not a text is not taken for a missing one: it stands in the wrong place."""
    return default if option is None or option == "" else option


def _wrong_option(function_name: str, options: "Iterable[Tuple[str, Any]]") -> str:
    """The message about the first option that is not a text."""
    name, value = next((name, value) for name, value in options if not isinstance(value, (str, type(None))))
    return not_invoked(function_name, name, value, "the second argument" if name == "namespace" else "")


def not_invoked(function_name: str, name: str, value: "Any", place: str = "") -> str:
    """The message about an argument that is not a text. place: where it stands, if the event may be there instead."""
    advice = f": {place} is the {name}, the event is data=" if place else ""
    return f"{name} is a text, not {type(value).__name__}{advice}; {function_name} was not invoked"


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
        reason = "JSON has neither NaN nor Infinity" if "Out of range float" in str(error) else error
        message = f"the event is not JSON: {events.bad_part(data, encode)} ({reason})"
        cause = error.__cause__  # the exception of a `default` that failed
    raise errors.EventError("ClientParamsError", message) from cause


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
                failed = failure.of_result(answer, inner, result, ret_msg)
                if failed is not None:
                    return failed
            return _success(inner, result, ret_msg, invocation.returns_at_once)
        if type(refusal) is dict and isinstance(refusal.get("Code"), str):
            return failure.of_refusal(answer, inner)
    return failure.of_stranger(response, invocation.origin, answer)


def decipher_action(response: "Response", invocation: Invocation) -> "Union[Dict[str, Any], Failure]":
    """The outcome of any other action from its HTTP response: the object in `Response`, or an error with its row."""
    answer = _json(response)
    inner = answer.get("Response") if type(answer) is dict else None
    if type(inner) is not dict:
        return failure.of_stranger(response, invocation.origin, answer)
    refusal = inner.get("Error")
    if type(refusal) is dict and isinstance(refusal.get("Code"), str):
        return failure.of_refusal(answer, inner)
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
