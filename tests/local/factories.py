"""Functions, invocations and records for tests of pure rooms."""

from pathlib import Path

from tencentserverless.local.model import outcomes
from tencentserverless.local.model.function import Function
from tencentserverless.local.model.invocation import Invocation, Record

REQUEST_ID = "11111111-2222-4333-8444-555555555555"
FAILURES = {  # by status code: how the outcome is made of an invocation, its error code and its message
    407: (lambda i: outcomes.too_large(i, 6291456), -1, "Response size exceeds the limit of 6291456 bytes"),
    430: (lambda i: outcomes.raised(i, "Traceback"), -1, "user code exception caught"),
    432: (outcomes.no_capacity, 1, "Resource limit exceed for function [hello]"),
    433: (outcomes.timed_out, -1, "Invoking task timed out after 3 seconds"),
    434: (outcomes.memory_exceeded, -1, "Task memory exceeded 128 MB"),
    439: (outcomes.exited, -1, "User process exit when running"),
    443: (lambda i: outcomes.not_started(i, "Traceback\nSyntaxError: x"), 1, "Traceback\nSyntaxError: x"),
    450: (outcomes.start_timed_out, -1, "Initialization timed out after 65 seconds"),
}


def function(name="hello", **more):
    return Function(name=name, code=Path("/code") / name, origin=f"/code/{name}", **more)


def invocation(event=b"{}", request_id=REQUEST_ID, **more):
    return Invocation(request_id, function(**more), event)


def record(outcome, **more):
    ended = Record(invocation(**more))
    ended.outcome = outcome
    return ended
