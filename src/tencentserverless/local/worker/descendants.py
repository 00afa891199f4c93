"""The processes below this one: how they are found, collected and ended. Linux.

One file, standard library only, Python 3.6 and later; loaded by `fork_server.py`, imported by nobody else.
"""

import os
import signal
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

# Waited for rather than handled: a new process of Python forgets what came before it was ready, and one that is just
# about to wait would wait on.
AWAITED = frozenset(getattr(signal, name) for name in ("SIGTERM", "SIGCHLD") if hasattr(signal, name))


def children() -> "list[int]":
    """Of this process, the dead included."""
    return lister()(os.getpid())


def lister() -> "Callable[[int], list[int]]":
    """What tells the children of a process, as of now."""
    if os.path.exists("/proc/self/task/%d/children" % os.getpid()):
        return listed
    table = {}  # type: dict[int, list[int]]
    for name in filter(str.isdigit, os.listdir("/proc")):
        table.setdefault(parent_of(name), []).append(int(name))
    return lambda pid: table.get(pid, [])


def listed(pid: int) -> "list[int]":
    """The children of its first thread."""
    try:
        with open("/proc/%d/task/%d/children" % (pid, pid)) as file:
            return [int(child) for child in file.read().split()]
    except OSError:  # it has ended
        return []


def parent_of(pid: str) -> int:
    try:
        with open("/proc/%s/stat" % pid, "rb") as file:
            return int(file.read().rpartition(b") ")[2].split()[1])
    except OSError:
        return 0


def kill_all() -> None:
    """Kill all below this process, until nothing is left: what a dead one leaves becomes ours.

    Not one generation after the other, which would not catch up with processes that fork without end.
    """
    while True:
        children_of = lister()
        waiting = children_of(os.getpid())
        while waiting:
            pid = waiting.pop()
            waiting += children_of(pid)
            with suppress(ProcessLookupError, PermissionError):  # who may not be killed is waited for
                os.kill(pid, signal.SIGKILL)
        if not collect():
            return


def have_all_end() -> None:
    """Have each child end what is its own and itself, by SIGTERM, until none is left."""
    while True:
        for pid in children():
            os.kill(pid, signal.SIGTERM)
        if not collect():
            return


def collect() -> bool:
    """Wait until a child has ended, and collect all that have. Whether there was one."""
    try:
        os.waitpid(-1, 0)
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True


def end_namespace() -> None:
    """In process 1 of a process namespace: end all others in it, and this one.

    All at once, which no fork escapes. The kernel does as much when process 1 ends, but not before it has taken that
    one's memory apart: for each part of it, it would queue behind a thousand processes that fork and are refused.
    """
    with suppress(ProcessLookupError):
        os.kill(-1, signal.SIGKILL)
    while collect():
        pass
    os._exit(0)


def wait_for(pid: int) -> None:
    """Collect the dead until this one is among them, or SIGTERM comes. The signals of `AWAITED` are to be blocked."""
    while not has_collected(pid) and signal.sigwait(AWAITED) != signal.SIGTERM:
        pass


def has_collected(pid: int) -> bool:
    """Collect those that have ended, until this one is among them."""
    while True:
        ended = os.waitpid(-1, os.WNOHANG)[0]
        if ended in (0, pid):
            return ended == pid
