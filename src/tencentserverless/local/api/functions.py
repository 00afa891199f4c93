"""The actions that read functions: GetFunction, ListFunctions and ListNamespaces.

https://cloud.tencent.com/document/api/583/18584 and /583/18582
"""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any

from tencentserverless._protocol import api_times
from tencentserverless.local.api.actions import Action, Services
from tencentserverless.local.api.call import Call, PendingCall
from tencentserverless.local.api.lookup import LATEST, check_qualifier, find
from tencentserverless.local.api.parameters import choice, offset_and_limit
from tencentserverless.local.eventloop.in_thread import in_thread
from tencentserverless.local.functions import code_info
from tencentserverless.local.functions.catalog import Lookup
from tencentserverless.local.functions.code_info import CodeInfo
from tencentserverless.local.model import api_errors
from tencentserverless.local.model.function import DEFAULT_NAMESPACE, Function


def get_function(function: Function, code: CodeInfo, *, show_code: bool) -> dict[str, Any]:
    """The fields of `GetFunction`. Pure."""
    return {
        **_described(function, code.modified),
        "FunctionVersion": LATEST,
        "Qualifier": LATEST,
        "Handler": function.handler,
        "MemorySize": function.memory_mb,
        "Timeout": function.timeout,
        "InitTimeout": function.init_timeout,
        "CodeSize": code.size_bytes,
        "CodeInfo": (code.entry_text or "") if show_code else "",
        "CodeResult": "success",
        "CodeError": "",
        "ErrNo": 0,
        "Environment": {"Variables": [{"Key": key, "Value": value} for key, value in function.variables.items()]},
        "Layers": [_layer(layer.name, layer.version, code.modified) for layer in function.layers],
        "AvailableStatus": "Available",
        **_UNUSED,
    }


def functions_on_page(call: Call, catalog: Lookup) -> tuple[list[Function], int]:
    """The functions on one page of `ListFunctions`, and their number on all pages. Raises `Refusal`."""
    parameters = call.parameters
    found = catalog.inside(call.region, parameters.get("Namespace") or DEFAULT_NAMESPACE)
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
    offset, limit = offset_and_limit(parameters)
    return found[offset : offset + limit], len(found)


def list_functions(functions: Sequence[Function], modified: Sequence[str], total: int) -> dict[str, Any]:
    """The fields of `ListFunctions`. modified: the time when the code of each function was saved. Pure."""
    return {"Functions": list(map(_listed, functions, modified)), "TotalCount": total}


def namespaces_on_page(call: Call, used: Iterable[str]) -> dict[str, Any]:
    """The fields of `ListNamespaces`. used: the namespaces of functions. Pure."""
    found = [_namespace(name) for name in sorted({DEFAULT_NAMESPACE, *used})]
    offset, limit = offset_and_limit(call.parameters)
    return {"Namespaces": found[offset : offset + limit], "TotalCount": len(found)}


def _on_list_namespaces(services: Services, call: Call, pending: PendingCall) -> None:
    pending.answer(namespaces_on_page(call, services.catalog.namespaces(call.region)))


def _namespace(name: str) -> dict[str, Any]:
    modified = api_times.written(0.0)
    return {"Name": name, "Description": "", "AddTime": modified, "ModTime": modified, "Type": "default"}


def _on_get_function(services: Services, call: Call, pending: PendingCall) -> None:
    if not call.parameters.get("FunctionName"):
        raise api_errors.function_name_required()
    function = find(call.region, call.parameters, services.catalog)
    check_qualifier(call.parameters.get("Qualifier") or LATEST)

    async def fields() -> Mapping[str, Any]:
        code = await in_thread(code_info.read, function)  # a folder may contain many files
        return get_function(function, code, show_code=call.parameters.get("ShowCode") == "TRUE")

    services.background.start(pending.answer_with(fields()))


def _on_list_functions(services: Services, call: Call, pending: PendingCall) -> None:
    functions, total = functions_on_page(call, services.catalog)

    async def fields() -> Mapping[str, Any]:
        modified = await in_thread(lambda: [code_info.modified(function) for function in functions])
        return list_functions(functions, modified, total)

    services.background.start(pending.answer_with(fields()))


_UNUSED: dict[str, Any] = {
    "Role": "",
    "UseGpu": "FALSE",
    "L5Enable": "FALSE",
    "OnsEnable": "FALSE",
    "DnsCache": "FALSE",
    "InstallDependency": "FALSE",
    "VpcConfig": {"VpcId": "", "SubnetId": ""},
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


def _layer(name: str, version: int, modified: str) -> dict[str, Any]:
    return {
        "LayerName": name,
        "LayerVersion": version,
        "CompatibleRuntimes": [],
        "AddTime": modified,
        "Description": "",
        "LicenseInfo": "",
        "Status": "Active",
        "Stamp": "",
    }


ACTIONS = (
    Action(
        "GetFunction",
        _on_get_function,
        # Deploy tools send ShowTriggers, which no page of the platform has.
        {"FunctionName": str, "Qualifier": str, "Namespace": str, "ShowCode": str, "ShowTriggers": str},
    ),
    Action(
        "ListFunctions",
        _on_list_functions,
        {
            "Order": str,
            "Orderby": str,
            "Offset": int,
            "Limit": int,
            "SearchKey": str,
            "Namespace": str,
            "Description": str,
            "Filters": [{"Name": str, "Values": [str]}],
        },
    ),
    Action("ListNamespaces", _on_list_namespaces, {"Offset": int, "Limit": int, "Orderby": str, "Order": str}),
)
