"""The memory allocator."""

import subprocess
import sys

import pytest

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
