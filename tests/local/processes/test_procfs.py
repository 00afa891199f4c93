"""The reader of /proc."""

import os
import subprocess
import sys
import threading

import pytest

from tencentserverless.local.processes import procfs
from tencentserverless.local.processes.procfs import Process, parse_stat

needs_proc = pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="this system has no /proc")


def test_a_line_of_the_process_table():
    """Commands with spaces and brackets do not confuse the reader."""
    assert parse_stat(b"12 (a) b) (c) S 3 12 5 0 -1") == Process(12, 3, 5, "S")


@needs_proc
def test_ourselves_and_our_children():
    """This process is in the table, and a child that another thread has started is its child."""
    started = []

    def start():
        started.append(subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE))
        started[0].wait()

    thread = threading.Thread(target=start)
    thread.start()
    while not started:
        pass
    with started[0] as child:
        ours = [process for process in procfs.processes() if process.pid == os.getpid()]
        assert [process.parent for process in ours] == [os.getppid()]
        assert child.pid in procfs.children(os.getpid())
        child.stdin.close()
        thread.join()


def test_what_is_not_there():
    """Of a process that is gone nothing can be read, and that is not an error."""
    assert (procfs.read("/proc/none/stat"), procfs.children(0), procfs.first_child(0)) == (b"", [], 0)
