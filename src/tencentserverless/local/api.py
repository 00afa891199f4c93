"""The answers of the API: what an admitted call asks for, and the envelope of what it gets. Pure."""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, NamedTuple

from tencentserverless._protocol.event import text_encoder
from tencentserverless.local import refusal
from tencentserverless.local.actions import SERVED
from tencentserverless.local.catalog import DEFAULT_NAMESPACE, FUNCTION_NAME, Function, Lookup
from tencentserverless.local.gate import Call
from tencentserverless.local.parameters import from_json

EVENT_LIMIT_BYTES = 6 * 1024 * 1024
ASYNC_EVENT_LIMIT_BYTES = 128 * 1024
ROUTING_KEY_LIMIT_BYTES = 1024
LATEST = "$LATEST"
UNPUBLISHED = (LATEST, "$DEFAULT")


class Wanted(NamedTuple):
    """The invocation that a call asks for. `event` is JSON text in UTF-8 in which lone surrogates pass."""

    function: Function
    event: bytes
    invocation_type: str
    qualifier: str
    log_type: str


def answer(request_id: str, fields: Mapping[str, Any]) -> bytes:
    """The body of a success."""
    return _encode({"Response": {**fields, "RequestId": request_id}}).encode()


def refused(request_id: str, error: refusal.Refusal, language: str = "en-US") -> bytes:
    """The body of an API error, whose HTTP status is 200 like a success's."""
    return answer(request_id, {"Error": {"Code": error.code, "Message": error.text(language)}})


def checked_parameters(call: Call) -> dict[str, Any]:
    """The parameters of a served action. Raises `Refusal`."""
    action = SERVED.get(call.action)
    if action is None:
        raise refusal.unsupported_operation(f"The local endpoint does not serve the action `{call.action}` yet.")
    return action.checked(call.parameters)


def wanted(call: Call, parameters: Mapping[str, Any], catalog: Lookup) -> Wanted:
    """What `Invoke` and `InvokeFunction` ask for. Raises `Refusal`."""
    invocation_type = _choice(parameters, "InvocationType", ("RequestResponse", "Event"))
    log_type = _choice(parameters, "LogType", ("None", "Tail"))
    _check_routing_key(parameters.get("RoutingKey"))
    event = _event(call.action, parameters, invocation_type)
    function = find(call.region, parameters, catalog)
    qualifier = parameters.get("Qualifier") or (LATEST if call.action == "Invoke" else "$DEFAULT")
    _check_qualifier(qualifier)
    return Wanted(function, event, invocation_type, qualifier, log_type)


def find(region: str, parameters: Mapping[str, Any], catalog: Lookup) -> Function:
    """The function that the parameters name. Raises `Refusal`."""
    name, namespace = parameters["FunctionName"], parameters.get("Namespace") or DEFAULT_NAMESPACE
    if not FUNCTION_NAME.fullmatch(name):
        raise refusal.invalid_function_name(name)
    function = catalog.get((region, namespace, name))
    if function is None:
        raise refusal.function_not_found(name, _where_it_is(name, region, namespace, catalog))
    return function


def check_event(event: bytes) -> None:
    """Raises `Refusal` unless `event` is standard JSON."""
    try:
        _strict_json(event.decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError):
        raise refusal.event_not_json() from None


def get_function(function: Function, code: str | None, code_bytes: int, modified: str) -> dict[str, Any]:
    """The fields of `GetFunction`. modified: ``YYYY-MM-DD HH:MM:SS``. code: the entry file, where it was asked for."""
    return {
        **_described(function, modified),
        "FunctionVersion": LATEST,
        "Qualifier": LATEST,
        "Handler": function.handler,
        "MemorySize": function.memory_mb,
        "Timeout": function.timeout,
        "InitTimeout": function.init_timeout,
        "CodeSize": code_bytes,
        "CodeInfo": code or "",
        "CodeResult": "success",
        "CodeError": "",
        "ErrNo": 0,
        "Environment": {"Variables": [{"Key": key, "Value": value} for key, value in function.variables.items()]},
        "AvailableStatus": "Available",
        **_UNUSED,
    }


