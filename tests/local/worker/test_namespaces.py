"""Mounts of a process of its own, and the limits that the kernel keeps."""

import json
import resource
import subprocess
import sys

import pytest

from tencentserverless.local.processes import fork_client
from tests.local.namespaces_here import flags_here

pytestmark = pytest.mark.skipif(not fork_client.is_supported(), reason="this system has no fork servers")
if fork_client.is_supported():
    from tencentserverless.local.worker import namespaces

SHARED = 1 << 20
SEES = f"""
import json, os, sys
from tencentserverless.local.worker import namespaces as it
folder = sys.argv[1]
it.unshare(it.NEW_MOUNTS)
it.mount("none", "/", flags=it.RECURSIVE | it.PRIVATE)
it.mount("tmpfs", folder, "tmpfs")
it.mount("none", folder, flags={SHARED})
os.mkdir(folder + "/later")
ready, go, seen = os.pipe(), os.pipe(), os.pipe()
if os.fork() == 0:
    it.enter_mounts(0)
    os.write(ready[1], b".")
    os.read(go[0], 1)
    os.write(seen[1], json.dumps(os.listdir(folder + "/later")).encode())
    os._exit(0)
os.read(ready[0], 1)
it.mount("tmpfs", folder + "/later", "tmpfs")
os.mkdir(folder + "/later/mounted")
os.write(go[1], b".")
os.wait()
print(os.read(seen[0], 1000).decode())
"""


def test_what_is_mounted_later_is_seen(tmp_path, possible):
    """Where the system shares its mounts, a mould sees also those that are made after it."""
    if flags_here() != 0:
        pytest.skip("this process cannot make mounts")
    done = subprocess.run(
        [sys.executable, "-c", SEES, tmp_path], capture_output=True, text=True, timeout=60, check=True
    )
    assert json.loads(done.stdout) == ["mounted"]


def test_changes_of_the_mounts(possible):
    """The table of mounts tells once that something was mounted or unmounted since it was last asked."""
    if flags_here() != 0:
        pytest.skip("this process cannot make mounts")
    code = (
        "from tencentserverless.local.worker import namespaces as it\n"
        "it.unshare(it.NEW_MOUNTS)\n"
        "it.mount('none', '/', flags=it.RECURSIVE | it.SLAVE)\n"
        "table = it.MountTable()\n"
        "told = [table.has_changed()]\n"
        "it.mount('tmpfs', '/tmp', 'tmpfs')\n"
        "print(told + [table.has_changed(), table.has_changed()])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[False, True, False]"


def test_limits_are_never_raised():
    """`lowered_limit` stays under the hard limit."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    assert namespaces.lowered_limit(resource.RLIMIT_NOFILE, 5) == (5, 5)
    if hard != resource.RLIM_INFINITY:
        assert namespaces.lowered_limit(resource.RLIMIT_NOFILE, hard + 1) == (hard, hard)


def test_the_kernel_has_a_version():
    """The release is read as two numbers."""
    assert len(namespaces.kernel_version()) == 2
