"""``tencentserverless pack``: write the zip of a function, with its packages."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tencentserverless._cli import output as streams
from tencentserverless._cli.language import text
from tencentserverless._cli.project import archive, wheels
from tencentserverless._cli.project.rules.files import MB, UNZIPPED_LIMIT_MB

if TYPE_CHECKING:
    from tencentserverless.local.model.function import Function

# https://cloud.tencent.com/document/product/583/11637 and the limit of 10 MB of a request to the API
UPLOAD_LIMIT_MB, REQUEST_LIMIT_MB = 50, 7.5
# Those of `model.function`, which would take too long to load for the help.
RUNTIMES = ("Python2.7", "Python3.6", "Python3.7", "Python3.9", "Python3.10")


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("-o", "--output", type=streams.FilePath(path_type=Path), help="Default: the name and .zip")
@click.option("--runtime", type=click.Choice(RUNTIMES), help="Default: that of serverless.yml.")
@streams.options
def pack(folder: Path, output: Path | None, runtime: str | None, as_json: bool) -> None:
    """Write the zip of the function in FOLDER, ready to be uploaded.

    The packages of its requirements.txt are added, as pip finds them for the function's runtime on Linux. Equal files
    give an equal zip. Keys in .env files, .git and virtual environments are left out.
    """
    from tencentserverless.local.environment.requirements import FILE_NAME

    function = _function(folder)
    runtime = runtime or function.runtime or _own_runtime(folder)
    output = output or Path(f"{function.name}.zip")
    with tempfile.TemporaryDirectory() as scratch:
        files = _packages(function.code / FILE_NAME, Path(scratch), runtime)
        try:
            own = _own_files(function)
            files |= {name: path for name, path in own.items() if path.resolve() != output.resolve()}
            size = sum(path.stat().st_size for path in files.values())
            archive.write(output, files)
        except OSError as error:
            raise click.ClickException(f"{error.filename or output}: {error.strerror or error}") from None
        except UnicodeEncodeError as error:
            raise click.ClickException(
                text("{name}: the name of this file is not Unicode text", name=repr(error.object))
            ) from None
    sizes = {"zipped_bytes": output.stat().st_size, "unzipped_bytes": size}
    if as_json:
        streams.write_json({"file": str(output), "files": len(files), "runtime": runtime, **sizes})
    else:
        streams.write(str(output))
    _report(runtime, len(files), size / MB, output.stat().st_size / MB)


def _own_files(function: "Function") -> dict[str, Path]:
    """The files of the function by their names in the zip: also without those that its configuration file excludes,
    and with those that it includes."""
    from tencentserverless.local.functions import packing

    found = archive.files_in(function.code, archive.LEFT_OUT)
    if function.packing is None:
        return found
    packed = packing.files(function.code, function.packing)
    return {name: path for name, path in packed.items() if name in found or not (function.code / name).exists()}


def _function(folder: Path) -> "Function":
    from tencentserverless.local.functions import folders
    from tencentserverless.local.model.errors import FunctionFolderError

    try:
        functions = list(folders.read([folder], streams.tell))
    except FunctionFolderError as error:
        raise click.ClickException(str(error)) from None
    if len(functions) > 1:
        raise click.UsageError(
            text("{folder} has {count} functions: give the folder of one of them", folder=folder, count=len(functions))
        )
    return functions[0]


def _own_runtime(folder: Path) -> str:
    from tencentserverless.local.processes.interpreters import CURRENT_INTERPRETER

    own = CURRENT_INTERPRETER.runtime
    if own not in RUNTIMES:
        raise click.UsageError(
            text(
                "{folder} names no runtime, and the platform has none for {own}: use --runtime", folder=folder, own=own
            )
        )
    return own


def _packages(requirements: Path, scratch: Path, runtime: str) -> dict[str, Path]:
    if not requirements.is_file():
        return {}
    from tencentserverless.local.model.function import version_of

    version = version_of(runtime)
    assert version is not None
    try:
        wheels.install(requirements, scratch, version)
    except wheels.PipError as error:
        raise click.ClickException(
            text(
                "{file}: pip could not get the packages for {runtime} on Linux:\n{error}\n"
                "A package without a wheel has to be built on Linux with that Python and put into the folder.",
                file=requirements,
                runtime=runtime,
                error=error,
            )
        ) from None
    return archive.files_in(scratch, (*archive.LEFT_OUT, *archive.OF_PIP))


def _report(runtime: str, count: int, unzipped_mb: float, zipped_mb: float) -> None:
    sizes = {"zipped": f"{zipped_mb:.1f}", "unzipped": f"{unzipped_mb:.1f}"}
    streams.tell(
        text("{count} files for {runtime}: {zipped} MB, unzipped {unzipped} MB", count=count, runtime=runtime, **sizes)
    )
    if unzipped_mb > UNZIPPED_LIMIT_MB:
        raise click.ClickException(
            text("the platform allows {limit} MB unzipped, together with layers", limit=UNZIPPED_LIMIT_MB)
        )
    if zipped_mb > REQUEST_LIMIT_MB:
        way = text("the console or COS") if zipped_mb <= UPLOAD_LIMIT_MB else "COS"
        streams.tell(
            text(
                "more than {limit} MB: upload it through {way}, not in an API request", limit=REQUEST_LIMIT_MB, way=way
            )
        )
