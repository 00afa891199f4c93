"""The root folder of an instance, made by a fork server in a process of its own."""

import json
import subprocess
import sys

import pytest

from tencentserverless.local.processes import fork_client

pytestmark = pytest.mark.skipif(not fork_client.is_supported(), reason="this system has no fork servers")

WRITABLE = """
import json, os, socket, sys
from tencentserverless.local.worker import fork_server as it

def work(channel, *_):
    mounts = {}
    with open("/proc/self/mountinfo") as file:
        for line in file:
            fields = line.split()
            mounts[fields[4]] = fields[5].split(",")  # the last one at a path hides those before it
    found = [[path for path, options in mounts.items() if "ro" not in options], os.getcwd(), os.listdir("/opt/needed")]
    os.write(channel, json.dumps(found).encode())

scratch, needed, number = sys.argv[1:]
it.namespaces.MOUNT_SETATTR = int(number)
server = it.Forker(socket.socket(), (work, None), False, scratch)
root = {"code": needed, "folder": "/var/user", "aliases": [[needed, "/opt/needed"]]}
request = {"id": 1, "folder": scratch, "root": root, "command": None, "environment": {}}
request.update(data_bytes=1 << 30, memory_bytes=1 << 30)
ours, theirs = socket.socketpair()
server.hand_over(request, json.dumps(request).encode(), [theirs.fileno(), 2])
theirs.close()
print(ours.makefile().read())
server.end_all()
it.cgroups.remove_orphans(server.parents)
"""
SETATTR, UNKNOWN = 442, 100_000


@pytest.mark.parametrize("number", [SETATTR, UNKNOWN], ids=["mount_setattr", "an old kernel"])
def test_what_can_be_written_to(possible, scratch, shared, number):
    """Of all mounts of an instance these can be written to; the folder of the endpoint may have any name."""
    (shared / "beside").touch()
    moved = shared / "a name with blanks"
    subprocess.run(["cp", "-r", scratch, moved], check=True)
    command = [sys.executable, "-c", WRITABLE, moved, shared, str(number)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    writable, folder, needed = json.loads(done.stdout)
    assert set(writable) == {"/tmp", "/dev/shm", "/var/runtime/home", "/dev/pts", "/proc"}
    assert (folder, "beside" in needed) == ("/var/user", True)
