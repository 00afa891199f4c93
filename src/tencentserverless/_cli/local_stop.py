"""``tencentserverless local stop``: stop a running endpoint."""

import os
import signal
import time

import click

from tencentserverless._cli import running, target

STOP_SECONDS = 30.0
LOOK_SECONDS = 0.05


@click.command("stop")
def stop() -> None:
    """Stop the local endpoint that runs, and wait for its end."""
    found = target.required()
    try:
        os.kill(found.pid, signal.SIGTERM)
    except ProcessLookupError:  # it has just ended
        pass
    except OSError as error:
        target.fail(f"process {found.pid}: {error.strerror}")
    deadline = time.monotonic() + STOP_SECONDS
    while found in running.all_running():
        if time.monotonic() > deadline:
            target.fail(f"Process {found.pid} has not ended after {STOP_SECONDS:g} s")
        time.sleep(LOOK_SECONDS)
    click.echo(f"Stopped {found.endpoint}", err=True)
