"""Children and orphans, of processes made for it."""

import json
import os
import subprocess
import sys

import pytest

from tencentserverless.local import launcher

pytestmark = pytest.mark.skipif(not launcher.works(), reason="this system has no fork servers")
if launcher.works():
    from tencentserverless.local import offspring


def in_a_process(code):
    """What a new process prints, as JSON, that has the module as `it`."""
    head = "import json, os, signal, sys, time\nfrom tencentserverless.local import offspring as it\n"
    done = subprocess.run([sys.executable, "-c", head + code], capture_output=True, text=True, timeout=60, check=True)
    return json.loads(done.stdout)


def test_orphans_are_adopted_and_ended():
    """Children and what they left behind are gone after `end_all`, whatever signals they ignore."""
    told = in_a_process(
        """
from tencentserverless.local import fork_server, namespaces
namespaces.control(fork_server.ADOPT_ORPHANS, 1)
reading, writing = os.pipe()
for _ in range(3):
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.setsid()
        if os.fork() == 0:
            os.setsid()
        os.write(writing, b".")
        time.sleep(100)
told = b""
while len(told) < 6:
    told += os.read(reading, 6)
it.end_all()
print(json.dumps(it.children()))
"""
    )
    assert told == []


def test_the_status_is_an_exit_code():
    """`wait_for` tells an exit from a signal, and collects the others that end meanwhile."""
    told = in_a_process(
        """
def forked(end):
    pid = os.fork()
    if pid == 0:
        end()
    return pid
forked(lambda: os._exit(1))
exited = it.wait_for(forked(lambda: os._exit(7)))
killed = it.wait_for(forked(lambda: os.kill(os.getpid(), 9)))
print(json.dumps([exited, killed]))
"""
    )
    assert told == [7, 128 + 9]


def test_a_process_knows_its_parent():
    """The parent of a process is found; of one that is not there it is 0."""
    assert offspring.parent_of(str(os.getpid())) == os.getppid()
    assert offspring.parent_of("0") == 0
