"""The code that `local start` and `local exec` share: options, starting the endpoint, notices, signals."""

import errno
import signal
import sys
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import click

from tencentserverless._cli import exit_codes, output
from tencentserverless._cli.language import text

if TYPE_CHECKING:
    from tencentserverless.local import LocalSCF
    from tencentserverless.local.eventloop.delivery import Delivery
    from tencentserverless.local.model.invocation import Record

_OF_THE_SERVER = (
    click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on, or localhost."),
    click.option(
        "--host-name",
        "host_names",
        multiple=True,
        metavar="NAME",
        help="Accept requests to this host name too, such as host.docker.internal; repeatable.",
    ),
    click.option(
        "--accept",
        multiple=True,
        metavar="ID:KEY[:TOKEN]|@FILE",
        envvar="TENCENTSERVERLESS_ACCEPT",
        show_envvar=True,
        help="Accept this key pair too; repeatable. @FILE reads pairs from a file, one on each line, so that other "
        "users do not see them in the list of processes. `any` accepts unknown ids without checking their signatures.",
    ),
    click.option("--tls", is_flag=True, help="Use TLS, with a certificate that is new at each start."),
)
_OF_FUNCTIONS = (
    click.option(
        "--layer",
        "layers",
        multiple=True,
        metavar="NAME=FOLDER",
        help="The folder of a layer that a serverless.yml names. The function finds its content in /opt; repeatable.",
    ),
    click.option(
        "--interpreter",
        "interpreters",
        multiple=True,
        metavar="RUNTIME=PATH",
        help="The Python for a runtime, such as Python3.9=/usr/bin/python3.9; repeatable. Default: searched for.",
    ),
    click.option("--name", help="The name of the function, if PATH is one function."),
    click.option("--handler", metavar="FILE.FUNCTION", help="Its handler, such as main.main_handler."),
    click.option("--env", "env", multiple=True, metavar="NAME=VALUE", help="A variable of the functions; repeatable."),
    click.option("--env-file", "env_files", multiple=True, metavar="FILE", help="A .env file with such variables."),
    click.option("--timeout", type=int, help="The timeout of the functions, in seconds."),
    click.option("--memory", "memory_mb", type=int, help="The memory of the functions, in MB."),
    click.option(
        "--debug",
        is_flag=False,
        flag_value="pdb",
        type=click.Choice(["pdb", "debugpy"]),
        help="Debug the functions. With pdb, the default, they stop at breakpoint() and use this terminal. "
        "With debugpy they listen for a debugger. Put this option after PATH...",
    ),
    click.option(
        "--debug-port",
        type=click.IntRange(1, 65535),
        help="With debugpy: the port for the debugger, which stays the same. Other functions have the ports after it.",
    ),
)


def endpoint_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that `start_endpoint` takes to a command."""
    command = function_options(command)
    for option in reversed(_OF_THE_SERVER):
        command = option(command)
    return command


def function_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add those of them that are about the functions."""
    for option in reversed(_OF_FUNCTIONS):
        command = option(command)
    return command


def make_endpoint(
    paths: Sequence[str],
    port: int,
    on_record: "Callable[[Record], None] | None",
    accept: Sequence[str] = (),
    layers: Sequence[str] = (),
    interpreters: Sequence[str] = (),
    env: Sequence[str] = (),
    env_files: Sequence[str] = (),
    **options: Any,
) -> "LocalSCF":
    """Return an endpoint that has not started. Raises `click.UsageError` for wrong options."""
    from tencentserverless.local import LocalSCF
    from tencentserverless.local.model.credentials import accepted

    accept = [pair for text in accept for pair in _pairs(text)]
    try:
        accepted(accept)
    except ValueError:
        raise click.BadParameter(
            text("must be ID:KEY, ID:KEY:TOKEN, @FILE or any"), param_hint="--accept (TENCENTSERVERLESS_ACCEPT)"
        ) from None
    options.update(port=port, accept=accept, on_record=on_record)
    options.setdefault("notify", print_text)
    options["layers"] = dict(_pair(text, "--layer", "NAME=FOLDER") for text in layers)
    options["interpreters"] = dict(_pair(text, "--interpreter", "RUNTIME=PATH") for text in interpreters)
    given = {name: options.pop(name, None) for name in ("name", "handler", "timeout", "memory_mb")}
    options["settings"] = {**given, "environment": _variables(env, env_files)}
    try:
        return LocalSCF(*paths, **options)
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def _pairs(text: str) -> list[str]:
    """The pairs of one --accept: itself, or the lines of the file that it names. Lines that begin with # are notes."""
    if not text.startswith("@"):
        return [text]
    lines = _text(text[1:], "--accept").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.strip().startswith("#")]


