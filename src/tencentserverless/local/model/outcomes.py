"""The outcomes of failed invocations, one for each status code of the platform. Pure.

https://cloud.tencent.com/document/product/583/42611
"""

import json
from typing import Any

from tencentserverless.local.model.invocation import Invocation, Outcome


def failure(invocation: Invocation, status_code: int, message: str, *, code: int = -1, trace: str = "") -> Outcome:
    """The outcome of a failure. Its `ret_msg` is the error object that the platform returns instead of a result.

    code: the platform's `errorCode`. trace: the traceback, or "".
    """
    error: dict[str, Any] = {"errorCode": code, "errorMessage": message, "requestId": invocation.request_id}
    if trace:
        error["stackTrace"] = trace
    error["statusCode"] = status_code
    return Outcome(status_code, json.dumps(error, ensure_ascii=False), message)


def too_large(invocation: Invocation, limit_bytes: int) -> Outcome:
    return failure(invocation, 407, f"Response size exceeds the limit of {limit_bytes} bytes")


def raised(invocation: Invocation, trace: str) -> Outcome:
    """The handler has raised an exception, or its result cannot be written as JSON."""
    return failure(invocation, 430, "user code exception caught", trace=trace)


def no_capacity(invocation: Invocation) -> Outcome:
    return failure(invocation, 432, f"Resource limit exceed for function [{invocation.function.name}]", code=1)


def timed_out(invocation: Invocation) -> Outcome:
    return failure(invocation, 433, f"Invoking task timed out after {invocation.function.timeout} seconds")


def memory_exceeded(invocation: Invocation) -> Outcome:
    return failure(invocation, 434, f"Task memory exceeded {invocation.function.memory_mb} MB")


def exited(invocation: Invocation) -> Outcome:
    return failure(invocation, 439, "User process exit when running")


def not_started(invocation: Invocation, trace: str) -> Outcome:
    """The function cannot be loaded: an import fails, or the handler is missing. The traceback is the message."""
    return failure(invocation, 443, trace, code=1)


def start_timed_out(invocation: Invocation) -> Outcome:
    return failure(invocation, 450, f"Initialization timed out after {invocation.function.init_timeout} seconds")


def not_set_up(invocation: Invocation, reason: str) -> Outcome:
    """The worker could not be started. `executed` is not a field of the platform: our client reads it."""
    message = f"the worker could not be started: {reason}"
    error = {"errorCode": -1, "errorMessage": message, "requestId": invocation.request_id, "statusCode": 500}
    return Outcome(500, json.dumps({**error, "executed": "no"}, ensure_ascii=False), message)


def platform_failed(message: str) -> Outcome:
    """A failure of the endpoint itself. `ret_msg` is plain text, as it is on the platform."""
    return Outcome(500, message, message)
