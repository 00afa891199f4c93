"""The folder of an endpoint: removed once nobody has it locked."""

import fcntl
import os

from tencentserverless.local.worker import leftovers


def test_a_locked_folder_stays(tmp_path):
    """The folder of a running endpoint stays, that of one that has ended is removed with its content."""
    folder = tmp_path / "own"
    (folder / "home").mkdir(parents=True)
    lock = os.open(folder, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    leftovers.remove_unlocked(str(folder), 0.01)
    assert folder.exists()
    os.close(lock)
    for _ in range(2):  # the second time there is nothing
        leftovers.remove_unlocked(str(folder), 0.0)
        assert not folder.exists()
