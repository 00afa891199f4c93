"""The soak runs."""

import subprocess
import sys

from tests.environments import ROOT, clean_environ


def test_soak_finds_nothing_in_a_short_run():
    """A few seconds of benchmarks/soak.py, on eight threads, end with right answers and no process left behind."""
    command = [sys.executable, "-W", "error", ROOT / "benchmarks" / "soak.py", "4"]
    done = subprocess.run(command, env=clean_environ(), capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "nothing grew, nothing was left behind"
    assert all(name in done.stdout for name in ("Chains", "Echo", "Prints", "Raises"))
