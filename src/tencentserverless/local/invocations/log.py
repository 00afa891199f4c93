"""The results and the log of an invocation, in the format of the platform. Pure.

Status codes: https://cloud.tencent.com/document/product/583/42611
Log structure: https://cloud.tencent.com/document/product/583/60336
"""

import json
from math import ceil
from typing import Any

from tencentserverless.local.model.function import Function
from tencentserverless.local.model.invocation import MB, Outcome, Record

TAIL_BYTES = 4096
LOGGED_RESULT_CHARACTERS = 4096


def result(record: Record, log_type: str) -> dict[str, Any]:
    """The `Result` of Invoke and InvokeFunction."""
    outcome = record.outcome
    assert outcome is not None
    return {
        "Log": tail(record) if log_type == "Tail" else "",
        "RetMsg": outcome.ret_msg,
        "ErrMsg": outcome.error_message,
        "MemUsage": outcome.memory_bytes,
        "Duration": round(outcome.duration_ms, 3),
        "BillDuration": ceil(outcome.duration_ms),
        "FunctionRequestId": record.invocation.request_id,
        "InvokeResult": 0 if outcome.succeeded else -1 if outcome.status_code >= 500 else 1,
    }


def event_result(request_id: str) -> dict[str, Any]:
    """The `Result` of an Event invocation. Only its request id has a meaning."""
    return {
        "Log": "",
        "RetMsg": "",
        "ErrMsg": "",
        "MemUsage": 0,
        "Duration": 0,
        "BillDuration": 0,
        "FunctionRequestId": request_id,
        "InvokeResult": 0,
    }


def log(record: Record) -> str:
    """The complete log of an invocation, in the format of the log service."""
    outcome = record.outcome
    assert outcome is not None
    lines = [f"START RequestId:{record.invocation.request_id}", *_printed(outcome.init_output)]
    lines += _cold_start(record, outcome)
    lines += _printed(outcome.output)
    lines += _error(record, outcome)
    if outcome.succeeded:
        lines.append(f"Response RequestId:{record.invocation.request_id} RetMsg:{_shortened(outcome.ret_msg)}")
    lines.append(f"END RequestId:{record.invocation.request_id}")
    lines.append(_report(record, outcome, "RequestId:"))
    return "\n".join(lines) + "\n"


def tail(record: Record) -> str:
    """The log for `LogType=Tail`: its end, at most `TAIL_BYTES` bytes of UTF-8."""
    outcome = record.outcome
    assert outcome is not None
    request_id = record.invocation.request_id
    lines = [f"START RequestId: {request_id}", f"Event RequestId: {request_id}"]
    lines += _printed(outcome.init_output[-TAIL_BYTES:] + outcome.output[-TAIL_BYTES:])
    lines += _error(record, outcome)
    lines += ["", f"END RequestId: {request_id}", _report(record, outcome, "RequestId: ")]
    return last_bytes("\n".join(lines), TAIL_BYTES)


def last_bytes(text: str, most: int) -> str:
    """The end of `text`, at most `most` bytes of UTF-8, cut between characters."""
    data = text[-most:].encode("utf-8", "surrogatepass")
    start = max(len(data) - most, 0)
    while start < len(data) and data[start] & 0xC0 == 0x80:  # inside a character
        start += 1
    return data[start:].decode("utf-8", "surrogatepass")


def _printed(output: str) -> list[str]:
    return [output.removesuffix("\n")] if output else []


def _cold_start(record: Record, outcome: Outcome) -> list[str]:
    if outcome.init_ms is None:
        return []
    took, invocation = round(outcome.init_ms), record.invocation
    return [
        f"Init Report RequestId: {invocation.request_id} Coldstart: {took}ms (InitFunction: {took}ms) "
        f"Memory: {invocation.function.memory_mb}MB MemUsage: {outcome.memory_bytes / MB:.2f}MB"
    ]


def _error(record: Record, outcome: Outcome) -> list[str]:
    if outcome.succeeded:
        return []
    return [f"ERROR RequestId:{record.invocation.request_id} Result:{_without_request_id(outcome.ret_msg)}"]


def _without_request_id(ret_msg: str) -> str:
    try:
        error = json.loads(ret_msg)
    except ValueError:
        return ret_msg
    error.pop("requestId", None)
    return json.dumps(error, ensure_ascii=False)


def _report(record: Record, outcome: Outcome, label: str) -> str:
    function: Function = record.invocation.function
    return (
        f"Report {label}{record.invocation.request_id} Duration:{round(outcome.duration_ms)}ms "
        f"Memory:{function.memory_mb}MB MemUsage:{outcome.memory_bytes / MB:.4f}MB"
    )


def _shortened(text: str) -> str:
    return text if len(text) <= LOGGED_RESULT_CHARACTERS else text[:LOGGED_RESULT_CHARACTERS] + " …"
