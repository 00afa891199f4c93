"""``tencentserverless status``: whether an invocation runs, and how it ended."""

from typing import TYPE_CHECKING, Any

import click

from tencentserverless._cli import exit_codes, output, target
from tencentserverless._cli.language import joined, text
from tencentserverless._cli.looking import cloud, words
from tencentserverless._cli.looking.times import shown

if TYPE_CHECKING:
    from tencentserverless.scf import Client

_STATES = {0: "ok", 1: "running", -1: "failed"}


@click.command()
@click.argument("request_id")
@click.option(
    "--function",
    "name",
    metavar="NAME",
    shell_complete=target.completed,
    help="Its function. Default: searched for in the logs.",
)
@click.option("--region", help="Default: TENCENTCLOUD_REGION, then ap-guangzhou.")
@click.option("--namespace", default="default", show_default=True)
@target.client_options
@output.options
def status(
    request_id: str,
    name: str | None,
    region: str | None,
    namespace: str,
    profile: str | None,
    endpoint: str | None,
    is_local: bool,
    as_json: bool,
) -> None:
    """Print whether the invocation REQUEST_ID is running, or how it ended. The API looks back 15 minutes.

    Each try of an Event invocation is a line. Older invocations: tencentserverless logs --request REQUEST_ID
    """
    with target.client_of(region, profile, endpoint, is_local) as client:
        name = name or _function_of(client, request_id, namespace)
        answer = cloud.ask(
            client, "GetRequestStatus", FunctionName=name, FunctionRequestId=request_id, Namespace=namespace
        )
    tries = [_described(each) for each in answer.get("Data") or ()]
    if not tries:
        message = text("{name} has no invocation {id} in the last 15 minutes.", name=name, id=request_id)
        raise exit_codes.Failure(message)
    with output.until_the_reader_goes():
        for each in tries:
            output.write_json(each) if as_json else output.write(_line(each))


def _function_of(client: "Client", request_id: str, namespace: str) -> str:
    """The name of the function that an invocation is of. The API for the status wants it."""
    try:
        items = cloud.logs(client, FunctionRequestId=request_id, Namespace=namespace, Limit=1)
    except exit_codes.Failure as refused:
        message = joined(text("Name the function: --function NAME."), refused.message)
        raise exit_codes.Failure(message, exit_codes.CLOUD_FAILED) from None
    if not items:
        raise exit_codes.Failure(text("The logs do not have {id}. Name its function: --function NAME.", id=request_id))
    return str(items[0]["FunctionName"])


def _described(item: dict[str, Any]) -> dict[str, Any]:
    return {
        "request_id": item.get("RequestId"),
        "function_name": item.get("FunctionName"),
        "state": _STATES.get(item.get("RetCode", ""), "unknown"),
        "started_at": cloud.parsed(item["StartTime"]) if item.get("StartTime") else None,
        "duration_ms": item.get("Duration"),
        "memory_mb": item.get("MemUsage"),
        "retry_number": item.get("RetryNum", 0),
        "ret_msg": item.get("RetMsg"),
    }


def _line(each: dict[str, Any]) -> str:
    facts = [text("began {time}", time=shown(each["started_at"]))] if each["started_at"] else []
    if each["state"] != "running":
        facts += [f"{each['duration_ms'] or 0:.0f} ms", f"{each['memory_mb'] or 0:.0f} MB"]
    facts += [text("retry {number}", number=each["retry_number"])] if each["retry_number"] else []
    head = text(", ").join([f"{each['function_name']} {words.verdict(each['state'])}", *facts])
    return f"{head}\n{each['ret_msg']}" if each["ret_msg"] else head
