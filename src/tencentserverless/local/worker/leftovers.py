"""Removes the files of an endpoint that was killed. Linux.

One file, standard library only, Python 3.6 and later. Only `fork_server.py` loads it.
"""

import fcntl
import os
import time

LOCK_SECONDS = 1.0  # from the end of the connection until the endpoint has ended, which unlocks its folder; at most


def remove_later(folder: str) -> None:
    """Call `remove_unlocked` in another process, because it waits if the endpoint goes on."""
    try:
        if os.fork() == 0:
            remove_unlocked(folder)
            os._exit(0)
    except OSError:  # the next endpoint removes it
        pass


def remove_unlocked(folder: str) -> None:
    """Remove the folder of an endpoint that has ended. A running one holds a lock on it (flock(2))."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:  # the endpoint has removed it, or there is none
        return
    deadline = time.monotonic() + LOCK_SECONDS
    while is_locked(descriptor):
        if time.monotonic() >= deadline:
            return
        time.sleep(0.02)
    import shutil

    shutil.rmtree(folder, ignore_errors=True)


def is_locked(descriptor: int) -> bool:
    """Whether another process holds the lock. If not, this process does from now on."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # this file system has no locks
        pass
    return False
