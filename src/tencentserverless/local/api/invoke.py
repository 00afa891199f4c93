"""The actions that run functions: Invoke and InvokeFunction.

https://cloud.tencent.com/document/api/583/17243 and /583/58400
"""

from collections.abc import Mapping
from functools import partial
from time import time
from typing import Any, NamedTuple

from tencentserverless.local.api.actions import Action, Services
from tencentserverless.local.api.call import Call, PendingCall
from tencentserverless.local.api.lookup import LATEST, check_qualifier, find
from tencentserverless.local.api.parameters import choice, from_json
from tencentserverless.local.doubles.ways import Way
from tencentserverless.local.functions.catalog import Lookup
from tencentserverless.local.invocations import log
from tencentserverless.local.model import api_errors
from tencentserverless.local.model.function import Function
from tencentserverless.local.model.invocation import Invocation, Record

EVENT_LIMIT_BYTES = 6 * 1024 * 1024
ASYNC_EVENT_LIMIT_BYTES = 128 * 1024
ROUTING_KEY_LIMIT_BYTES = 1024


class InvokeParameters(NamedTuple):
    """The checked parameters of Invoke or InvokeFunction.

    event: JSON text in UTF-8, which may contain lone surrogates.
    """

    function: Function
    event: bytes
    invocation_type: str
    qualifier: str
    log_type: str


def invoke_parameters(call: Call, catalog: Lookup) -> InvokeParameters:
    """Check the parameters of a call of `Invoke` or `InvokeFunction`. Raises `Refusal`."""
    parameters = call.parameters
    invocation_type = choice(parameters, "InvocationType", ("RequestResponse", "Event"))
    log_type = choice(parameters, "LogType", ("None", "Tail"), any_case=True)
    _check_routing_key(parameters.get("RoutingKey"))
    event = _event(call.action, parameters, invocation_type)
    function = find(call.region, parameters, catalog)
    qualifier = parameters.get("Qualifier") or (LATEST if call.action == "Invoke" else "$DEFAULT")
    check_qualifier(qualifier)
    return InvokeParameters(function, event, invocation_type, qualifier, log_type)


def _invoke(services: Services, call: Call, pending: PendingCall) -> None:
    parameters = invoke_parameters(call, services.catalog)
    caller = services.invocations.running_on(call.sent_by)
    parent, callers = caller.child() if caller else (None, ())
    way = services.catalog.way_of(parameters.function.key, pending.request_id)
    if way is not None and _ends_before(way, pending, is_function=caller is not None):
        return
    invocation = Invocation(
        pending.request_id,
        parameters.function,
        parameters.event,
        parameters.invocation_type,
        parameters.qualifier,
        parent,
        time(),
        callers,
    )
    if parameters.invocation_type == "Event":
        services.invocations.invoke_later(invocation)
        pending.answer({"Result": log.event_result(invocation.request_id)})
    else:
        services.invocations.invoke(invocation, partial(_answer, pending, parameters.log_type, way))


def _ends_before(way: Way, pending: PendingCall, *, is_function: bool) -> bool:
    """Prepare a fault of the way that a test wants. Returns whether the invocation ends before its function runs."""
    if way.refusal is not None and not way.runs:
        raise way.refusal()
    pending.spoiled = way.spoiled_for(is_function=is_function)
    if not way.runs:
        pending.answer({})
    return not way.runs


def _answer(pending: PendingCall, log_type: str, way: Way | None, found: Record | Exception) -> None:
    try:
        if way is not None and way.refusal is not None:
            raise way.refusal()
        if isinstance(found, Exception):
            raise found
        result = log.result(found, log_type)
    except Exception as error:  # noqa: BLE001
        pending.fail(error)
    else:
        pending.answer({"Result": result})


def _event(action: str, parameters: Mapping[str, Any], invocation_type: str) -> bytes:
    text: str = parameters.get("ClientContext" if action == "Invoke" else "Event") or "{}"
    event = text.encode("utf-8", "surrogatepass")
    limit = ASYNC_EVENT_LIMIT_BYTES if invocation_type == "Event" else EVENT_LIMIT_BYTES
    if len(event) > limit:
        code = "InvalidParameterValue" if action == "Invoke" else "InvalidParameter.RequestTooLarge"
        raise api_errors.event_too_large(code, limit, len(event))
    return event


def _check_routing_key(text: str | None) -> None:
    if not text:
        return
    if len(text.encode("utf-8", "surrogatepass")) > ROUTING_KEY_LIMIT_BYTES:
        raise api_errors.wrong_value("RoutingKey")
    try:
        from_json(text.encode("utf-8", "replace"))
    except api_errors.Refusal:
        raise api_errors.wrong_value("RoutingKey") from None


ACTIONS = (
    Action(
        "Invoke",
        _invoke,
        {
            "FunctionName": str,
            "InvocationType": str,
            "Qualifier": str,
            "ClientContext": str,
            "LogType": str,
            "Namespace": str,
            "RoutingKey": str,
        },
        ("FunctionName",),
    ),
    Action(
        "InvokeFunction",
        _invoke,
        {
            "FunctionName": str,
            "Qualifier": str,
            "Event": str,
            "LogType": str,
            "Namespace": str,
            "RoutingKey": str,
        },
        ("FunctionName",),
    ),
)
