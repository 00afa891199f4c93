"""``tencentserverless init``: write a folder with a function and its test."""

import shlex
from pathlib import Path

import click

from tencentserverless._cli import exit_codes, output
from tencentserverless._cli.language import text
from tencentserverless._cli.project.templates import TEMPLATES


@click.command()
@click.argument("folder", required=False, type=click.Path(file_okay=False, path_type=Path))
@click.option("--template", type=click.Choice(list(TEMPLATES)), default="hello", show_default=True)
@output.options
def init(folder: Path | None, template: str, as_json: bool) -> None:
    """Write a project to FOLDER: a function that runs, with a test that passes.

    FOLDER is named as the template if it is left out. hello: one function. chain: two functions, of which one invokes
    the other in another region. timer, cos: a function for the events of this trigger. The command prints the names of
    the files, and what to type next.
    """
    target, chosen = folder or Path(template), TEMPLATES[template]
    if target.exists() and any(target.iterdir()):
        message = text("{folder} is not empty: give the name of a new folder", folder=target)
        raise exit_codes.Failure(message, exit_codes.WRONG_USE)
    for name, content in chosen.files.items():
        _write(target / name, content)
    if as_json:
        output.write_json({"folder": str(target), "files": list(chosen.files)})
        return
    for name in chosen.files:
        output.write(str(target / name))
    output.tell(text("\nWhat to type next:\n"))
    for line in next_steps(target, template):
        output.tell(f"  {line}")


def next_steps(folder: Path, template: str) -> list[str]:
    """The commands that use the project."""
    chosen = TEMPLATES[template]
    return [
        f"cd {shlex.quote(str(folder))}",
        f"tencentserverless local invoke .:{chosen.function} -d {shlex.quote(chosen.event)}",
        "python -m pytest",
        "tencentserverless local start .",
    ]


def _write(path: Path, content: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8", newline="\n")
    except OSError as error:
        raise exit_codes.Failure(f"{path}: {error.strerror}") from None
