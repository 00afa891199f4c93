"""``tencentserverless settings``: which setting has which value here, and where it came from."""

import sys

import click

CLOUD_FAILED = 3


@click.command()
@click.option("--region", help="As an invocation would be given it.")
@click.option("--profile", help="A profile of tccli, or of ~/.tencentcloud/credentials.")
@click.option("--endpoint", metavar="URL", help="Where the API is, such as http://127.0.0.1:9000.")
def settings(region: str | None, profile: str | None, endpoint: str | None) -> None:
    """Print the settings that an invocation from here would use, and where each comes from.

    Secrets are masked, and nobody is asked over the network. The exit code is 3 where an invocation would be refused
    for its settings.
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
