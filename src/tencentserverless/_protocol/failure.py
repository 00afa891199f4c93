"""The error of an answer of the API, and its row of the retry table.

Codes of the API: https://cloud.tencent.com/document/product/583/30771
Status codes of functions: https://cloud.tencent.com/document/product/583/42611
"""

import json

from tencentserverless import exception as errors
from tencentserverless._protocol import retry
from tencentserverless._protocol.json_text import parsed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Optional, Tuple, Type

    from tencentserverless._protocol.effects import Origin
    from tencentserverless._protocol.http1 import Response

    Failure = Tuple[errors.ServerlessError, retry.Row]

_PLATFORM_KEYS = frozenset(("errorCode", "errorMessage", "requestId", "stackTrace", "statusCode"))


def named(
    error: errors.ServerlessError, function_name: "Optional[str]", region: "Optional[str]", namespace: "Optional[str]"
) -> errors.ServerlessError:
    """The error, with the function that it is about, which its text names."""
    if function_name is not None:
        error.function_name, error.region, error.namespace = function_name, region, namespace or "default"
    return error


def of_result(answer: "Any", inner: "Dict[str, Any]", result: "Dict[str, Any]", ret_msg: str) -> "Optional[Failure]":
    """The error in a result; None if the handler returned an object that only looks like one."""
    invoke_result, err_msg = result.get("InvokeResult"), result.get("ErrMsg")
    if not invoke_result and not err_msg and not _is_platforms(_error_object(ret_msg), inner, result):
        return None
    status = invoke_result if isinstance(invoke_result, int) and invoke_result >= 400 else None
    error = failure_of(ret_msg, status, inner.get("RequestId"), err_msg, answer)
    error.log_tail = str(result.get("Log") or "")
    return error, _row_of(error, _error_object(ret_msg))


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
    error.executed = _row_of(error, fields).executed
    return error


def _row_of(error: errors.ServerlessError, fields: "Dict[str, Any]") -> retry.Row:
    if fields.get("executed") == "no":  # the local endpoint could not start a worker; the platform has no such field
        return retry.NOT_LOADED
    if error.status_code is None and error.stack_trace:
        return retry.ENDED
    return retry.row_of_status(error.status_code)


def _error_object(ret_msg: str) -> "Dict[str, Any]":
    try:
        fields = parsed(ret_msg)
    except (ValueError, RecursionError):
        return {}
    return fields if isinstance(fields, dict) else {}


def _is_platforms(fields: "Dict[str, Any]", inner: "Dict[str, Any]", result: "Dict[str, Any]") -> bool:
    """Whether the platform made this object of an answer that tells of no failure. A handler may return one like it.

    The platform's has an errorCode and the id of this very request; a handler's own `{"statusCode": 404,
    "errorMessage": ...}` has not.
    """
    status = _number(fields.get("statusCode"))
    ids = [found for found in (inner.get("RequestId"), result.get("FunctionRequestId")) if found is not None]
    return (
        _PLATFORM_KEYS.issuperset(fields)
        and _number(fields.get("errorCode")) is not None
        and isinstance(fields.get("errorMessage"), str)
        and status is not None
        and status >= 400
        and ("requestId" not in fields or fields["requestId"] in ids)
    )


def _number(value: "Any") -> "Optional[int]":
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def of_refusal(answer: "Any", inner: "Dict[str, Any]") -> "Failure":
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


def of_stranger(response: "Response", origin: "Origin", answer: "Any") -> "Failure":
    text = response.body.decode("utf-8", "replace")
    message = (
        f"{origin!r} answered HTTP {response.status} with text that is not an answer of the API: "
        f"{text[:200] or '(empty)'}"
    )
    error = errors.ProtocolError("ClientNetworkError", message, None, text if answer is None else answer)
    error.executed = retry.NOT_API.executed
    error.phase = "read"
    error.endpoint = repr(origin)
    return error, retry.NOT_API
