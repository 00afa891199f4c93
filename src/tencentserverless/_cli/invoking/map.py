"""``tencentserverless map``: invoke a function with each line of a file."""

import sys
from typing import Any

import click

from tencentserverless._cli import output, target
from tencentserverless._cli.language import text


@click.command("map")
@target.name_argument
@click.argument("events", metavar="EVENTS")
@click.option("-o", "--output", "path", type=output.FilePath(), help="Default: standard output.")
@click.option("--concurrency", type=click.IntRange(1), default=32, show_default=True, help="Invocations at a time.")
@click.option("--retries", type=click.IntRange(0), default=0, show_default=True, help="Of events that did not run.")
@click.option("--resume", is_flag=True, help="Go on with the results in -o: do not repeat what is there.")
@target.options
@output.options
def map_events(
    name: str,
    events: str,
    path: str | None,
    concurrency: int,
    retries: int,
    resume: bool,
    namespace: str,
    qualifier: str,
    idempotent: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Invoke the function NAME with each line of the file EVENTS; - is standard input.

    Each line is one event, as JSON. Results are lines of JSON too, in the order in which they come: index (the number
    of the event, from 0), value or error, executed, request_id and duration_ms.

    With -o results.jsonl there is also results.jsonl.journal, which --resume needs to go on after Ctrl-C or a crash,
    and results.failed.jsonl, the events without an answer, which are EVENTS of another run. An event that was under
    way has an error with executed "maybe". It is sent again only with --idempotent.

    A failure that every event would meet, such as wrong credentials, ends the run. With --json and -o the last line on
    standard output is an object with the numbers.
    """
    if resume and path is None:
        raise click.UsageError(text("--resume needs -o, the file of the results"))
    from tencentserverless._cli.invoking.fan_out import fan_out

    with target.client_of(**options, max_connections=max(concurrency, 256)) as client:
        function = client.function(name, namespace=namespace, qualifier=qualifier, idempotent=idempotent)
        run = fan_out(function, events, path, is_resumed=resume, concurrency=concurrency, retries=retries)
    if as_json and path is not None:
        output.write_json(run.as_data())
    sys.exit(run.code)