def list_functions(region: str, parameters: Mapping[str, Any], catalog: Lookup, modified: str) -> dict[str, Any]:
    """The fields of `ListFunctions`. Raises `Refusal`."""
    found = catalog.inside(region, parameters.get("Namespace") or DEFAULT_NAMESPACE)
    for name, text in (("SearchKey", "name"), ("Description", "description")):
        if parameters.get(name):
            found = [function for function in found if parameters[name] in getattr(function, text)]
    if parameters.get("Filters"):
        raise refusal.unsupported_operation("The local endpoint does not serve `Filters` yet.")
    order = _choice(parameters, "Order", ("ASC", "DESC"))
    if _choice(parameters, "Orderby", ("AddTime", "ModTime", "FunctionName")) == "FunctionName":
        found = sorted(found, key=lambda function: function.name)
    if order == "DESC":
        found.reverse()
    offset, limit = max(parameters.get("Offset", 0), 0), max(parameters.get("Limit", 20), 0)
    page = found[offset : offset + limit]
    return {"Functions": [_listed(function, modified) for function in page], "TotalCount": len(found)}


_UNUSED: dict[str, Any] = {
    "Role": "",
    "UseGpu": "FALSE",
    "L5Enable": "FALSE",
    "OnsEnable": "FALSE",
    "DnsCache": "FALSE",
    "InstallDependency": "FALSE",
    "VpcConfig": {"VpcId": "", "SubnetId": ""},
    "Layers": [],
    "Triggers": [],
    "ClsLogsetId": "",
    "ClsTopicId": "",
    "DeadLetterConfig": {"Type": "", "Name": "", "FilterType": ""},
    "PublicNetConfig": {"PublicNetStatus": "ENABLE", "EipConfig": {"EipStatus": "DISABLE", "EipAddress": []}},
    "EipConfig": {"EipFixed": "FALSE", "Eips": []},
    "CfsConfig": {"CfsInsList": []},
    "AccessInfo": {"Host": "", "Vip": ""},
    "ImageConfig": None,
    "ProtocolType": "",
    "ProtocolParams": None,
    "InstanceConcurrencyConfig": None,
    "IntranetConfig": {"IpFixed": "DISABLE", "IpAddress": []},
}


def _described(function: Function, modified: str) -> dict[str, Any]:
    digest = sha256("/".join(function.key).encode()).hexdigest()
    return {
        "FunctionName": function.name,
        "FunctionId": f"lam-{digest[:8]}",
        "Namespace": function.namespace,
        "Runtime": function.runtime or "",
        "Description": function.description,
        "Type": "Event",
        "Status": "Active",
        "StatusDesc": "",
        "StatusReasons": [],
        "AddTime": modified,
        "ModTime": modified,
        "Tags": [],
        "AsyncRunEnable": "FALSE",
        "TraceEnable": "FALSE",
    }


def _listed(function: Function, modified: str) -> dict[str, Any]:
    concurrency = {"TotalProvisionedConcurrencyMem": None, "ReservedConcurrencyMem": None}
    return {**_described(function, modified), **concurrency}


def _choice(parameters: Mapping[str, Any], name: str, allowed: tuple[str, ...]) -> str:
    """One of `allowed`, the first of which stands for nothing given."""
    value: str = parameters.get(name) or allowed[0]
    if value not in allowed:
        raise refusal.wrong_value(name)
    return value


def _event(action: str, parameters: Mapping[str, Any], invocation_type: str) -> bytes:
    text: str = parameters.get("ClientContext" if action == "Invoke" else "Event") or "{}"
    event = text.encode("utf-8", "surrogatepass")
    limit = ASYNC_EVENT_LIMIT_BYTES if invocation_type == "Event" else EVENT_LIMIT_BYTES
    if len(event) > limit:
        code = "InvalidParameterValue" if action == "Invoke" else "InvalidParameter.RequestTooLarge"
        raise refusal.event_too_large(code, limit, len(event))
    return event


def _check_routing_key(text: str | None) -> None:
    if not text:
        return
    if len(text.encode("utf-8", "surrogatepass")) > ROUTING_KEY_LIMIT_BYTES:
        raise refusal.wrong_value("RoutingKey")
    try:
        from_json(text.encode("utf-8", "replace"))
    except refusal.Refusal:
        raise refusal.wrong_value("RoutingKey") from None


def _check_qualifier(qualifier: str) -> None:
    if qualifier not in UNPUBLISHED:
        raise refusal.qualifier_not_found(qualifier)


def _where_it_is(name: str, region: str, namespace: str, catalog: Lookup) -> str:
    elsewhere = [f"{function.region}/{function.namespace}" for function in catalog.places_of(name)]
    if elsewhere:
        return f"It is in {', '.join(elsewhere)}; asked for was {region}/{namespace}."
    here = ", ".join(function.name for function in catalog.inside(region, namespace))
    return f"{region}/{namespace} has: {here or 'none'}."


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


_encode = text_encoder(ascii_only=True)
_strict_json = json.JSONDecoder(parse_constant=_refuse_constant).decode
