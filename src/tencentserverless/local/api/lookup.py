"""Finds the function that a call names, and checks its qualifier."""

from collections.abc import Mapping
from typing import Any

from tencentserverless.local.functions.catalog import Lookup
from tencentserverless.local.model import api_errors
from tencentserverless.local.model.bounded_text import few_names
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
        raise api_errors.function_not_found(name, *_where_it_is(name, region, namespace, catalog))
    return function


def check_qualifier(qualifier: str) -> None:
    """Raises `Refusal` for a version or an alias: functions in folders have neither."""
    if qualifier not in UNPUBLISHED:
        raise api_errors.qualifier_not_found(qualifier)


def _where_it_is(name: str, region: str, namespace: str, catalog: Lookup) -> tuple[str, str]:
    """Where functions of this name are, else which functions there are, in English and in Chinese."""
    told = list[tuple[str, str]]()
    elsewhere = [f"{function.region}/{function.namespace}" for function in catalog.named(name)]
    if elsewhere:
        places = few_names(elsewhere)
        text = f"It is in {places}, not in {region}/{namespace}."
        told.append((text, f"{name} 在 {places}，不在 {region}/{namespace}。"))
    if reason := catalog.refusal(name):
        what, chinese = ("Another one", "另有同名函数") if elsewhere else ("It", name)
        text = f"{what} is declared, but cannot be served: {reason}"
        told.append((text, f"{chinese} 已声明，但无法提供服务：{reason}"))
    if told:
        return " ".join(text for text, _ in told), "".join(text for _, text in told)
    here = few_names(function.name for function in catalog.inside(region, namespace))
    place = f"{region}/{namespace}"
    return f"{place} has: {here or 'none'}.", f"{place} 中有：{here or '无'}。"
