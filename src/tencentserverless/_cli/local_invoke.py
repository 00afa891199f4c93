"""``tencentserverless local invoke``: run one function once on this machine."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tencentserverless._cli import output, serving
from tencentserverless._cli.invoking import event_text
from tencentserverless._cli.invoking.invoke import ctrl_c, show
from tencentserverless._cli.language import text

if TYPE_CHECKING:
    from tencentserverless.local.model.function import Function


@click.command("invoke")
@click.argument("place", metavar="FOLDER[:NAME]")
@event_text.data_option
@click.option("--log", is_flag=True, help="Print the log of the function, and of those that it invokes.")
@click.option("--pretty", is_flag=True, help="Print the result on several lines, indented.")
@serving.function_options
@output.options
def invoke(place: str, data: str | None, log: bool, pretty: bool, as_json: bool, **options: Any) -> None:
    """Run the function NAME in FOLDER once, and print what it returned.

    The functions that it invokes must be in FOLDER, too. NAME can be left out if FOLDER has one function. Standard
    output and the exit code are those of `tencentserverless invoke`.
    """
    folder, name = _split(place)
    event = event_text.event_of(data)
    scf = serving.start_endpoint([folder], 0, serving.log if log else None, **options)
    try:
        function = _chosen(scf.functions, name, folder)
        ended = text("The function was ended.")
        with ctrl_c(ended) as trace, scf.client(function.region, trace=trace, timeout=None) as client:
            result = client.invoke(function.name, function.namespace, data=event)
    finally:
        scf.stop()
    show(result, False, as_json, pretty)


def _split(place: str) -> tuple[str, str]:
    """The folder and the name of the function; a folder may have a colon in its name."""
    folder, colon, name = place.rpartition(":")
    return (folder, name) if colon and folder and not Path(place).exists() else (place, "")


def _chosen(functions: "Sequence[Function]", name: str, folder: str) -> "Function":
    found = [each for each in functions if not name or each.name == name]
    if len(found) == 1:
        return found[0]
    names = ", ".join(sorted({each.name for each in functions}))
    if not found:
        message = text(
            "{folder} does not have the function {name}. It has: {names}", folder=folder, name=name, names=names
        )
    elif name:
        regions = ", ".join(each.region for each in found)
        message = text("{name} is in several regions: {regions}. Give its own folder", name=name, regions=regions)
    else:
        message = text("{folder} has several functions: give FOLDER:NAME. It has: {names}", folder=folder, names=names)
    raise click.UsageError(message)
