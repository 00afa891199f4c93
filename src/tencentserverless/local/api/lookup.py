"""Finds the function that a call names, and checks its qualifier."""

from collections.abc import Mapping
from typing import Any

from tencentserverless.local.functions.catalog import Lookup
from tencentserverless.local.model import api_errors
from tencentserverless.local.model.function import DEFAULT_NAMESPACE, FUNCTION_NAME, Function

LATEST = "$LATEST"
UNPUBLISHED = (LATEST, "$DEFAULT")


def find(region: str, parameters: Mapping[str, Any], catalog: Lookup) -> Function:
    """Return the function that the parameters name. Raises `Refusal` if it does not exist."""
    name, namespace = parameters["FunctionName"], parameters.get("Namespace") or DEFAULT_NAMESPACE
    if not FUNCTION_NAME.fullmatch(name):
        raise api_errors.invalid_function_name(name)
    function = catalog.get((region, namespace, name))
    if function is None:
        raise api_errors.function_not_found(name, _where_it_is(name, region, namespace, catalog))
    return function


def check_qualifier(qualifier: str) -> None:
    """Raises `Refusal` for a version or an alias: functions in folders have neither."""
    if qualifier not in UNPUBLISHED:
        raise api_errors.qualifier_not_found(qualifier)


def _where_it_is(name: str, region: str, namespace: str, catalog: Lookup) -> str:
    elsewhere = [f"{function.region}/{function.namespace}" for function in catalog.named(name)]
    if elsewhere:
        return f"The function is in {', '.join(elsewhere)}. The request is for {region}/{namespace}."
    here = ", ".join(function.name for function in catalog.inside(region, namespace))
    return f"Functions in {region}/{namespace}: {here or 'none'}."
