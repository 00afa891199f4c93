"""``tencentserverless local stop``: stop a running endpoint."""

import os
import signal
import time

import click

from tencentserverless._cli import exit_codes, output, running, target

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
            raise exit_codes.Failure(f"Process {found.pid} has not ended after {STOP_SECONDS:g} s")
        time.sleep(LOOK_SECONDS)
    output.tell(f"Stopped {found.endpoint}")
    if as_json:
        output.write_json({"endpoint": found.endpoint, "pid": found.pid})
