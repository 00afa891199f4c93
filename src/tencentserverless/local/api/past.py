"""The actions that look back: GetFunctionLogs and GetRequestStatus.

https://cloud.tencent.com/document/api/583/18583 and /583/65348
"""

from collections.abc import Callable, Mapping
from math import ceil
from time import time
from typing import Any, NamedTuple

from tencentserverless._protocol import api_times
from tencentserverless.local.api.actions import Action, Services
from tencentserverless.local.api.call import Call, PendingCall
from tencentserverless.local.api.lookup import find
from tencentserverless.local.api.parameters import choice, offset_and_limit
from tencentserverless.local.eventloop.in_thread import in_thread
from tencentserverless.local.functions.catalog import Lookup
from tencentserverless.local.invocations import log
from tencentserverless.local.invocations.search import Wanted
from tencentserverless.local.model import api_errors
from tencentserverless.local.model.function import DEFAULT_NAMESPACE
from tencentserverless.local.model.invocation import MB, Record

MOST = 10_000  # Offset and Limit together
ID_CHARACTERS = 36
STATUS_SECONDS = 15 * 60.0
_ORDERS: dict[str, Callable[[Record], Any]] = {
    "start_time": lambda record: record.invocation.received_at,
    "function_name": lambda record: record.function_name,
    "duration": lambda record: record.duration_ms or 0.0,
    "mem_usage": lambda record: record.outcome.memory_bytes if record.outcome else 0,
}
_STATUS_CODES = {
    "is0": (200,),
    "TimeLimitExceeded": (433,),
    "ResourceLimitExceeded": (407, 434),
    "UserCodeException": (430, 439, 443),
}


def time_of(parameters: Mapping[str, Any], name: str, default: float | None = None) -> float | None:
    """A time parameter in Unix seconds. Raises `Refusal`."""
    if not parameters.get(name):
        return default
    try:
        return api_times.parsed(parameters[name])
    except ValueError:
        raise api_errors.wrong_value(name) from None


class Page(NamedTuple):
    """How `GetFunctionLogs` orders and pages."""

    key: Callable[[Record], Any]
    is_descending: bool
    offset: int
    limit: int

    @classmethod
    def of(cls, parameters: Mapping[str, Any]) -> "Page":
        """Raises `Refusal`."""
        order = choice(parameters, "OrderBy", tuple(_ORDERS)), choice(parameters, "Order", ("desc", "asc"))
        offset, limit = offset_and_limit(parameters)
        if offset + limit > MOST:
            raise api_errors.wrong_value("Offset")
        return cls(_ORDERS[order[0]], order[1] == "desc", offset, limit)

    @property
    def needed(self) -> int:
        """How many of the newest records contain this page."""
        is_usual = self.is_descending and self.key is _ORDERS["start_time"]
        return self.offset + self.limit if is_usual else MOST

    def cut(self, records: list[Record]) -> list[Record]:
        """The records on this page."""
        return sorted(records, key=self.key, reverse=self.is_descending)[self.offset : self.offset + self.limit]


def logged(record: Record) -> dict[str, Any]:
    """An item of `GetFunctionLogs`. Pure."""
    outcome = record.outcome
    return {
        **_described(record),
        "RetCode": 2 if outcome is None else 0 if outcome.succeeded else 1,
        "InvokeFinished": int(outcome is not None),
        "BillDuration": ceil(record.duration_ms or 0),
        "MemUsage": outcome.memory_bytes if outcome else 0,
        "Log": log.log(record) if outcome else "",
        "Level": "",
        "Source": "",
    }


def status(record: Record) -> dict[str, Any]:
    """An item of `GetRequestStatus`. Pure."""
    outcome = record.outcome
    return {
        **_described(record),
        "RetCode": 1 if outcome is None else 0 if outcome.succeeded else -1,
        "MemUsage": outcome.memory_bytes / MB if outcome else 0.0,
    }


def _described(record: Record) -> dict[str, Any]:
    return {
        "FunctionName": record.function_name,
        "RetMsg": record.outcome.ret_msg if record.outcome else "",
        "RequestId": record.request_id,
        "StartTime": api_times.written(record.invocation.received_at),
        "Duration": record.duration_ms or 0.0,
        "RetryNum": 0,
    }


