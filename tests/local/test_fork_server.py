"""The fork server's own parts, in processes made for it."""

import json
import subprocess
import sys

import pytest

from tencentserverless.local import launcher

pytestmark = pytest.mark.skipif(not launcher.works(), reason="this system has no fork servers")


def in_a_process(code):
    """What a new process prints, as JSON, that has the module as `it`."""
    head = "import json, os, signal, sys, time\nfrom tencentserverless.local import fork_server as it\n"
    done = subprocess.run([sys.executable, "-c", head + code], capture_output=True, text=True, timeout=60, check=True)
    return json.loads(done.stdout)


def test_only_one_descriptor_stays():
    """`close_all_but` leaves one descriptor open."""
    told = in_a_process(
        """
kept = os.dup(1)
it.close_all_but(kept)
os.dup2(kept, 1)
print(json.dumps([name for name in map(int, os.listdir("/proc/self/fd")) if name not in (kept, 1)]))
"""
    )
    assert told == [0]  # the listing's own
