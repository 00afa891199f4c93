"""The benchmark of many invocations in flight runs."""

import subprocess
import sys

from tests.environments import ROOT, clean_environ

ROWS = """
hand-written AsyncClient to aiohttp
map of AsyncClient to aiohttp
map of AsyncClient to hand-written AsyncClient
map of Client to map of AsyncClient
aiohttp
hand-written AsyncClient
map of AsyncClient
map of Client
"""


def test_concurrency_prints_every_row():
    """benchmarks/concurrency.py measures every contender and the memory of both maps, and prints a row for each."""
    command = [sys.executable, "-W", "error", ROOT / "benchmarks" / "concurrency.py", "--quick"]
    done = subprocess.run(command, env=clean_environ(), capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stderr
    printed = [line.split("  ")[1] for line in done.stdout.splitlines() if line.startswith("  ")]
    assert set(ROWS.strip().splitlines()) == set(printed), done.stdout
    assert printed.count("map of Client") == 2, done.stdout
