"""``tencentserverless show``: the configuration of one function."""

from typing import Any

import click

from tencentserverless._cli import output, target
from tencentserverless._cli.looking import words
from tencentserverless._cli.looking.times import shown
from tencentserverless._cli.text_width import padded


@click.command()
@target.name_argument
@click.option("--region", help="Default: TENCENTCLOUD_REGION, then ap-guangzhou.")
@click.option("--namespace", default="default", show_default=True)
@click.option("--qualifier", default="$LATEST", show_default=True, help="A version or an alias.")
@target.client_options
@output.options
def show(
    name: str,
    region: str | None,
    namespace: str,
    qualifier: str,
    profile: str | None,
    endpoint: str | None,
    is_local: bool,
    as_json: bool,
) -> None:
    """Print the configuration of the function NAME, and how it was invoked last.

    Of its environment variables only the names are printed: their values may be secret.
    """
    from tencentserverless._cli.looking import cloud
    from tencentserverless._cli.looking.functions import LastRuns, configuration

    with target.client_of(region, profile, endpoint, is_local) as client:
        place = cloud.region_of(client), namespace, name
        found = {**configuration(client, *place, qualifier), **LastRuns(client).of(*place)}
    if as_json:
        output.write_json(found)
        return
    labels = words.labels()
    with output.until_the_reader_goes():
        for name, value in found.items():
            if value not in (None, "", []):
                output.write(f"{padded(labels[name], 15)} {_value(name, value)}")


def _value(name: str, value: Any) -> str:
    if name.endswith("_at"):
        return shown(value)
    if name == "last_outcome":
        return words.verdict(value)
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
