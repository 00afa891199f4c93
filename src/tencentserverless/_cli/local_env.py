"""``tencentserverless local env``: print the variables with which programs use a running endpoint."""

import os
import shlex
import sys

import click

from tencentserverless._cli import output, target


@click.command("env")
@click.option(
    "--shell",
    type=click.Choice(["sh", "powershell"]),
    default="powershell" if sys.platform == "win32" else "sh",
    show_default=True,
    help="The language of the commands.",
)
@output.options
def env(shell: str, as_json: bool) -> None:
    """Print commands that make programs of this shell use the local endpoint that runs.

    Use them in a shell with: eval "$(tencentserverless local env)"

    In PowerShell: tencentserverless local env | Out-String | Invoke-Expression
    """
    from tencentserverless.local.environment.command import command_environment

    found = target.required()
    after = command_environment(os.environ, found.endpoint, found.secret_id, found.secret_key, found.bundle)
    names = sorted({*os.environ, *after})
    changed = {name: after.get(name) for name in names if after.get(name) != os.environ.get(name)}
    if as_json:
        output.write_json(changed)
        return
    for name, value in changed.items():
        output.write(assignment(shell, name, value))


def assignment(shell: str, name: str, value: str | None) -> str:
    """The command of a shell, "sh" or "powershell", that sets a variable, or removes it if `value` is None."""
    return _powershell(name, value) if shell == "powershell" else _sh(name, value)


def _sh(name: str, value: str | None) -> str:
    return f"unset {name}" if value is None else f"export {name}={shlex.quote(value)}"


def _powershell(name: str, value: str | None) -> str:
    quoted = (value or "").replace("'", "''")
    return f"Remove-Item Env:{name}" if value is None else f"$env:{name} = '{quoted}'"
