"""The tree of commands. The file of a verb is imported when the verb is used, so that help and completion are fast."""

from importlib import import_module
from typing import Any

import click

from tencentserverless._version import __version__


class LazyGroup(click.Group):
    """A group of commands that are imported when they are used.

    verbs: ``module:name`` of each command, by the name of its verb.
    """

    def __init__(self, *args: Any, verbs: dict[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._verbs = verbs

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *self._verbs])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        path = self._verbs.get(cmd_name)
        if path is None:
            return super().get_command(ctx, cmd_name)
        module, _, name = path.partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command


local = LazyGroup(
    "local",
    help="The local endpoint: an SCF on this machine.",
    verbs={
        "start": "tencentserverless._cli.local_start:start",
        "exec": "tencentserverless._cli.local_exec:execute",
        "env": "tencentserverless._cli.local_env:env",
        "stop": "tencentserverless._cli.local_stop:stop",
    },
)


@click.group(
    cls=LazyGroup,
    verbs={
        "doctor": "tencentserverless._cli.doctor:doctor",
        "event": "tencentserverless._cli.event:event",
        "invoke": "tencentserverless._cli.invoke:invoke",
        "pack": "tencentserverless._cli.pack:pack",
        "settings": "tencentserverless._cli.settings:settings",
    },
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__)
def root() -> None:
    """Invoke Tencent Cloud SCF functions, or run them on this machine."""


root.add_command(local)
