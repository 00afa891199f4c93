"""Where a verb that looks back looks: at the records of the local endpoint, or at the cloud."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import click

from tencentserverless._cli import exit_codes, output, running, target
from tencentserverless._cli.language import text
from tencentserverless._cli.looking import cloud, record_files
from tencentserverless._cli.looking.record_files import Source

Database = sqlite3.Connection
records_option = click.option(  # for `required`
    "--records", type=output.FilePath(exists=True), metavar="FILE", help="Read this file of records."
)
_OPTIONS = (
    click.option("--region", help="Of the function. Locally: by default any."),
    click.option("--namespace", help="Of the function. Locally: by default any."),
    click.option("--local", "is_local", is_flag=True, help="Look at local records only."),
    records_option,
    click.option("--cloud", is_flag=True, help="Ask the cloud, also if there are local records."),
    click.option("--profile", help="Ask the cloud, with a profile of tccli, or of ~/.tencentcloud/credentials."),
    click.option("--endpoint", metavar="URL", help="Ask this API, such as http://127.0.0.1:9000."),
)


def options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options for `chosen` to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def chosen(place: Mapping[str, Any]) -> Source | None:
    """The file of records that these options mean, None for the cloud. Raises `Failure`."""
    is_remote = place["cloud"] or place["profile"] or place["endpoint"]
    if is_remote and (place["is_local"] or place["records"]):
        raise click.UsageError(text("--local and --records cannot be used with --cloud, --profile or --endpoint"))
    if is_remote:
        return None
    if place["is_local"] or place["records"]:
        return required(place["records"])
    found = _find(None)
    if found is None:
        output.tell(text("There are no local records for this folder, so the cloud is asked."))
    elif target.has_credentials():
        output.tell(text("These are local records, of {path}. Those of the cloud: --cloud", path=found.path))
    return found


def required(file: str | None) -> Source:
    """The file of records that is named, else the one for this folder. Raises `Failure` if there is none."""
    found = _find(file)
    if found is None:
        raise exit_codes.Failure(
            text("There are no records for this folder. Start an endpoint: tencentserverless local start FOLDER")
        )
    return found


def _find(file: str | None) -> Source | None:
    try:
        return record_files.find(file)
    except running.SeveralRunningError as error:
        raise exit_codes.Failure(str(error)) from None


@contextmanager
def reading(source: Source) -> Iterator[Database]:
    """Open a file of records. Raises `Failure` if it cannot be read."""
    from tencentserverless.local.invocations import search

    try:
        with search.opened(source.path) as database:
            yield database
    except (OSError, sqlite3.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise exit_codes.Failure(f"{source.path}: {reason}") from None


def flush(source: Source) -> None:
    """Let the endpoint that writes the file write what it still has in memory. Without an endpoint nothing happens."""
    from tencentserverless.exception import ServerlessError
    from tencentserverless.scf import Client

    if source.running is None:
        return
    with suppress(ServerlessError), Client(timeout=5.0, **target.arguments_of(source.running)) as client:
        cloud.ask(client, "GetFunctionLogs", Limit=1)
