"""Measures what the pytest plugin costs: for a project that does not use it, and for each test with `scf_local`.

    python benchmarks/plugin.py [--rounds N] [--tests N]

Each figure is the processor time of the pytest process, as a ratio to what it is compared with in the same run, and in
milliseconds. Processor time, because other programs on the machine change it little. What a test with the fixture takes
is that of its setup and its teardown. Prints `aims missed` and exits with 1 if a figure is above its aim.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from processes import SOURCE, surroundings
from rounds import heading, interleave, row

UNUSED_MS, FIRST_MS, EACH_MS = 10, 300, 5
CONFTEST = """
import json, os, time
import pytest

used = {}

@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_setup(item):
    yield from measure(item)

@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_teardown(item):
    yield from measure(item)

def measure(item):
    started = time.process_time()
    yield
    used[item.name] = used.get(item.name, 0) + (time.process_time() - started) * 1000

def pytest_unconfigure():
    with open("used.json", "w") as file:
        json.dump([used, time.process_time() * 1000], file)
"""
FUNCTION = "def main_handler(event, context):\n    return event\n"
SERVED = """
import pytest
from tencentserverless import scf

@pytest.mark.scf_local(functions=".")
@pytest.mark.parametrize("number", range(%d))
def test_it(scf_local, number):
    assert scf.invoke("Pay", data=number).value == number
    scf_local.stub("Pay", returns=-1)
    assert scf.invoke("Pay").value == -1
"""
UNUSED = "def test_it():\n    pass\n"


def run(test, *arguments):
    """Run pytest on this test. Returns the milliseconds of each test's setup and teardown, and of the whole process."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "Pay").mkdir()
        files = {"conftest.py": CONFTEST, "test_it.py": test, "pytest.ini": "[pytest]\n", "Pay/index.py": FUNCTION}
        for file, text in files.items():
            (folder / file).write_text(text)
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *arguments]
        environ = {**surroundings(SOURCE), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(done.stdout + done.stderr)
        used, whole = json.loads((folder / "used.json").read_text())
    return list(used.values()), whole


def with_plugin(test):
    return run(test, "-p", "tencentserverless.pytest_plugin")


def shown(text, values, aim):
    """Print the times of one figure. Returns whether the median is above the aim."""
    found = statistics.median(values)
    print(f"  {text:<52} {found:6.1f} ms, aim {aim} ms{'' if found <= aim else ': missed'}", flush=True)
    return found > aim


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=7, help="number of rounds (%(default)s)")
    parser.add_argument("--tests", type=int, default=30, help="tests in a run (%(default)s)")
    given = parser.parse_args()
    os.environ.pop("PYTEST_ADDOPTS", None)

    heading("A run that does not use the plugin", "the whole process, with the plugin to without it")
    turns = {"with": lambda: with_plugin(UNUSED)[1], "without": lambda: run(UNUSED)[1]}
    results = interleave(turns, given.rounds)
    row("processor time", [result["with"] / result["without"] for result in results])
    missed = [shown("more with it", [result["with"] - result["without"] for result in results], UNUSED_MS)]

    heading("Setup and teardown of a test with scf_local", "it invokes a function and a stub")
    runs = [with_plugin(SERVED % given.tests)[0] for _ in range(given.rounds)]
    each = [statistics.median(used[1:-1]) for used in runs]
    row("the first one to each", [used[0] / rest for used, rest in zip(runs, each, strict=True)])
    missed += [shown("the first one", [used[0] for used in runs], FIRST_MS), shown("each", each, EACH_MS)]
    if any(missed):
        sys.exit("aims missed")


if __name__ == "__main__":
    main()
