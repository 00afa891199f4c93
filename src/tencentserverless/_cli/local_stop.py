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
@output.options
def stop(as_json: bool) -> None:
    """Stop the local endpoint that runs, and wait for its end."""
    found = target.required()
    try:
        os.kill(found.pid, signal.SIGTERM)
    except ProcessLookupError:  # it has just ended
        pass
    except OSError as error:
        raise exit_codes.Failure(f"process {found.pid}: {error.strerror}") from None
    deadline = time.monotonic() + STOP_SECONDS
    while found in running.all_running():
        if time.monotonic() > deadline:
            raise exit_codes.Failure(
                text("process {pid} has not ended after {seconds} s", pid=found.pid, seconds=f"{STOP_SECONDS:g}")
            )
        time.sleep(LOOK_SECONDS)
    output.tell(text("Stopped {endpoint}", endpoint=found.endpoint))
    if as_json:
        output.write_json({"endpoint": found.endpoint, "pid": found.pid})
