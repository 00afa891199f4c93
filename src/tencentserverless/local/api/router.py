"""The actions of the SCF API, version 2018-04-16, and how a call reaches the handler of its action.

https://cloud.tencent.com/document/api/583/17233
"""

from tencentserverless.local.api import functions, invoke, past
from tencentserverless.local.api.actions import Services
from tencentserverless.local.api.call import Call, PendingCall
from tencentserverless.local.model import api_errors

SERVED = {action.name: action for family in (invoke.ACTIONS, functions.ACTIONS, past.ACTIONS) for action in family}

_NOT_SERVED_YET = """
    CopyFunction CreateAlias CreateCustomDomain CreateFunction CreateNamespace CreateTrigger DeleteAlias
    DeleteCustomDomain DeleteFunction DeleteFunctionVersion DeleteLayerVersion DeleteNamespace
    DeleteProvisionedConcurrencyConfig DeleteReservedConcurrencyConfig DeleteTrigger GetAccount GetAlias
    GetAsyncEventStatus GetCustomDomain GetFunctionAddress GetFunctionEventInvokeConfig
    GetLayerVersion GetProvisionedConcurrencyConfig GetReservedConcurrencyConfig ListAliases
    ListAsyncEvents ListCustomDomains ListLayerVersions ListLayers ListTriggers
    ListVersionByFunction PublishLayerVersion PublishVersion PutProvisionedConcurrencyConfig
    PutReservedConcurrencyConfig PutTotalConcurrencyConfig TerminateAsyncEvent UpdateAlias UpdateCustomDomain
    UpdateFunctionCode UpdateFunctionConfiguration UpdateFunctionEventInvokeConfig UpdateNamespace UpdateTrigger
    UpdateTriggerStatus
"""

KNOWN = frozenset(SERVED) | frozenset(_NOT_SERVED_YET.split())


def perform(services: Services, call: Call, pending: PendingCall) -> None:
    """Perform a call. It is answered now or later. Raises `Refusal`."""
    action = SERVED.get(call.action)
    if action is None:
        raise api_errors.unsupported_operation(f"The local endpoint does not serve the action `{call.action}` yet.")
    action.perform(services, call, pending)
