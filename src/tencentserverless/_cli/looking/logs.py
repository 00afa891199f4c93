"""``tencentserverless logs``: what functions printed, and how they ended."""

import time
from typing import Any

import click

from tencentserverless._cli import output, target
from tencentserverless._cli.language import text
from tencentserverless._cli.looking import sources, times


@click.command()
@click.argument("name", required=False, shell_complete=target.completed)
@click.option("--follow", "-f", "follows", is_flag=True, help="Print the last ones, then each new one, until Ctrl-C.")
@click.option("-n", "most", type=click.IntRange(0), default=100, show_default=True, help="The number of invocations.")
@click.option("--since", metavar="TIME", help="Only what came after this: 30m, 2h, 7d, or 2026-01-31T09:00.")
@click.option("--failed", is_flag=True, help="Only invocations that failed.")
@click.option(
    "--request", "request_id", metavar="ID", help="Only the invocation with this request id, or its beginning."
)
@click.option(
    "--search", "searched", metavar="TEXT", help="Only invocations with this text in their log, result or error."
)
@sources.options
@output.options
def logs(
    name: str | None,
    follows: bool,
    most: int,
    since: str | None,
    failed: bool,
    request_id: str | None,
    searched: str | None,
    as_json: bool,
    **place: Any,
) -> None:
    """Print the last invocations, of the function NAME or of all: how each ended, what it printed, why it failed.

    The local endpoint keeps records of invocations. They are used if there are some for this folder, otherwise the
    cloud is asked. An invocation appears when it has ended.
    """
    from tencentserverless._cli.looking import cloud_logs, local_logs
    from tencentserverless.local.invocations.search import Wanted

    wanted = Wanted(
        name=name,
        region=place["region"],
        namespace=place["namespace"],
        since=_since(since),
        failed=failed,
        request_id=request_id,
        text=searched,
    )
    show = local_logs.Json() if as_json else local_logs.Text()
    source = sources.chosen(place)
    with output.until_the_reader_goes():
        if source is None:
            cloud_logs.show(wanted, most, show, follows=follows, **place)
        else:
            local_logs.show(source, wanted, most, show, follows=follows)


def _since(given: str | None) -> float | None:
    try:
        return None if given is None else times.parsed(given, time.time())
    except ValueError:
        message = text(
            "must be a duration such as 30m, 2h or 7d, or a time such as 2026-01-31T09:00, not {given}", given=given
        )
        raise click.BadParameter(message, param_hint="--since") from None
