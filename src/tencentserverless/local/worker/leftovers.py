"""Removes the files of an endpoint that was killed. Linux.

One file, standard library only, Python 3.6 and later. Only `fork_server.py` loads it.
"""

import fcntl
import os
import time


def remove_unlocked(folder: str, patience: float) -> None:
    """Remove the folder of an endpoint that has ended. A running one holds a lock on it (flock(2)).

    patience: how long to wait for the lock. The endpoint may be just ending.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:  # the endpoint has removed it, or there is none
        return
    deadline = time.monotonic() + patience
    while is_locked(descriptor):
        if time.monotonic() >= deadline:
            os.close(descriptor)
            return
        time.sleep(0.005)
    import shutil

    shutil.rmtree(folder, ignore_errors=True)


def is_locked(descriptor: int) -> bool:
    """Whether another process holds the lock, or there are no locks here. If not, this process holds it from now on."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    return False
