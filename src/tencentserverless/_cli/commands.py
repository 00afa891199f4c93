"""The tree of commands, made of the table of verbs."""

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from tencentserverless._cli import exit_codes, language, output
from tencentserverless._cli.language import joined, shows_chinese_help, text
from tencentserverless._cli.verbs import GROUPS, VERBS
from tencentserverless._version import __version__

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


class Context(click.Context):
    """Makes help in the chosen language. A page is in one language, the one that standard output can show."""

    def make_formatter(self) -> click.HelpFormatter:
        if not shows_chinese_help():
            return super().make_formatter()
        from tencentserverless._cli.help_in_chinese import Formatter

        return Formatter(width=self.terminal_width, max_width=self.max_content_width)


class Verbs(click.Group):
    """The verbs of the table whose names begin with `prefix`. A verb is imported when it is used."""

    prefix = ""
    context_class = Context

    def _summaries(self) -> dict[str, str]:
        verbs = {name: verb.summary for name, verb in VERBS.items()}
        below = {name.removeprefix(self.prefix): text for name, text in verbs.items() if name.startswith(self.prefix)}
        return {name: text for name, text in {**below, **self._groups()}.items() if " " not in name}

    def _groups(self) -> dict[str, str]:
        return {} if self.prefix else GROUPS

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return sorted(self._summaries())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in self._groups():
            return super().get_command(ctx, cmd_name)
        verb = VERBS.get(self.prefix + cmd_name)
        if verb is None:
            return None
        module, _, name = verb.command.partition(":")
        command: click.Command = getattr(import_module(f"tencentserverless._cli.{module}"), name)
        command.context_class = Context
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name[:1] != "-" and name not in self._summaries():
            unknown = text("No such command {name}.", name=name)
            raise click.UsageError(joined(unknown, self._suggestion(name)), ctx)
        return super().resolve_command(ctx, args)

    def _suggestion(self, name: str) -> str:
        """The verb that was meant, perhaps one of another group."""
        from difflib import get_close_matches

        elsewhere = [verb for verb in VERBS if verb.split()[-1] == name]
        near = get_close_matches(name, self._summaries(), n=1)
        meant = elsewhere or [self.prefix + each for each in near]
        return text("Did you mean {name}?", name=meant[0]) if meant else ""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(sorted(self._summaries().items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        from click.shell_completion import CompletionItem

        names = sorted(self._summaries().items())
        found = [CompletionItem(name, help=text) for name, text in names if name.startswith(incomplete)]
        return found + click.Command.shell_complete(self, ctx, incomplete)


class Local(Verbs):
    """The verbs of the local endpoint."""

    prefix = "local "


class Root(Verbs):
    """All verbs. Its `main` decides the exit code, and says what went wrong."""

    def main(self, *args: Any, **extra: Any) -> Any:
        given = args[0] if args else extra.get("args")
        language.choose(language.named_in(sys.argv[1:] if given is None else given))
        try:
            code: Any = super().main(*args, **{**extra, "standalone_mode": False})
        except Exception as error:  # noqa: BLE001  `reported` raises those that it does not know
            code = exit_codes.reported(error)
        sys.exit(code if isinstance(code, int) else exit_codes.OK)


@click.group(cls=Root, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
@output.language_option
def root() -> None:
    """Invoke Tencent Cloud SCF functions, or run them on this machine."""


root.add_command(output.language_option(Local("local", help=GROUPS["local"])))
