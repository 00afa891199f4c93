"""``tencentserverless local start``: serve functions until a signal stops it."""

import json
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

import click

from tencentserverless._cli import running, serving

if TYPE_CHECKING:
    from tencentserverless.local import LocalSCF

WINDOWS_SECONDS = 0.5
MOST_ROWS = 200
HEAD = ("function", "region", "namespace", "runtime", "memory", "timeout", "code")


@click.command("start")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--port", default=9000, show_default=True, type=click.IntRange(0, 65535), help="0 picks a free port.")
@serving.endpoint_options
@click.option("--quiet", is_flag=True, help="Leave out the logs of invocations.")
def start(paths: tuple[str, ...], port: int, quiet: bool, **options: Any) -> None:
    """Serve the functions in PATH... until Ctrl-C.

    Once it serves, it prints one line to standard output: a JSON object with endpoint, secret_id, secret_key and pid.
    The key pair is new at each start. With --tls the object also has ca_file, the certificate to trust. Everything
    else goes to standard error.
    """
    signals: SimpleQueue[int] = SimpleQueue()  # a signal handler may use it at any time; an Event could deadlock
    serving.on_signals(signals.put, "SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
    scf = serving.start_endpoint(paths, port, None if quiet else serving.log, **options)
    with running.announced(scf, paths, serving.say):
        try:
            _introduce(scf)
            _wait_for(signals)
        finally:
            scf.stop()


def _wait_for(signals: "SimpleQueue[int]") -> None:
    """Wait for a signal. On Windows signal handlers run only between two waits."""
    while signals.empty():
        with suppress(Empty):
            signals.get(timeout=WINDOWS_SECONDS if sys.platform == "win32" else None)
            return


def _introduce(scf: "LocalSCF") -> None:
    line: dict[str, str | int] = {
        "endpoint": scf.endpoint,
        "secret_id": scf.secret_id,
        "secret_key": scf.secret_key,
        "pid": os.getpid(),
    }
    if scf.ca_file:
        line["ca_file"] = scf.ca_file
    serving.answer(json.dumps(line))
    serving.say(f"{scf!r}: press Ctrl-C to stop it")
    rows = [
        (f.name, f.region, f.namespace, f.runtime or "", f"{f.memory_mb} MB", f"{f.timeout} s", str(f.code))
        for f in scf.functions
    ]
    shown = rows[:MOST_ROWS]
    if sys.stderr is not None and sys.stderr.isatty():
        _table([HEAD, *shown])
    else:
        for row in shown:
            serving.say("  ".join(filter(None, row)))
    if len(rows) > MOST_ROWS:
        serving.say(f"and {len(rows) - MOST_ROWS} more functions")


def _table(rows: Sequence[tuple[str, ...]]) -> None:
    """Print rows in columns; the last column, which may have wide characters, ends where it ends."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        serving.say("  ".join(map(str.ljust, row, widths)).rstrip())
