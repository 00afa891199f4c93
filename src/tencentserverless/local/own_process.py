"""What an endpoint sets for the process that it runs in: open files, standard descriptors and memory."""

import ctypes
import os
import sys
from contextlib import suppress

OPEN_FILES = 10240  # enough for 64 instances and their connections; macOS allows no more
LARGE_BYTES = 1024 * 1024
_M_MMAP_THRESHOLD = -3


def raise_limit() -> int:
    """Allow this process as many open files as it may have, up to `OPEN_FILES`. Returns how many it may have now.

    The soft limit is 256 on macOS and 1024 on most Linux systems. The hard limit is usually much higher.
    """
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return OPEN_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    most = OPEN_FILES if hard == unlimited else min(hard, OPEN_FILES)
    if soft != unlimited and soft < most:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
            return most
    return most if soft == unlimited else soft


def fill_standard_descriptors() -> None:
    """Open the null device as each of the descriptors 0, 1 and 2 that is closed.

    Otherwise one of our sockets could get this number. A child, whose descriptors 0 to 2 are replaced, would lose it,
    and what is printed could go into it. Programs that are started from here find the descriptor closed, as before.
    """
    for number in range(3) if os.name == "posix" else ():
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # it gets the lowest number that is free


def return_large_blocks() -> None:
    """Make the C library return each large block to the system as soon as it is freed (mallopt(3)). Linux.

    Otherwise it gets used to large blocks and keeps them: after some results of 6 MB it holds more than 100 MB.
    """
    if sys.platform == "linux":
        with suppress(AttributeError, OSError):  # another C library
            ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, LARGE_BYTES)
