"""``tencentserverless settings``: show the settings of an invocation, and where each comes from."""

import sys

import click

from tencentserverless._cli import target

CLOUD_FAILED = 3


@click.command()
@click.option("--region", help="The region of the invocation.")
@click.option("--profile", help="A profile of tccli, or of ~/.tencentcloud/credentials.")
@click.option("--endpoint", metavar="URL", help="The address of the API, such as http://127.0.0.1:9000.")
@target.local_option
def settings(region: str | None, profile: str | None, endpoint: str | None, is_local: bool) -> None:
    """Print the settings that an invocation from here would use, and where each comes from.

    Secrets are masked. No network request is made. The exit code is 3 if an invocation would fail because of its
    settings.
    """
    from tencentserverless._settings.report import explain
    from tencentserverless.exception import SettingsError
    from tencentserverless.scf import Client

    arguments = target.client_arguments(is_local, endpoint, profile)
    try:
        lines = explain(Client(region=region, **arguments))
    except SettingsError as error:
        click.echo(str(error), err=True)
        sys.exit(CLOUD_FAILED)
    names, values = (max(len(line[column]) for line in lines) for column in (0, 1))
    for name, value, source in lines:
        is_theirs = source == "argument" and "secret_id" in arguments and name != "region"
        click.echo(f"{name:{names}}  {value:{values}}  {'the local endpoint' if is_theirs else source}")
