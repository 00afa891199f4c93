"""Asks the API of the platform, or of a local endpoint, what it knows of functions and invocations."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tencentserverless._cli import exit_codes
from tencentserverless._cli.language import text
from tencentserverless._protocol import api_times
from tencentserverless.exception import APIError

if TYPE_CHECKING:
    from tencentserverless.local.model.invocation import Outcome, Record
    from tencentserverless.scf import Client

PAGE = 100
LOGS_SECONDS = 24 * 3600.0  # GetFunctionLogs looks at one day at a time
# The platform does not answer GetFunctionLogs for accounts that are new: their logs are in its log service only.
_IN_CLS = ("UnsupportedOperation", "InvalidAction", "ActionOffline", "InvalidParameter.Cls", "FailedOperation")
CLS_PAGE = "https://console.cloud.tencent.com/cls"


def ask(client: "Client", action: str, region: str | None = None, **parameters: Any) -> dict[str, Any]:
    """The answer of an action. Parameters that are None are left out. Raises `ServerlessError`."""
    given = {name: value for name, value in parameters.items() if value is not None}
    answer: dict[str, Any] = client._call_api(action, json.dumps(given).encode(), region)
    return answer


def region_of(client: "Client") -> str:
    """The region that is set, or the default."""
    region: str = client._resolve(None, None)[0]
    return region


def pages(client: "Client", action: str, items: str, region: str | None = None, **parameters: Any) -> Iterator[Any]:
    """The items of all pages of an action."""
    offset = 0
    while True:
        answer = ask(client, action, region, Offset=offset, Limit=PAGE, **parameters)
        found = answer.get(items) or []
        yield from found
        offset += len(found)
        if not found or offset >= answer.get("TotalCount", 0):
            return


def logs(client: "Client", region: str | None = None, **parameters: Any) -> list[dict[str, Any]]:
    """The items of one answer of GetFunctionLogs. Raises `Failure` if the platform sends people to CLS."""
    try:
        return ask(client, "GetFunctionLogs", region, **parameters).get("Data") or []
    except APIError as error:
        if str(error.code).startswith(_IN_CLS):
            where = text("The logs of this function are in the log service CLS only: {page}", page=CLS_PAGE)
            raise exit_codes.Failure(f"{where}\n{error}", exit_codes.CLOUD_FAILED) from None
        raise


def record_of(item: dict[str, Any], region: str, namespace: str) -> "Record":
    """An item of GetFunctionLogs as a record. The API does not say what was sent, and who invoked the function."""
    from tencentserverless.local.model.function import Function
    from tencentserverless.local.model.invocation import Invocation, Record

    function = Function(name=item["FunctionName"], region=region, namespace=namespace, code=Path("/var/user"))
    at = parsed(item["StartTime"])
    record = Record(Invocation(item["RequestId"], function, b"{}", received_at=at), started_at=at)
    if item.get("InvokeFinished") != 0:
        record.outcome = _outcome_of(item)
        record.ended_at = at + record.outcome.duration_ms / 1000
    return record


def _outcome_of(item: dict[str, Any]) -> "Outcome":
    from tencentserverless._protocol.invoke import decoded
    from tencentserverless.local.model.invocation import Outcome

    ret_msg, succeeded = item.get("RetMsg") or "", item.get("RetCode") == 0
    error = {} if succeeded else decoded(ret_msg)
    error = error if isinstance(error, dict) else {"errorMessage": ret_msg}
    return Outcome(
        200 if succeeded else error.get("statusCode") or 500,
        ret_msg,
        str(error.get("errorMessage", "")),
        float(item.get("Duration") or 0),
        int(item.get("MemUsage") or 0),
        str(item.get("Log") or ""),
    )


def parsed(written_time: str) -> float:
    """A time of the API, in Unix seconds. Fractions of a second are left out."""
    return api_times.parsed(written_time[:19])
