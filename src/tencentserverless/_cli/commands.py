"""The tree of commands. A verb's file is imported when the verb is used, so that help and completion stay quick."""

from importlib import import_module
from typing import Any

import click

from tencentserverless._version import __version__


class Lazy(click.Group):
    """A group whose commands are ``module:name`` until they are wanted."""

    def __init__(self, *args: Any, verbs: dict[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._verbs = verbs

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *self._verbs])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        place = self._verbs.get(cmd_name)
        if place is None:
            return super().get_command(ctx, cmd_name)
        module, _, name = place.partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command


local = Lazy(
    "local",
    help="The local endpoint: an SCF on this machine.",
    verbs={
        "start": "tencentserverless._cli.local_start:start",
        "exec": "tencentserverless._cli.local_exec:execute",
    },
)


@click.group(
    cls=Lazy,
    verbs={
        "invoke": "tencentserverless._cli.invoke:invoke",
        "settings": "tencentserverless._cli.settings:settings",
    },
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__)
def root() -> None:
    """Invoke Tencent Cloud SCF functions, and run them on this machine."""


root.add_command(local)
