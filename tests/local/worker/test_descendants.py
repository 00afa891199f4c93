"""Children and orphans, of processes made for it."""

import json
import os
import subprocess
import sys

import pytest

from tencentserverless.local.processes import fork_client

pytestmark = pytest.mark.skipif(not fork_client.is_supported(), reason="this system has no fork servers")
if fork_client.is_supported():
    from tencentserverless.local.worker import descendants


def in_a_process(code):
    """What a new process prints, as JSON, that has the module as `it`."""
    head = "import json, os, signal, sys, time\nfrom tencentserverless.local.worker import descendants as it\n"
    done = subprocess.run([sys.executable, "-c", head + code], capture_output=True, text=True, timeout=60, check=True)
    return json.loads(done.stdout)


def test_orphans_are_adopted_and_ended():
    """Children and what they left behind are gone after `kill_all`, whatever signals they ignore."""
    told = in_a_process(
        """
from tencentserverless.local.worker import fork_server, namespaces
namespaces.prctl(fork_server.ADOPT_ORPHANS, 1)
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
it.kill_all()
print(json.dumps(it.children()))
"""
    )
    assert told == []


def test_waiting_for_a_process_collects_others():
    """`wait_for` returns when that process has ended, and collects those that end before it."""
    told = in_a_process(
        """
signal.pthread_sigmask(signal.SIG_BLOCK, it.AWAITED)
reading, writing = os.pipe()
for _ in range(3):
    if os.fork() == 0:
        os._exit(1)
others = it.children()
last = os.fork()
if last == 0:
    os.read(reading, 1)
    os._exit(7)
while any(open("/proc/%d/stat" % pid).read().rpartition(") ")[2][0] != "Z" for pid in others):
    time.sleep(0.001)
os.write(writing, b".")
it.wait_for(last)
print(json.dumps(it.children()))
"""
    )
    assert told == []


def test_waiting_ends_with_a_signal():
    """`wait_for` returns at SIGTERM, also when that came before it waited, or before a new process was ready."""
    told = in_a_process(
        """
signal.pthread_sigmask(signal.SIG_BLOCK, it.AWAITED)
waits = os.fork()
if waits == 0:
    sleeps = os.fork()
    if sleeps == 0:
        time.sleep(100)
    it.wait_for(sleeps)
    os.kill(sleeps, signal.SIGKILL)
    os._exit(3)
os.kill(waits, signal.SIGTERM)
print(json.dumps(os.WEXITSTATUS(os.waitpid(waits, 0)[1])))
"""
    )
    assert told == 3


def test_a_process_knows_its_parent():
    """The parent of a process is found; of one that is not there it is 0."""
    assert descendants.parent_of(str(os.getpid())) == os.getppid()
    assert descendants.parent_of("0") == 0
