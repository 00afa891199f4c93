"""``tencentserverless local start``: serve functions until a signal stops it."""

import os
import sys
import threading
import time
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

import click

from tencentserverless._cli import output, serving
from tencentserverless._cli.language import text

if TYPE_CHECKING:
    from tencentserverless._cli.screen import Screen
    from tencentserverless.local import LocalSCF
    from tencentserverless.local.model.facts import Fact

LOOK_SECONDS = 0.5


@click.command("start")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--port", default=9000, show_default=True, type=click.IntRange(0, 65535), help="0 picks a free port.")
@serving.endpoint_options
@click.option(
    "--records",
    type=output.FilePath(),
    metavar="FILE",
    help="The SQLite file for records of invocations, which `logs` and `local trace` show. Default: one for each "
    "project, in your state folder. If the variable CI is set there is none.",
)
@click.option("--no-records", is_flag=True, help="Remove the records of invocations at the end.")
@click.option("--quiet", is_flag=True, help="Show neither invocations nor what functions print.")
@output.options
def start(
    paths: tuple[str, ...],
    port: int,
    records: str | None,
    no_records: bool,
    quiet: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Serve the functions in PATH... until Ctrl-C.

    Once it serves, it prints one line to standard output: a JSON object with endpoint, secret_id, secret_key and pid.
    The key pair is new at each start. With --tls the object also has ca_file, the certificate to trust. If records of
    invocations are kept, it has their file, records. Everything else goes to standard error: what to type next, and
    each invocation with what it prints. With --json these facts are lines of JSON.
    """
    from tencentserverless._cli import names, running
    from tencentserverless._cli.looking import record_files

    signals: SimpleQueue[int] = SimpleQueue()  # a signal handler may use it at any time; an Event could deadlock
    serving.on_signals(signals.put, "SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
    terminal = Terminal(as_json=as_json, debugs=options["debug"] is not None)
    if records and no_records:
        raise click.UsageError(text("--records and --no-records cannot be used together"))
    kept = record_files.options_for(paths, records, is_wanted=not no_records, notify=terminal.notify)
    scf = serving.start_endpoint(
        paths, port, None, notify=terminal.notify, watch=None if quiet else terminal.show, **kept, **options
    )
    with running.announced(scf, paths, lambda text: serving.deliver(partial(terminal.notify, text))):
        try:
            names.remember(function.name for function in scf.functions)
            _introduce(scf, terminal, has_records=bool(kept))
            _wait_for(signals, scf, terminal)
        finally:
            scf.stop()
            serving.deliver(terminal.finish)


class Terminal:
    """Shows facts on standard error. It may be used by several threads: the one that has `lock` prints.

    as_json: whether to print lines of JSON. debugs: whether functions have a debugger.
    """

    def __init__(self, *, as_json: bool, debugs: bool) -> None:
        self.width = output.columns(sys.stderr)
        self.as_json = as_json
        self._debugs = debugs
        self.lock = threading.Lock()
        self._screen: Screen | None = None

    def notify(self, notice: str) -> None:
        from tencentserverless.local.model.facts import Noticed

        self.show(Noticed(time.time(), notice))

    def show(self, fact: "Fact") -> None:
        from tencentserverless._cli.screen import json_line

        with self.lock:
            screen = self._loaded()
            _print([json_line(fact)] if self.as_json else screen.lines(fact))

    def _loaded(self) -> "Screen":
        from tencentserverless._cli.screen import Screen

        if self._screen is None:
            self._screen = Screen(self.width, colour=output.has_colours(sys.stderr), debugs=self._debugs)
        return self._screen

    def introduce(self, line: dict[str, str | int], shown: list[str]) -> None:
        """Print the line on standard output. Whatever a client does from now on is shown after the other lines."""
        with self.lock:
            try:
                output.write_json(line)
            except output.NotWrittenError as error:
                serving.print_text(str(error))
            _print(shown)
            self._loaded()  # now: later there may be no descriptor left to load it with

    def finish(self) -> None:
        """Show what was held back."""
        with self.lock:
            if self._screen is not None:
                _print(self._screen.rest())


def _print(lines: list[str]) -> None:
    if lines:
        serving.print_text("\n".join(lines))


def _wait_for(signals: "SimpleQueue[int]", scf: "LocalSCF", terminal: Terminal) -> None:
    """Wait for a signal, and look at saved code meanwhile. On Windows signal handlers run only between two waits."""
    from tencentserverless.local.functions.saved_code import SavedCode

    saved = SavedCode()
    while signals.empty():
        for notice in saved.errors(scf.functions):
            serving.deliver(partial(terminal.notify, notice))
        with suppress(Empty):
            signals.get(timeout=LOOK_SECONDS)
            return


def _introduce(scf: "LocalSCF", terminal: Terminal, *, has_records: bool) -> None:
    from tencentserverless._cli.ready import ready, variables

    line: dict[str, str | int] = {
        "endpoint": scf.endpoint,
        "secret_id": scf.secret_id,
        "secret_key": scf.secret_key,
        "pid": os.getpid(),
    }
    if scf.ca_file:
        line["ca_file"] = scf.ca_file
    if has_records:
        line["records"] = scf.records_file
    shown = ready(
        scf.functions,
        variables(line),
        terminal.width,
        records=line.get("records", ""),
        is_windows=sys.platform == "win32",
    )
    serving.deliver(lambda: terminal.introduce(line, [] if terminal.as_json else list(shown)))
