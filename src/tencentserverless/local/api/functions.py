"""The actions that read functions: GetFunction and ListFunctions. Pure."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from tencentserverless.local.api.parameters import choice
from tencentserverless.local.functions.catalog import Lookup
from tencentserverless.local.model import api_errors
from tencentserverless.local.model.function import DEFAULT_NAMESPACE, FUNCTION_NAME, Function

LATEST = "$LATEST"
UNPUBLISHED = (LATEST, "$DEFAULT")


def find(region: str, parameters: Mapping[str, Any], catalog: Lookup) -> Function:
    """The function that the parameters name. Raises `Refusal`."""
    name, namespace = parameters["FunctionName"], parameters.get("Namespace") or DEFAULT_NAMESPACE
    if not FUNCTION_NAME.fullmatch(name):
        raise api_errors.invalid_function_name(name)
    function = catalog.get((region, namespace, name))
    if function is None:
        raise api_errors.function_not_found(name, _where_it_is(name, region, namespace, catalog))
    return function


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
        raise api_errors.unsupported_operation("The local endpoint does not serve `Filters` yet.")
    order = choice(parameters, "Order", ("ASC", "DESC"))
    if choice(parameters, "Orderby", ("AddTime", "ModTime", "FunctionName")) == "FunctionName":
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


def _where_it_is(name: str, region: str, namespace: str, catalog: Lookup) -> str:
    elsewhere = [f"{function.region}/{function.namespace}" for function in catalog.places_of(name)]
    if elsewhere:
        return f"It is in {', '.join(elsewhere)}; asked for was {region}/{namespace}."
    here = ", ".join(function.name for function in catalog.inside(region, namespace))
    return f"{region}/{namespace} has: {here or 'none'}."
