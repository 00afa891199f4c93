"""The answers of the API: what an admitted call asks for, and the envelope of what it gets. Pure."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from tencentserverless.local.api.call import Call
from tencentserverless.local.api.functions import LATEST, UNPUBLISHED, find
from tencentserverless.local.api.parameters import choice, from_json
from tencentserverless.local.functions.catalog import Lookup
from tencentserverless.local.model import api_errors
from tencentserverless.local.model.function import Function

EVENT_LIMIT_BYTES = 6 * 1024 * 1024
ASYNC_EVENT_LIMIT_BYTES = 128 * 1024
ROUTING_KEY_LIMIT_BYTES = 1024


class Wanted(NamedTuple):
    """The invocation that a call asks for. `event` is JSON text in UTF-8 in which lone surrogates pass."""

    function: Function
    event: bytes
    invocation_type: str
    qualifier: str
    log_type: str


def wanted(call: Call, parameters: Mapping[str, Any], catalog: Lookup) -> Wanted:
    """What `Invoke` and `InvokeFunction` ask for. Raises `Refusal`."""
    invocation_type = choice(parameters, "InvocationType", ("RequestResponse", "Event"))
    log_type = choice(parameters, "LogType", ("None", "Tail"))
    _check_routing_key(parameters.get("RoutingKey"))
    event = _event(call.action, parameters, invocation_type)
    function = find(call.region, parameters, catalog)
    qualifier = parameters.get("Qualifier") or (LATEST if call.action == "Invoke" else "$DEFAULT")
    _check_qualifier(qualifier)
    return Wanted(function, event, invocation_type, qualifier, log_type)


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


def _check_qualifier(qualifier: str) -> None:
    if qualifier not in UNPUBLISHED:
        raise api_errors.qualifier_not_found(qualifier)
