"""``tencentserverless event``: print a sample event of a trigger."""

from typing import Any

import click

from tencentserverless._cli import output
from tencentserverless._cli.language import text
from tencentserverless.local.model import sample_events

OUTDATED = ("apigw",)


@click.command()
@click.argument("trigger", type=click.Choice(list(sample_events.SAMPLES)))
@click.option(
    "--set",
    "changes",
    multiple=True,
    metavar="PATH=VALUE",
    help="Change one value; repeatable. PATH is a path such as Records.0.cos.cosObject.key, or its last part. VALUE is "
    "text where the sample has text, otherwise JSON.",
)
@click.option("--legacy", is_flag=True, help="Needed for apigw: API gateway takes no new triggers.")
@output.options
def event(trigger: str, changes: tuple[str, ...], legacy: bool, as_json: bool) -> None:  # noqa: ARG001
    """Print the event that a function gets from TRIGGER, as one line of JSON, with or without --json.

    Give it to a function: tencentserverless event timer | tencentserverless invoke NAME --data -
    """
    if trigger in OUTDATED and not legacy:
        raise click.UsageError(
            text(
                "{trigger}: API gateway has taken no new triggers since 2025-06-30. For a function URL use the trigger "
                "`url`. For a function that still has the old trigger add --legacy.",
                trigger=trigger,
            )
        )
    sample = sample_events.SAMPLES[trigger]()
    for change in changes:
        _change(sample, change)
    output.write_json(sample_events.packed(trigger, sample))


def _change(sample: Any, change: str) -> None:
    path, equals, value = change.partition("=")
    if not equals or not path:
        raise click.BadParameter(
            text("must be {form}, not {given}", form="PATH=VALUE", given=change), param_hint="--set"
        )
    try:
        sample_events.changed(sample, path, value)
    except sample_events.PathError as error:
        raise click.BadParameter(str(error), param_hint="--set") from None
