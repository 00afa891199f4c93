"""The fork server's own parts, in processes made for it."""

import json
import subprocess
import sys

import pytest

from tencentserverless.local.processes import fork_client
from tests.local.namespaces_here import flags_here

pytestmark = pytest.mark.skipif(not fork_client.is_supported(), reason="this system has no fork servers")


def in_a_process(code, *arguments):
    """What a new process prints, as JSON, that has the module as `it`."""
    head = "import json, os, signal, sys, time\nfrom tencentserverless.local.worker import fork_server as it\n"
    command = [sys.executable, "-c", head + code, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return json.loads(done.stdout)


def test_a_request_that_cannot_be_sent():
    """A request that a living spare cannot be sent is an error at once: nothing is waited for."""
    told = in_a_process(
        """
import socket
signal.alarm(20)
spare = it.Spare.__new__(it.Spare)
spare.ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
try:
    spare.take(b"x" * (1 << 24), [0, 1])
except OSError as error:
    print(json.dumps(error.strerror))
"""
    )
    assert told == "Message too long"


MOUNTS = """
import socket, tempfile

def handed_over(server):
    ours, theirs = socket.socketpair()
    spare = server.hand_over(request, json.dumps(request).encode(), [theirs.fileno(), 2, theirs.fileno()])
    theirs.close()
    return spare, json.loads(ours.makefile().read())

def work(channel, *_):
    os.write(channel, json.dumps(os.listdir(".")).encode())

names = it.namespaces
names.unshare(names.NEW_MOUNTS)
names.mount("none", "/", flags=names.RECURSIVE | names.PRIVATE)
with tempfile.TemporaryDirectory() as folder:
    request = {"id": 1, "folder": folder, "root": {"folder": folder, "needed": [folder]}, "command": None}
    request.update(environment={}, data_bytes=1 << 30, memory_bytes=1 << 30)
    connection, endpoint = socket.socketpair()
    server = it.Forker(connection, (work, None), False, sys.argv[1])
    told, spares = [], []
    for mounts in (False, True, False):
        server.prepare()
        ready = server.spares[0]
        if mounts:
            names.mount("tmpfs", folder, "tmpfs")
            os.mkdir(folder + "/mounted")
        spare, listed = handed_over(server)
        told.append([spare is ready, listed])
        spares.append(ready)
    left = spares[1].pid in it.descendants.children() or spares[1].pid in server.keepers
    server.end_all()
    it.cgroups.remove_orphans(server.parents)
    names.check_result(names._libc.umount2(folder.encode(), 2))
print(json.dumps([told, left]))
"""


def test_a_spare_that_lacks_a_mount(possible, scratch):
    """A spare that was made before something was mounted is discarded; the worker that gets the request sees it."""
    if flags_here() != 0:
        pytest.skip("this process cannot make mounts")
    told = in_a_process(MOUNTS, scratch)
    assert told == [[[True, []], [False, ["mounted"]], [True, ["mounted"]]], False]
