"""The ends of verbs that start processes."""

import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack

import pytest

from tencentserverless.scf import Client
from tests.cli.conftest import environment
from tests.local.process_table import alive, below, until

INVOKE = (sys.executable, "-m", "tencentserverless", "invoke", "Slow", "-d", "60")
VERBS = {
    "exec": ("local", "exec", "Slow", "--", *INVOKE),
    "invoke": ("local", "invoke", "Slow", "-d", "60", "--timeout", "100"),
    "pack": ("pack", "Packed"),
    "start": ("local", "start", "Slow", "--port", "0", "--quiet"),
}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_no_process_is_left(tmp_path, number):
    """A signal ends every verb that starts processes, at whatever it is, and no process of it is left.

    Ctrl-C and a closed terminal reach all processes of the terminal, the other signals only the verb.
    """
    folder = tmp_path / "Slow"
    folder.mkdir()
    (folder / "index.py").write_text("import time\ndef main_handler(event, context):\n    time.sleep(event)\n")
    (tmp_path / "Packed").mkdir()
    (tmp_path / "Packed" / "index.py").write_text("def main_handler(event, context):\n    pass\n")
    (tmp_path / "Packed" / "serverless.yml").write_text("component: scf\nname: packed\ninputs:\n  runtime: Python3.9\n")
    with ExitStack() as stack:
        silent = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        wheel = f"nothing @ http://127.0.0.1:{silent.getsockname()[1]}/nothing-1.0-py3-none-any.whl\n"
        (tmp_path / "Packed" / "requirements.txt").write_text(wheel)
        runs = {name: stack.enter_context(started(verb, tmp_path)) for name, verb in VERBS.items()}
        for run in runs.values():
            stack.callback(run.kill)
            until(lambda run=run: below(run.pid) or run.poll() is not None)
        left = {pid for name, run in runs.items() for pid in below(run.pid)}
        assert left
        for run in runs.values():
            if number in (signal.SIGINT, signal.SIGHUP):
                os.killpg(run.pid, number)
            else:
                run.send_signal(number)
        for name, run in runs.items():
            assert run.wait(30) == 0 or name != "start" or number == signal.SIGKILL
        until(lambda: not any(map(alive, left)))


def test_nohup(tmp_path):
    """With `nohup` the end of the terminal does not end `local start`, and its functions have SIGHUP as usual."""
    (tmp_path / "Hup").mkdir()
    (tmp_path / "Hup" / "index.py").write_text(
        "import signal\ndef main_handler(event, context):\n    return signal.getsignal(signal.SIGHUP)\n"
    )
    verb = ("local", "start", "Hup", "--port", "0", "--quiet")
    with started(verb, tmp_path, before=("nohup",), stdout=subprocess.PIPE) as run:
        try:
            keys = json.loads(run.stdout.readline())
            run.send_signal(signal.SIGHUP)
            with Client(**{name: keys[name] for name in ("endpoint", "secret_id", "secret_key")}) as client:
                assert client.invoke("Hup").value == signal.SIG_DFL
            run.terminate()
            assert run.wait(30) == 0
        finally:
            run.kill()


def started(verb, folder, before=(), stdout=subprocess.DEVNULL):
    return subprocess.Popen(
        [*before, sys.executable, "-m", "tencentserverless", *verb],
        cwd=folder,
        env=environment(),
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.DEVNULL,
    )
