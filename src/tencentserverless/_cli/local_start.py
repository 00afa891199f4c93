"""``tencentserverless local start``: serve functions until a signal stops it."""

import json
import os
import sys
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

import click

from tencentserverless._cli import running, serving
from tencentserverless._cli.terminal import Terminal

if TYPE_CHECKING:
    from tencentserverless.local import LocalSCF

LOOK_SECONDS = 0.5


@click.command("start")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--port", default=9000, show_default=True, type=click.IntRange(0, 65535), help="0 picks a free port.")
@serving.endpoint_options
@click.option("--quiet", is_flag=True, help="Show neither invocations nor what functions print.")
@click.option("--json", "as_json", is_flag=True, help="Show everything that happens as lines of JSON.")
def start(paths: tuple[str, ...], port: int, quiet: bool, as_json: bool, **options: Any) -> None:
    """Serve the functions in PATH... until Ctrl-C.

    Once it serves, it prints one line to standard output: a JSON object with endpoint, secret_id, secret_key and pid.
    The key pair is new at each start. With --tls the object also has ca_file, the certificate to trust. Everything
    else goes to standard error: what to type next, and each invocation with what it prints.
    """
    signals: SimpleQueue[int] = SimpleQueue()  # a signal handler may use it at any time; an Event could deadlock
    serving.on_signals(signals.put, "SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
    terminal = Terminal(as_json=as_json, debugs=options["debug"] is not None)
    try:
        scf = serving.start_endpoint(
            paths, port, None, notify=terminal.notify, watch=None if quiet else terminal.show, **options
        )
        with running.announced(scf, paths, terminal.notify):
            try:
                _introduce(scf, terminal)
                _wait_for(signals, scf, terminal)
            finally:
                scf.stop()
    finally:
        terminal.finish()


def _wait_for(signals: "SimpleQueue[int]", scf: "LocalSCF", terminal: Terminal) -> None:
    """Wait for a signal, and look at saved code meanwhile. On Windows signal handlers run only between two waits."""
    from tencentserverless.local.functions.saved_code import SavedCode

    saved = SavedCode()
    while signals.empty():
        for notice in saved.errors(scf.functions):
            terminal.notify(notice)
        with suppress(Empty):
            signals.get(timeout=LOOK_SECONDS)
            return


def _introduce(scf: "LocalSCF", terminal: Terminal) -> None:
    line: dict[str, str | int] = {
        "endpoint": scf.endpoint,
        "secret_id": scf.secret_id,
        "secret_key": scf.secret_key,
        "pid": os.getpid(),
    }
    if scf.ca_file:
        line["ca_file"] = scf.ca_file
    from tencentserverless._cli.ready import ready, variables

    if not terminal.as_json:  # before the line: whatever a client does then is shown after this
        terminal.say(list(ready(scf.functions, variables(line), terminal.width, is_windows=sys.platform == "win32")))
    click.echo(json.dumps(line))
    terminal.start()
