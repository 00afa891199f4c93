"""Functions, invocations and records for tests of pure rooms."""

from pathlib import Path

from tencentserverless.local.model.function import Function
from tencentserverless.local.model.invocation import Invocation, Record

REQUEST_ID = "11111111-2222-4333-8444-555555555555"


def function(name="hello", **more):
    return Function(name=name, code=Path("/code") / name, origin=f"/code/{name}", **more)


def invocation(event=b"{}", request_id=REQUEST_ID, **more):
    return Invocation(request_id, function(**more), event)


def record(outcome, **more):
    ended = Record(invocation(**more))
    ended.outcome = outcome
    return ended
