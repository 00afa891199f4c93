"""Where a verb sends its requests: to the cloud, or to a running local endpoint."""

import os
import sys
from typing import Any, NoReturn

import click

from tencentserverless._cli import running
from tencentserverless._cli.running import Running

FAILED = 3

local_option = click.option(
    "--local", "is_local", is_flag=True, help="Use the local endpoint that runs on this machine, see `local start`."
)


def client_arguments(is_local: bool, endpoint: str | None, profile: str | None = None) -> dict[str, Any]:
    """The arguments of `Client` for the endpoint and its keys.

    Without --local a running local endpoint is used only if nothing names an endpoint or credentials.
    """
    if is_local:
        if endpoint or profile:
            raise click.UsageError("--local cannot be used with --endpoint or --profile")
        return arguments_of(required())
    given = {"endpoint": endpoint, "profile": profile}
    if endpoint or os.environ.get("TENCENTSERVERLESS_ENDPOINT"):
        return given
    if profile or _has_credentials():
        if running.all_running():
            click.echo("This uses the cloud. A local endpoint runs, too: --local", err=True)
        return given
    found = _found()
    if found is None:
        return given
    click.echo(f"No credentials are set. This uses the local endpoint {found.endpoint}", err=True)
    return arguments_of(found)


def arguments_of(found: Running) -> dict[str, Any]:
    keys = {"endpoint": found.endpoint, "secret_id": found.secret_id, "secret_key": found.secret_key}
    return {**keys, "ca_file": found.ca_file or None, "proxy": ""}


def required() -> Running:
    """The running endpoint for this folder. The program ends with one line if there is none."""
    return _found() or fail("No local endpoint runs. Start one: tencentserverless local start FOLDER")


def fail(message: str) -> NoReturn:
    click.echo(message, err=True)
    sys.exit(FAILED)


def _found() -> Running | None:
    try:
        return running.the_running()
    except running.SeveralRunningError as error:
        fail(str(error))


def _has_credentials() -> bool:
    from tencentserverless._settings.identity import is_configured

    return is_configured()
