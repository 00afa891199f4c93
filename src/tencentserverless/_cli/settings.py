"""``tencentserverless settings``: show the settings of an invocation, and where each comes from."""

from collections.abc import Iterable
from typing import Any

import click

from tencentserverless._cli import output, target

Row = tuple[str, str, str]  # setting, value as shown, where it came from


@click.command()
@click.option("--region", help="The region of the invocation.")
@target.client_options
@output.options
def settings(region: str | None, profile: str | None, endpoint: str | None, is_local: bool, as_json: bool) -> None:
    """Print the settings that an invocation from here would use, and where each comes from.

    Secrets are masked. No network request is made. The exit code is 4 if credentials are missing, and 5 if another
    setting is wrong.
    """
    from tencentserverless._settings.report import explain
    from tencentserverless.scf import Client

    arguments = target.client_arguments(is_local, endpoint, profile)
    write(rows(explain(Client(region=region, **arguments)), arguments), as_json)


def rows(lines: Iterable[Row], arguments: dict[str, Any]) -> list[Row]:
    """The lines of a report on the settings. arguments: those of the client; with --local they are the endpoint's."""
    return [(name, value, _source(name, source, arguments)) for name, value, source in lines]


def write(told: list[Row], as_json: bool) -> None:
    """Write rows as a table, or as one object a line."""
    if as_json:
        for row in told:
            output.write_json(dict(zip(("name", "value", "source"), row, strict=True)))
        return
    names, values = (max((len(row[column]) for row in told), default=0) for column in (0, 1))
    for name, value, source in told:
        output.write(f"{name:{names}}  {value:{values}}  {source}")


def _source(name: str, source: str, arguments: dict[str, Any]) -> str:
    is_theirs = source == "argument" and "secret_id" in arguments and name != "region"
    return "the local endpoint" if is_theirs else source
