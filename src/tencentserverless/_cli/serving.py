"""What the verbs of the local endpoint share: options, the endpoint made of them, words on standard error."""

import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from tencentserverless.local import LocalSCF
    from tencentserverless.local.model.invocation import Record

_OPTIONS = (
    click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on."),
    click.option(
        "--accept",
        multiple=True,
        metavar="ID:KEY|@FILE",
        envvar="TENCENTSERVERLESS_ACCEPT",
        show_envvar=True,
        help="A key pair that programs bring, beside the one made for this run; repeatable. @FILE reads pairs from a "
        "file, one a line, so that other users do not see them in the list of processes. `any` lets unknown ids in "
        "unverified.",
    ),
    click.option("--tls", is_flag=True, help="Speak TLS, with a certificate of an authority made for this run."),
    click.option(
        "--layer",
        "layers",
        multiple=True,
        metavar="NAME=FOLDER",
        help="The content of a layer that a serverless.yml names, which the function finds in /opt; repeatable.",
    ),
    click.option(
        "--interpreter",
        "interpreters",
        multiple=True,
        metavar="RUNTIME=PATH",
        help="The Python for a runtime, such as Python3.9=/usr/bin/python3.9; repeatable. Others are found.",
    ),
    click.option(
        "--debug",
        is_flag=False,
        flag_value="pdb",
        type=click.Choice(["pdb", "debugpy"]),
        help="Behind PATH...: functions stop at breakpoint() and talk on this terminal (pdb, the default), or listen "
        "for a debugger (debugpy).",
    ),
)


def endpoint_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options that `started` takes."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def endpoint_of(
    paths: Sequence[str],
    port: int,
    on_record: "Callable[[Record], None] | None",
    accept: Sequence[str] = (),
    layers: Sequence[str] = (),
    interpreters: Sequence[str] = (),
    **options: Any,
) -> "LocalSCF":
    """The endpoint of these options; wrong ones are usage errors."""
    from tencentserverless.local import LocalSCF
    from tencentserverless.local.model.credentials import accepted

    accept = [pair for text in accept for pair in _pairs(text)]
    try:
        accepted(accept)
    except ValueError:
        raise click.BadParameter(
            "takes ID:KEY, @FILE or any", param_hint="--accept (TENCENTSERVERLESS_ACCEPT)"
        ) from None
    options.update(port=port, accept=accept, notify=say, on_record=on_record)
    options["layers"] = dict(_pair(text, "--layer", "NAME=FOLDER") for text in layers)
    options["interpreters"] = dict(_pair(text, "--interpreter", "RUNTIME=PATH") for text in interpreters)
    try:
        return LocalSCF(*paths, **options)
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def _pairs(text: str) -> list[str]:
    """The pairs of one --accept: itself, or the lines of the file that it names. Lines that begin with # are notes."""
    if not text.startswith("@"):
        return [text]
    path = text[1:]
    try:
        lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise click.BadParameter(f"{path}: {error.strerror}", param_hint="--accept") from None
    except ValueError:
        raise click.BadParameter(f"{path} is not UTF-8 text", param_hint="--accept") from None
    return [line.strip() for line in lines if line.strip() and not line.strip().startswith("#")]


def _pair(text: str, option: str, form: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    if not (name and value):
        raise click.BadParameter(f"takes {form}, not {text}", param_hint=option)
    return name, value


def started(
    paths: Sequence[str], port: int, on_record: "Callable[[Record], None] | None", **options: Any
) -> "LocalSCF":
    """An endpoint that serves; what prevents that is one line on standard error. options: `endpoint_options`'."""
    from tencentserverless.local.http.certificates import AuthorityError

    scf = endpoint_of(paths, port, on_record, **options)
    try:
        return scf.__enter__()
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    except AuthorityError as error:
        raise click.ClickException(f"--tls: {error}") from None
    except OSError as error:
        raise click.ClickException(f"port {port}: {error.strerror or error}") from None


def say(text: str) -> None:
    """One notice on standard error."""
    click.echo(text, err=True)


def log(record: "Record") -> None:
    """The whole log of an invocation on standard error."""
    from tencentserverless.local.invocations import log

    invocation = record.invocation
    function = invocation.function
    text = f"── {function.name} · {function.region}\n{log.log(record)}"
    sys.stderr.write(text.encode("utf-8", "replace").decode())
    sys.stderr.flush()


def on_signals(action: Callable[[int], None], *names: str) -> None:
    """Call `action` with the number of each of these signals, where the system has it."""

    def handle(number: int, _: Any) -> None:
        action(number)

    for name in names:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), handle)
