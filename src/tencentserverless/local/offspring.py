"""The processes below this one: how they are found, collected and ended. Linux.

One file, standard library only, Python 3.6 and later; loaded by `fork_server.py`, imported by nobody else.
"""

import os
import signal


def children() -> "list[int]":
    """Of this process, the dead included."""
    try:
        with open("/proc/self/task/%d/children" % os.getpid()) as file:
            return [int(pid) for pid in file.read().split()]
    except OSError:  # not every kernel has it
        return [int(pid) for pid in filter(str.isdigit, os.listdir("/proc")) if parent_of(pid) == os.getpid()]


def parent_of(pid: str) -> int:
    try:
        with open("/proc/%s/stat" % pid, "rb") as file:
            return int(file.read().rpartition(b") ")[2].split()[1])
    except OSError:
        return 0


def end_all() -> None:
    """Kill the children; theirs become ours, until none is left."""
    while True:
        for pid in children():
            os.kill(pid, signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def end_all_and_leave(*_: object) -> None:
    end_all()
    os._exit(0)


def wait_for(pid: int) -> int:
    """Collect the dead until this one is among them; its status as an exit code."""
    while True:
        ended, status = os.waitpid(-1, 0)
        if ended == pid:
            return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)
