"""What an endpoint sets for its process: memory and open files."""

import subprocess
import sys

import pytest

from tencentserverless.local import own_process

PROGRAM = """
from tencentserverless.local.own_process import return_large_blocks

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096

return_large_blocks()
before = resident()
for _ in range(3):
    blocks = [bytearray(6_000_000) for _ in range(20)]
    small = [bytearray(100_000) for _ in range(20)]
    del blocks
print(resident() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc is told")
def test_large_blocks_go_back():
    """Of large blocks that are freed nothing stays with the process, also where small ones stay."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 30_000_000


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_the_limit_of_open_files_is_raised():
    """A soft limit that is low is raised as far as the hard limit allows, and one that is high stays."""
    import resource

    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, limits[1]))
        raised = own_process.raise_limit()
        assert raised == resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 256
        assert own_process.raise_limit() == raised
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
