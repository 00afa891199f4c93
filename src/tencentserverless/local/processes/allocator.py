"""The memory allocator of this process. Linux with glibc; on other systems nothing happens."""

import ctypes
import sys
from contextlib import suppress

LARGE_BYTES = 1024 * 1024
_M_MMAP_THRESHOLD = -3


def return_large_blocks() -> None:
    """Make the C library return each large block to the system as soon as it is freed (mallopt(3)).

    Otherwise it gets used to large blocks and keeps them: after some results of 6 MB it holds more than 100 MB.
    """
    if sys.platform == "linux":
        with suppress(AttributeError, OSError):  # another C library
            ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, LARGE_BYTES)
