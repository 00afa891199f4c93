"""The interruptions run."""

import subprocess
import sys

from tests.environments import ROOT, clean_environ


def test_interruptions_find_nothing_in_a_short_run():
    """A few interruptions of benchmarks/interruptions.py of each kind, and nothing is lost."""
    command = [sys.executable, ROOT / "benchmarks" / "interruptions.py", "40"]
    done = subprocess.run(command, env=clean_environ(), capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "nothing was lost"
