"""The logs of functions in the cloud, for ``tencentserverless logs``."""

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from tencentserverless._cli import output, target
from tencentserverless._cli.language import text
from tencentserverless._cli.looking import cloud, following, times
from tencentserverless._protocol import api_times

if TYPE_CHECKING:
    from tencentserverless.local.invocations.search import Wanted
    from tencentserverless.local.model.invocation import Record
    from tencentserverless.scf import Client

LOOK_SECONDS = 2.0  # an account may ask 20 times a second
MOST = 10_000
LONGEST_SECONDS = 900.0  # of an invocation


def show(
    wanted: "Wanted",
    most: int,
    show_record: Callable[["Record"], None],
    *,
    follows: bool,
    region: str | None,
    profile: str | None,
    endpoint: str | None,
    **_: Any,
) -> None:
    """Show the newest invocations that are wanted, then each new one if `follows`. Raises `Failure`."""
    now = time.time()
    since = max(wanted.since or 0.0, now - cloud.LOGS_SECONDS)
    if wanted.since is not None and wanted.since < since:
        output.tell(text("The API for logs looks back 24 hours. Older logs are in the log service CLS."))
    with target.client_of(region, profile, endpoint) as client:
        found = _found(client, wanted, since, now, most)
        for record in found:
            show_record(record)
        if not found and most:
            span = {"start": times.shown(since), "end": times.shown(now)}
            output.tell(text("No invocation from {start} to {end} was found.", **span))
        if follows:
            for record in _new_ones(client, wanted, now):
                show_record(record)


def _new_ones(client: "Client", wanted: "Wanted", began: float) -> "Iterator[Record]":
    """The invocations that end from now on."""
    known = {record.request_id for record in _found(client, wanted, began - LONGEST_SECONDS, began, MOST)}
    while True:
        following.pause(LOOK_SECONDS)
        for record in _found(client, wanted, began - LONGEST_SECONDS, time.time(), MOST):
            if record.request_id not in known:
                known.add(record.request_id)
                yield record


def _found(client: "Client", wanted: "Wanted", since: float, until: float, most: int) -> "list[Record]":
    """The newest invocations that have ended, the oldest of them first."""
    namespace = wanted.namespace or "default"
    items = cloud.logs(
        client,
        FunctionName=wanted.name,
        Namespace=namespace,
        FunctionRequestId=wanted.request_id,
        StartTime=api_times.written(since),
        EndTime=api_times.written(until + 1),
        Filter={"RetCode": "not0"} if wanted.failed else None,
        Limit=min(most, MOST) if wanted.text is None else MOST,
    )
    region = cloud.region_of(client)
    found = [cloud.record_of(item, region, namespace) for item in items]
    ended = [each for each in found if each.outcome is not None and wanted.has_text(each)]
    return ended[:most][::-1]