def _variables(pairs: Sequence[str], files: Sequence[str]) -> dict[str, str]:
    """The variables of --env and --env-file. Those of --env win."""
    from tencentserverless.local.functions.forms import dotenv

    found: dict[str, str] = {}
    for path in files:
        found.update(dotenv.read(_text(path, "--env-file")))
    for pair in pairs:
        name, is_pair, value = pair.partition("=")
        if not is_pair:
            raise click.BadParameter(
                text("must be {form}, not {given}", form="NAME=VALUE", given=pair), param_hint="--env"
            )
        found[name] = value
    return found


def _text(path: str, option: str) -> str:
    """The content of a file that an option names. Raises `click.BadParameter`."""
    try:
        with open(path, encoding="utf-8-sig") as file:
            return file.read()
    except OSError as error:
        raise click.BadParameter(f"{path}: {error.strerror}", param_hint=option) from None
    except ValueError:
        raise click.BadParameter(text("{name} is not UTF-8 text", name=path), param_hint=option) from None


def _pair(given: str, option: str, form: str) -> tuple[str, str]:
    name, _, value = given.partition("=")
    if not (name and value):
        raise click.BadParameter(text("must be {form}, not {given}", form=form, given=given), param_hint=option)
    return name, value


def start_endpoint(
    paths: Sequence[str], port: int, on_record: "Callable[[Record], None] | None", **options: Any
) -> "LocalSCF":
    """Start an endpoint. If it cannot start, the program ends with one line on standard error.

    options: those of `endpoint_options`, `notify` and `watch`.
    """
    from tencentserverless.local.model.errors import AuthorityError

    scf = make_endpoint(paths, port, on_record, **options)
    try:
        return scf.__enter__()
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    except AuthorityError as error:
        raise exit_codes.Failure(f"--tls: {error}") from None
    except OSError as error:
        where = error.filename or f"{options.get('host', '127.0.0.1')}, port {port}"
        message = f"{where}: {error.strerror or error}"
        if error.errno == errno.EADDRINUSE:
            raise exit_codes.Failure(f"{message}\n{_user_of(port)}", exit_codes.WRONG_USE) from None
        raise exit_codes.Failure(message) from None


def _user_of(port: int) -> str:
    """Which endpoint of this user has the port, if one has."""
    from tencentserverless._cli import running

    users = [each for each in running.all_running() if each.endpoint.endswith(f":{port}")]
    if users:
        return text("The endpoint {endpoint} has it; --port 0 picks a free port", endpoint=users[0])
    return text("--port 0 picks a free port")


def say(text: str) -> None:
    """Print text to standard error. If nobody reads it, this does not wait for long."""
    deliver(lambda: print_text(text))


def deliver(print_it: Callable[[], None]) -> None:
    """Print something on another thread, and wait for it, but not for long: perhaps nobody reads it."""
    _printer().add(print_it)
    _printer().wait()


@cache
def _printer() -> "Delivery":
    from tencentserverless.local.eventloop.delivery import Delivery

    return Delivery()


def print_text(text: str) -> None:
    """Print text to standard error, if that is possible. Characters that the terminal does not have are replaced."""
    from tencentserverless.local.eventloop.delivery import to_stderr

    to_stderr(output.plain(text, sys.stderr))


def log(record: "Record") -> None:
    """Print the log of an invocation to standard error."""
    from tencentserverless.local.invocations import log
    from tencentserverless.local.model.bounded_text import few_lines

    function = record.invocation.function
    print_text(f"── {function.name} · {function.region}\n{few_lines(log.log(record).rstrip())}")


def on_signals(action: Callable[[int], None], *names: str) -> None:
    """Call `action` with the number of each of these signals, if the system has it. `nohup` ignores SIGHUP for us.

    The program that has started us may have blocked some of them. Then nothing but SIGKILL would end us.
    """

    def handle(number: int, _: Any) -> None:
        action(number)

    for name in names:
        number = getattr(signal, name, None)
        if number is not None and not (name == "SIGHUP" and signal.getsignal(number) is signal.SIG_IGN):
            signal.signal(number, handle)
            if hasattr(signal, "pthread_sigmask"):
                signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})
