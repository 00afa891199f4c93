"""The benchmarks run."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
ROWS = """
bare TLS socket
tencentserverless (this checkout)
http.client, timeout, no signing, no JSON
official SDK, keepAlive=True
tencentserverless 0.1.7
ours to http.client, timeout, no signing, no JSON
ours to official SDK, keepAlive=True
ours to tencentserverless 0.1.7
import of tencentserverless.scf to scf_client
start of the process to the first answer
server's share of a processor: bare TLS socket
"""


@pytest.mark.timeout(300)  # the peers' environment is made where it is not there yet
def test_invoke_prints_every_row():
    """benchmarks/invoke.py measures every contender and prints a ratio for each, whatever it is."""
    command = [sys.executable, ROOT / "benchmarks" / "invoke.py", "--quick"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == 0, done.stderr
    printed = [line.split("  ")[1] for line in done.stdout.splitlines() if line.startswith("  ")]
    assert set(ROWS.strip().splitlines()) <= set(printed), done.stdout
