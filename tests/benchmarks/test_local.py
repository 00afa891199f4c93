"""The benchmark of the local endpoint runs."""

import subprocess
import sys

import pytest

from tests.environments import ROOT, clean_environ

ROWS = """
local start to aiohttp.web
invocation to an echo of aiohttp.web
invocation to an echo of uvicorn
invocation to an echo on our own connections
32 in flight to Flask
32 in flight to ASGI
fork server to python -I -c pass
start_method spawn to python -I -c pass
without an instance
with one warm instance
"""


@pytest.mark.timeout(300)  # the environment of functions-framework is made where it is not there yet
def test_local_prints_every_row():
    """benchmarks/local.py measures the endpoint against everybody else and prints a row for each, whatever it is."""
    command = [sys.executable, "-W", "error", ROOT / "benchmarks" / "local.py", "--quick"]
    done = subprocess.run(command, env=clean_environ(), capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == 0, done.stderr
    printed = [line.split("  ")[1] for line in done.stdout.splitlines() if line.startswith("  ")]
    printed = [row for row in printed if row]  # but those for a part of the rounds
    assert set(ROWS.strip().splitlines()) == set(printed), done.stdout
