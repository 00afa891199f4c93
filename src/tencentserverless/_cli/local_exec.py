"""``tencentserverless local exec``: run a command that uses a local endpoint of its own."""

import ctypes
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any

import click

from tencentserverless._cli import output, serving
from tencentserverless._cli.language import text

if TYPE_CHECKING:
    from tencentserverless.local import LocalSCF

NOT_FOUND, NOT_EXECUTABLE, KILLED = 127, 126, 128  # the exit codes of a shell
PR_SET_PDEATHSIG = 1
LOOK_SECONDS = 1.0  # Python runs the handlers of signals between two waits: not every signal interrupts one


class _WithCommand(click.Command):
    """A verb with arguments of its own before ``--``, and another command after it, which is passed on unchanged."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if "--" in args:
            cut = args.index("--")
            args, ctx.meta["command"] = args[:cut], args[cut + 1 :]
        return super().parse_args(ctx, args)

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return [*super().collect_usage_pieces(ctx), "-- COMMAND [ARGUMENT]..."]


@click.command("exec", cls=_WithCommand)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--port", default=0, type=click.IntRange(0, 65535), help="Default: a free port.")
@serving.endpoint_options
@click.option("--logs", is_flag=True, help="Print the log of every invocation.")
@click.option("--cloud", is_flag=True, help="Let COMMAND reach the cloud by SCF's host names.")
@output.options
@click.pass_context
def execute(
    ctx: click.Context, /, paths: tuple[str, ...], port: int, logs: bool, cloud: bool, as_json: bool, **options: Any
) -> None:
    """Serve the functions in PATH... while COMMAND runs.

    The environment of COMMAND makes SDKs use the local endpoint. In Python programs SCF's host names lead to it too,
    with any keys. The exit code is that of COMMAND. If a signal ended it, the exit code is 128 plus the number of the
    signal. Standard output belongs to COMMAND; with --json the counters at the end, on standard error, are JSON.
    """
    command = ctx.meta.get("command")
    if not command:
        raise click.UsageError(text("missing COMMAND after --"))
    scf = serving.start_endpoint(paths, port, serving.log if logs else None, **options)
    try:
        code = _run(command, scf.environment(scf_hosts=not cloud))
    finally:
        scf.stop()
    _summarize(scf, as_json)
    if not scf.counters.requests and code < KILLED:
        serving.say(_nothing_came(cloud))
    sys.exit(code)


def _run(command: list[str], variables: dict[str, str]) -> int:
    relay = _Relay()
    try:
        process = subprocess.Popen(command, env=variables, preexec_fn=_ending_with_this_process())  # noqa: PLW1509
    except FileNotFoundError:
        serving.say(text("{name}: command not found", name=command[0]))
        return NOT_FOUND
    except OSError as error:
        serving.say(f"{command[0]}: {error.strerror}")
        return NOT_EXECUTABLE
    relay.to(process)
    code = _code(process)
    return code if code >= 0 else KILLED - code


def _code(process: "subprocess.Popen[Any]") -> int:
    ended: SimpleQueue[int] = SimpleQueue()
    Thread(target=lambda: ended.put(process.wait()), daemon=True).start()
    while True:
        try:
            return ended.get(timeout=LOOK_SECONDS)
        except Empty:
            continue


def _ending_with_this_process() -> Callable[[], None] | None:
    """What the new process calls, so that it gets SIGTERM when this process is killed. Only Linux has such a call."""
    if sys.platform != "linux":
        return None
    prctl, parent = ctypes.CDLL(None).prctl, os.getpid()

    def call() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it was killed before the call
            os._exit(KILLED + signal.SIGTERM)

    return call


class _Relay:
    """Passes signals on to the command. A terminal sends Ctrl-C to the command by itself.

    It is created before the command, so that no signal ends this process alone. Earlier signals are kept until `to`.
    """

    def __init__(self) -> None:
        self._early: list[int] = []
        self._send: Callable[[int], None] = self._early.append
        serving.on_signals(lambda _: None, "SIGINT")
        serving.on_signals(self._pass_on, "SIGTERM", "SIGHUP")

    def _pass_on(self, number: int) -> None:
        self._send(number)

    def to(self, process: "subprocess.Popen[Any]") -> None:
        """Send the signals to this process from now on, and those that came before."""
        self._send = process.send_signal
        for number in self._early:
            process.send_signal(number)


def _summarize(scf: "LocalSCF", as_json: bool) -> None:
    counters = scf.counters
    found = {
        "requests_sent": counters.requests,
        "connections_opened": counters.connections,
        "processes_started": counters.processes,
    }
    if as_json:
        serving.say(json.dumps(found))
    else:
        serving.say(text("requests sent: {requests_sent}", **found))
        serving.say(text("connections opened: {connections_opened}", **found))
        serving.say(text("processes started: {processes_started}", **found))


def _nothing_came(cloud: bool) -> str:
    """Why no request may have come."""
    if cloud:
        return text("No request reached the local endpoint. With --cloud, SCF's host names lead to the cloud.")
    return text(
        "No request reached the local endpoint. If COMMAND invoked functions, it used the cloud, or failed before. "
        "SCF's host\nnames lead to the endpoint in Python processes only, and not in those started with -I, -E or -S, "
        "or without PYTHONPATH."
    )
