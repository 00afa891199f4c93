"""``tencentserverless local stop``: stop a running endpoint."""

import os
import signal
import time

import click

from tencentserverless._cli import exit_codes, output, running, target
from tencentserverless._cli.language import text

STOP_SECONDS = 30.0
LOOK_SECONDS = 0.05


@click.command("stop")
@click.option("--all", "stops_all", is_flag=True, help="Stop all that run, also those for other folders.")
@output.options
def stop(stops_all: bool, as_json: bool) -> None:
    """Stop the local endpoint that runs, and wait for its end."""
    found = (running.all_running() if stops_all else []) or [target.required()]
    for each in found:
        _ask_to_end(each)
    for each in found:
        _wait_for_end(each)
        output.tell(text("Stopped {endpoint}", endpoint=each.endpoint))
        if as_json:
            output.write_json({"endpoint": each.endpoint, "pid": each.pid})


def _ask_to_end(found: running.Running) -> None:
    try:
        os.kill(found.pid, signal.SIGTERM)
    except ProcessLookupError:  # it has just ended
        pass
    except OSError as error:
        raise exit_codes.Failure(f"process {found.pid}: {error.strerror}") from None


def _wait_for_end(found: running.Running) -> None:
    deadline = time.monotonic() + STOP_SECONDS
    while found in running.all_running():
        if time.monotonic() > deadline:
            raise exit_codes.Failure(
                text("process {pid} has not ended after {seconds} s", pid=found.pid, seconds=f"{STOP_SECONDS:g}")
            )
        time.sleep(LOOK_SECONDS)
