"""A project of a user: three functions in two regions, forty tests, faults."""

import os
import signal
import subprocess

import pytest

from tests import environments
from tests.local import process_table
from tests.local.debuggers import Terminal

WAITS = """
import time

def test_waits(scf_local):
    scf_local.client().Order(item="tea")
    print("it waits", flush=True)
    time.sleep(600)
"""


STOPS = """
def test_stops(scf_local):
    assert scf_local.client().Outer(n=7).value == 7
"""
OUTER = """
from tencentserverless import scf

def main_handler(event, context):
    return scf.invoke("Inner", data=event).value
"""
INNER = "def main_handler(event, context):\n    breakpoint()\n    return event['n']\n"


def test_forty_tests(run_once):
    """The tests of the project pass in two processes, and the summary says how the program coped with faults."""
    ran = run_once("tests", "-n", "2")
    assert ran.code == 0, ran.output
    assert "40 passed" in ran.output
    assert (
        "tests/test_shop.py::test_paying_with_faults, faults of Pay\n"
        "  passed on: 407, 430, 433, 439, 443, 500, reset-after, reset-before, truncated\n"
        "tests/test_shop.py::test_two_functions, faults of Pay\n"
        "  handled: 434\n"
        "tests/test_shop.py::test_two_functions, faults of Ship\n"
        "  handled: 434\n"
        "tests/test_shop.py::test_what_the_customer_reads, faults of Order\n"
        "  handled: 433, 435, 437, 443, truncated\n"
    ) in ran.output


def test_coverage_reaches_functions(python, shop):
    """With `in_process` coverage measures the functions of the project."""
    command = ("-m", "coverage", "run", "--source=functions", "-m", "pytest", "-q", "-p", "no:xdist", "-k", "marker")
    code, output, errors = environments.run(python, *command, cwd=shop)
    assert code == 0, output + errors
    _, report, _ = environments.run(python, "-m", "coverage", "report", cwd=shop)
    (pay,) = [line.split() for line in report.splitlines() if line.startswith("functions/Pay")]
    assert pay[1:] == ["2", "0", "100%"]


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="reads /proc")
def test_a_killed_pytest_leaves_no_process(python, shop):
    """When pytest is killed by -9, its endpoint and the functions' processes end."""
    (shop / "test_waits.py").write_text(WAITS)
    environ = environments.clean_environ()
    command = [python, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", "test_waits.py"]
    with subprocess.Popen(command, cwd=shop, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as pytest_run:
        assert any(b"it waits" in line for line in pytest_run.stdout)
        left = process_table.below(pytest_run.pid)
        assert left
        os.kill(pytest_run.pid, signal.SIGKILL)
    process_table.until(lambda: not [pid for pid in left if process_table.alive(pid)])


def test_a_function_within_a_chain_is_debugged(python, tmp_path):
    """With `-s --scf-debug` a `breakpoint()` in a function that another one invokes opens a prompt on the terminal."""
    for name, text in (("Outer/index.py", OUTER), ("Inner/index.py", INNER), ("test_stops.py", STOPS)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    command = [python, "-m", "pytest", "-q", "-s", "--scf-debug", "-p", "no:cacheprovider"]
    with Terminal() as terminal:
        streams = {"stdin": terminal.other, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        with subprocess.Popen(command, cwd=tmp_path, env=environments.clean_environ(), **streams) as pytest_run:
            assert "Stopped in Inner" in terminal.read_until("(Pdb) ")
            assert terminal.answer("p event").strip() == "{'n': 7}"
            terminal.type("c")
            output, _ = pytest_run.communicate(timeout=60)
    assert b"1 passed" in output
