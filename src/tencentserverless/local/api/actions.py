"""The actions of the SCF API, version 2018-04-16, and what each takes. Pure.

https://cloud.tencent.com/document/api/583/17233
"""

from typing import Any, NamedTuple

from tencentserverless.local.api.call import Call
from tencentserverless.local.api.parameters import Shape, checked
from tencentserverless.local.model import api_errors


class Action(NamedTuple):
    """The declared parameters of an action."""

    declared: dict[str, Shape]
    required: tuple[str, ...] = ()

    def checked(self, parameters: dict[str, Any]) -> dict[str, Any]:
        return checked(parameters, self.declared, self.required)


SERVED = {
    "Invoke": Action(
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
    "InvokeFunction": Action(
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
    "GetFunction": Action({"FunctionName": str, "Qualifier": str, "Namespace": str, "ShowCode": str}),
    "ListFunctions": Action(
        {
            "Order": str,
            "Orderby": str,
            "Offset": int,
            "Limit": int,
            "SearchKey": str,
            "Namespace": str,
            "Description": str,
            "Filters": [{"Name": str, "Values": [str]}],
        }
    ),
}

_NOT_SERVED_YET = """
    CopyFunction CreateAlias CreateCustomDomain CreateFunction CreateNamespace CreateTrigger DeleteAlias
    DeleteCustomDomain DeleteFunction DeleteFunctionVersion DeleteLayerVersion DeleteNamespace
    DeleteProvisionedConcurrencyConfig DeleteReservedConcurrencyConfig DeleteTrigger GetAccount GetAlias
    GetAsyncEventStatus GetCustomDomain GetFunctionAddress GetFunctionEventInvokeConfig GetFunctionLogs
    GetLayerVersion GetProvisionedConcurrencyConfig GetRequestStatus GetReservedConcurrencyConfig ListAliases
    ListAsyncEvents ListCustomDomains ListLayerVersions ListLayers ListNamespaces ListTriggers
    ListVersionByFunction PublishLayerVersion PublishVersion PutProvisionedConcurrencyConfig
    PutReservedConcurrencyConfig PutTotalConcurrencyConfig TerminateAsyncEvent UpdateAlias UpdateCustomDomain
    UpdateFunctionCode UpdateFunctionConfiguration UpdateFunctionEventInvokeConfig UpdateNamespace UpdateTrigger
    UpdateTriggerStatus
"""

KNOWN = frozenset(SERVED) | frozenset(_NOT_SERVED_YET.split())


def checked_parameters(call: Call) -> dict[str, Any]:
    """The parameters of a served action. Raises `Refusal`."""
    action = SERVED.get(call.action)
    if action is None:
        raise api_errors.unsupported_operation(f"The local endpoint does not serve the action `{call.action}` yet.")
    return action.checked(call.parameters)
