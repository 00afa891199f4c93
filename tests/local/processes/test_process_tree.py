"""Which processes belong to a worker, and their end."""

import os
import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from tencentserverless.local.processes import process_tree
from tencentserverless.local.processes.process_tree import Root, members
from tencentserverless.local.processes.procfs import Process
from tests.local.process_table import alive, until

ROOT = Root(10, b"MARK=1")


def test_descent_session_and_mark():
    """Children, children's children, the session's members and the marked belong; the dead and strangers do not."""
    table = [
        Process(10, 1, 10, "S"),
        Process(11, 10, 11, "S"),
        Process(12, 11, 12, "R"),
        Process(13, 1, 10, "S"),
        Process(14, 1, 14, "S"),
        Process(15, 14, 14, "S"),
        Process(16, 10, 10, "Z"),
        Process(17, 1, 17, "S"),
    ]
    assert members([ROOT], table, {14}) == {10, 11, 12, 13, 14, 15}
    assert members([ROOT], table[5:], set()) == set()


@given(st.lists(st.tuples(st.integers(2, 30), st.integers(1, 30), st.integers(1, 30)), max_size=30))
def test_membership_is_closed(rows):
    """Whatever the table looks like, all children of what belongs belong."""
    table = [Process(pid, parent, session, "S") for pid, parent, session in rows]
    found = members([ROOT], table, set())
    assert all(process.pid in found for process in table if process.parent in found)


def test_the_whole_tree_ends():
    """A process, its child in another session and its orphan are all gone when `end` returns."""
    program = (
        "import os, subprocess, sys, time\n"
        "a = subprocess.Popen(['sleep', '1000'], start_new_session=True)\n"
        "b = subprocess.Popen(['sh', '-c', 'sleep 1000 & echo $!'], stdout=subprocess.PIPE, start_new_session=True)\n"
        "print(a.pid, b.stdout.readline().decode().strip(), flush=True)\n"
        "time.sleep(1000)\n"
    )
    variables = {**os.environ, "TREE_TEST_MARK": str(os.getpid())}
    with subprocess.Popen(
        [sys.executable, "-c", program], env=variables, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        pids = [process.pid, *map(int, process.stdout.readline().split())]
        assert all(map(alive, pids))
        process_tree.end([Root(process.pid, f"TREE_TEST_MARK={os.getpid()}".encode())])
        until(lambda: not any(map(alive, pids)))


def test_what_is_gone_already():
    """Ending a worker that has ended is no error, and takes nobody else."""
    with subprocess.Popen([sys.executable, "-c", ""], start_new_session=True) as process:
        process.wait()
    process_tree.end([Root(process.pid, b"NOBODY=has this mark")])
    assert alive(os.getpid())
