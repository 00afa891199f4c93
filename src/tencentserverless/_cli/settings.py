"""``tencentserverless settings``: show the settings of an invocation, and where each comes from."""

import sys

import click

CLOUD_FAILED = 3


@click.command()
@click.option("--region", help="The region of the invocation.")
@click.option("--profile", help="A profile of tccli, or of ~/.tencentcloud/credentials.")
@click.option("--endpoint", metavar="URL", help="The address of the API, such as http://127.0.0.1:9000.")
def settings(region: str | None, profile: str | None, endpoint: str | None) -> None:
    """Print the settings that an invocation from here would use, and where each comes from.

    Secrets are masked. No network request is made. The exit code is 3 if an invocation would fail because of its
    settings.
    """
    from tencentserverless._settings.report import explain
    from tencentserverless.exception import SettingsError
    from tencentserverless.scf import Client

    try:
        lines = explain(Client(region=region, profile=profile, endpoint=endpoint))
    except SettingsError as error:
        click.echo(str(error), err=True)
        sys.exit(CLOUD_FAILED)
    names, values = (max(len(line[column]) for line in lines) for column in (0, 1))
    for name, value, source in lines:
        click.echo(f"{name:{names}}  {value:{values}}  {source}")
