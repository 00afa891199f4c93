"""``tencentserverless doctor``: find what goes wrong in the cloud, before it does."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tencentserverless._cli import exit_codes, output, settings, target
from tencentserverless._cli.language import text
from tencentserverless._cli.project import archive
from tencentserverless._cli.project.rules import files, function, source
from tencentserverless._cli.project.rules.finding import Finding

if TYPE_CHECKING:
    from tencentserverless.local.model.function import Function

_PLACE = re.compile(r"(.+?):(\d+): (.*)", re.DOTALL)


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path), default=".")
@click.option("--region", help="The region of the invocation.")
@target.client_options
@click.option("--no-network", is_flag=True, help="Do not ask the endpoint for an answer and its time.")
@output.options
def doctor(folder: Path, no_network: bool, as_json: bool, **where: Any) -> None:
    """Look for mistakes in the settings, and in the functions of FOLDER, that show only in the cloud.

    Printed first are the settings, and where each comes from. The endpoint is asked for an answer, for at most 2
    seconds, and this machine's clock is compared with its time. Then the code is read, not run. Each finding has a
    number, a place, the reason and what to do. The exit code is 1 if there is one that is not a warning.
    """
    from tencentserverless._cli.project import way

    rows, findings = way.look(**where, has_network=not no_network)
    findings += check(folder)
    settings.write(rows, as_json)
    for each in findings:
        output.write_json(each.as_data()) if as_json else output.write(str(each))
    if not as_json:
        output.tell(text("Findings in {folder}: {count}", count=len(findings), folder=folder))
    is_wrong = any(each.level == "error" for each in findings)
    sys.exit(exit_codes.FUNCTION_FAILED if is_wrong else exit_codes.OK)


def check(folder: Path) -> Iterator[Finding]:
    """The findings in all functions of a folder."""
    from tencentserverless.local.functions.folders import FolderReader
    from tencentserverless.local.model.errors import FunctionFolderError

    try:
        readings = FolderReader({}).read_all([folder])
    except FunctionFolderError as error:
        yield from (_told(message, folder) for message in str(error).splitlines())
        return
    for place, reading in readings.items():
        for message in reading.messages:
            yield _told(message, place)
        for each in reading.functions:
            yield from _of_function(each)


def _told(message: str, folder: Path) -> Finding:
    """What the endpoint would tell at its start. Most such messages begin with a file and a line."""
    found = _PLACE.match(message)
    file, line, reason = (found[1], int(found[2]), found[3]) if found else (str(folder), 0, message)
    return Finding("D10", file, line, reason, text("Correct it, or remove what has no effect."))


def _of_function(each: "Function") -> Iterator[Finding]:
    from tencentserverless.local.model.function import entry_of, version_of
    from tencentserverless.local.processes.interpreters import CURRENT, CURRENT_INTERPRETER

    runtime, version = each.runtime or CURRENT_INTERPRETER.runtime, version_of(each.runtime) or CURRENT
    entry, handler = entry_of(each), each.handler.rpartition(".")[2]
    codes = {str(path): text for path in sorted({entry, *each.code.glob("*.py")}) if (text := _text(path)) is not None}
    for path, text in codes.items():
        yield from source.check(text, path, handler if path == str(entry) else "", version)
    yield from function.check(each, codes, runtime)
    yield from files.check(archive.files_in(each.code, archive.LEFT_OUT), str(each.code), version)


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8-sig", errors="replace") if path.is_file() else None  # not a pipe
    except OSError:
        return None
