"""The kills run."""

import subprocess
import sys

import pytest

from tests.environments import ROOT, clean_environ


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells what is left")
def test_kills_find_nothing_in_a_short_run():
    """A few kills of benchmarks/kills.py under load, and nothing of the endpoint is left behind."""
    command = [sys.executable, "-W", "error", ROOT / "benchmarks" / "kills.py", "3"]
    done = subprocess.run(command, env=clean_environ(), capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "nothing was left behind"
