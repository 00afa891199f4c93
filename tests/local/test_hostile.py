"""Functions that mean harm, or behave as if they did: the endpoint ends them and serves the others."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path

from tencentserverless.local import LocalSCF, memory
from tests.local.processes import alive, below, until
from tests.local.signed import Api

LEAVES = """
import os, time

def main_handler(event, context):
    for _ in range(3):
        if os.fork() == 0:
            os.setsid()
            os.fork()
            time.sleep(1000)
    if event:
        time.sleep(1000)
    return 1
"""


def cut_off(api):
    """An invocation whose answer never comes."""
    with suppress(OSError, HTTPException):
        api.invoke("leaves", {"wait": True})


def test_zombies_are_collected(api):
    """Children that nobody waits for, and orphans, are in nobody's way."""
    for _ in range(3):
        assert api.invoke("holds_zombies", {"count": 50})["RetMsg"] == '"answered"'


def test_too_many_processes_end_the_invocation(tmp_path, monkeypatch):
    """An instance with more processes than are allowed ends as one that exited, with all of them."""
    monkeypatch.setattr(memory, "MOST_PROCESSES", 4)
    place = tmp_path / "leaves"
    place.mkdir()
    (place / "index.py").write_text(LEAVES)
    (place / "serverless.yml").write_text("component: scf\nname: leaves\ninputs:\n  timeout: 60\n")
    before = below(os.getpid())
    with LocalSCF(place) as scf, Api(scf) as api:
        result = api.invoke("leaves", {"wait": True})
        assert json.loads(result["RetMsg"])["statusCode"] == 439
    assert below(os.getpid()) <= before


def test_a_killed_endpoint_leaves_nothing(tmp_path):
    """kill -9 of the endpoint ends all that its functions have started, detached or running, and removes its files."""
    place = tmp_path / "functions" / "leaves"
    place.mkdir(parents=True)
    (place / "index.py").write_text(LEAVES)
    (place / "serverless.yml").write_text("component: scf\nname: leaves\ninputs:\n  timeout: 60\n")
    command = [sys.executable, "-m", "tencentserverless", "local", "start", str(place), "--port", "0"]
    source = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "TMPDIR": tempfile.mkdtemp(dir=tmp_path)}
    with subprocess.Popen(
        command, env={**os.environ, **source}, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as endpoint:
        try:
            told = json.loads(endpoint.stdout.readline())
            running = type("Told", (), told)
            with Api(running) as idle, Api(running) as busy:
                assert idle.invoke("leaves", {})["RetMsg"] == "1"
                threading.Thread(target=cut_off, args=(busy,)).start()
                until(lambda: len(below(endpoint.pid)) >= 1 + 2 + 12)
                processes = below(endpoint.pid)
                endpoint.send_signal(signal.SIGKILL)
                endpoint.wait()
                until(lambda: not any(map(alive, processes)))
        finally:
            endpoint.kill()
    until(lambda: not list(Path(source["TMPDIR"]).iterdir()))
