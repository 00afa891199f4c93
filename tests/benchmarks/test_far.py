"""The benchmark of a caller far away runs."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
ROWS = """
tencentserverless (this checkout)
official SDK, keepAlive=True
tencentserverless 0.1.7
first call of a process, import included
first call of a process, after the import
first call of a process, connect() at import
"""


@pytest.mark.timeout(300)  # the peers' environment is made where it is not there yet
def test_far_prints_every_row():
    """benchmarks/far.py prints round trips for each contender and for each kind of first call."""
    command = [sys.executable, ROOT / "benchmarks" / "far.py", "--quick"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == 0, done.stderr
    printed = {
        line[2:54].rstrip(): float(line[54:].split()[0]) for line in done.stdout.splitlines() if line[:2] == "  "
    }
    assert set(printed) == set(ROWS.strip().splitlines()), done.stdout
    assert printed["tencentserverless 0.1.7"] > 2, "it connects for each call"
