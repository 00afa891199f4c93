"""What a worker inherits: descriptors with a request, and no others."""

import json
import os
import socket
import subprocess
import sys

import pytest

from tencentserverless.local.processes import fork_client
from tencentserverless.local.worker import inherited

pytestmark = pytest.mark.skipif(not fork_client.is_supported(), reason="this system has no fork servers")


def test_only_one_descriptor_stays():
    """`close_all_but` leaves one descriptor open."""
    code = """
import json, os
from tencentserverless.local.worker import inherited
kept = os.dup(1)
inherited.close_all_but(kept)
os.dup2(kept, 1)
print(json.dumps([name for name in map(int, os.listdir("/proc/self/fd")) if name not in (kept, 1)]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert json.loads(done.stdout) == [0]  # the listing's own


def test_a_request_with_descriptors():
    """A request comes whole with its descriptors, and one that is empty is the end."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    reading, writing = os.pipe()
    with ours, theirs:
        inherited.send(ours, b"request", [reading, writing])
        data, (_, copy) = received = inherited.receive(theirs)
        os.write(copy, b"here")
        assert (data, os.read(reading, 10)) == (b"request", b"here")
        ours.shutdown(socket.SHUT_RDWR)
        assert inherited.receive(theirs) == (b"", [])
    for descriptor in (reading, writing, *received[1]):
        os.close(descriptor)