def _request_id(parameters: Mapping[str, Any]) -> str | None:
    """The request id that is asked for. Raises `Refusal` for another text: a search takes the beginning of an id."""
    found: str | None = parameters.get("FunctionRequestId")
    if found is not None and len(found) != ID_CHARACTERS:
        raise api_errors.wrong_value("FunctionRequestId")
    return found


def _status_codes(parameters: Mapping[str, Any]) -> tuple[int, ...] | None:
    """The status codes that `Filter` asks for. None for any. Raises `Refusal`."""
    code = (parameters.get("Filter") or {}).get("RetCode")
    if code in (None, "", "not0"):
        return None
    if code not in _STATUS_CODES:
        raise api_errors.wrong_value("Filter.RetCode")
    return _STATUS_CODES[code]


def wanted_logs(call: Call, catalog: Lookup) -> Wanted:
    """The records that `GetFunctionLogs` asks for. Raises `Refusal`."""
    parameters = call.parameters
    if parameters.get("FunctionName"):
        find(call.region, parameters, catalog)
    return Wanted(
        name=parameters.get("FunctionName"),
        region=call.region,
        namespace=parameters.get("Namespace") or DEFAULT_NAMESPACE,
        since=time_of(parameters, "StartTime"),
        until=time_of(parameters, "EndTime"),
        request_id=_request_id(parameters),
        failed=(parameters.get("Filter") or {}).get("RetCode") == "not0",
        status_codes=_status_codes(parameters),
    )


def wanted_status(call: Call, catalog: Lookup) -> Wanted:
    """The records that `GetRequestStatus` asks for. Raises `Refusal`."""
    function = find(call.region, call.parameters, catalog)
    return Wanted(
        name=function.name,
        region=function.region,
        namespace=function.namespace,
        since=time_of(call.parameters, "StartTime", time() - STATUS_SECONDS),
        until=time_of(call.parameters, "EndTime"),
        request_id=_request_id(call.parameters),
    )


def _on_get_function_logs(services: Services, call: Call, pending: PendingCall) -> None:
    wanted, page = wanted_logs(call, services.catalog), Page.of(call.parameters)

    async def fields() -> Mapping[str, Any]:
        found, total = await _found(services, wanted, page.needed)
        return {"Data": list(map(logged, page.cut(found))), "TotalCount": total, "SearchContext": None}

    services.background.start(pending.answer_with(fields()))


def _on_get_request_status(services: Services, call: Call, pending: PendingCall) -> None:
    wanted = wanted_status(call, services.catalog)

    async def fields() -> Mapping[str, Any]:
        found, total = await _found(services, wanted, MOST)
        return {"Data": list(map(status, found)), "TotalCount": total}

    services.background.start(pending.answer_with(fields()))


async def _found(services: Services, wanted: Wanted, most: int) -> tuple[list[Record], int]:
    """The newest records that are wanted, those of running invocations last, and the number of all that are wanted."""
    running = [record for record in services.records.running.values() if _is_of(record, wanted)]
    ended, count = await in_thread(services.records.newest, wanted, most)
    return [*ended, *running][-most:] if most else [], count + len(running)


def _is_of(record: Record, wanted: Wanted) -> bool:
    """Whether a running invocation is wanted."""
    function = record.invocation.function
    is_here = (wanted.region, wanted.namespace) == (function.region, function.namespace)
    is_any_outcome = not wanted.failed and wanted.status_codes is None
    names = wanted.name in (None, function.name) and wanted.request_id in (None, record.request_id)
    return is_here and is_any_outcome and names


_PLACE = {"FunctionName": str, "Namespace": str, "FunctionRequestId": str, "StartTime": str, "EndTime": str}
ACTIONS = (
    Action(
        "GetFunctionLogs",
        _on_get_function_logs,
        {
            **_PLACE,
            "Qualifier": str,
            "Offset": int,
            "Limit": int,
            "Order": str,
            "OrderBy": str,
            "Filter": {"RetCode": str},
            "SearchContext": {"Offset": str, "Limit": int, "Keyword": str, "Type": str},
        },
    ),
    Action("GetRequestStatus", _on_get_request_status, _PLACE, ("FunctionName", "FunctionRequestId")),
)
