"""The descendants of this process: functions that find, reap and end them. Linux.

One file, standard library only, Python 3.6 and later. Only `fork_server.py` loads it.
"""

import os
import signal
import time
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

# These signals are blocked and waited for with sigwait(3). A handler would lose some of them, in two ways. After a fork
# Python forgets the signals that have come but whose handlers have not run, so a new process would miss an early one.
# And a signal between a check and the wait after it would not end that wait. A blocked signal stays pending until it is
# waited for (signal(7)).
AWAITED = frozenset(getattr(signal, name) for name in ("SIGTERM", "SIGCHLD") if hasattr(signal, name))
PATIENCE_SECONDS = 2.0


def children() -> "list[int]":
    """The process ids of this process's children. Includes those that have ended and are not reaped."""
    return children_finder()(os.getpid())


def children_finder() -> "Callable[[int], list[int]]":
    """A function that returns the children of a process, by its id.

    A kernel without CONFIG_PROC_CHILDREN has no `children` file (proc_tid_children(5)). There one pass over /proc finds
    the parents of all processes; the result is not updated.
    """
    if os.path.exists("/proc/self/task/%d/children" % os.getpid()):
        return children_of_main_thread
    table = {}  # type: dict[int, list[int]]
    for name in filter(str.isdigit, os.listdir("/proc")):
        table.setdefault(parent_of(name), []).append(int(name))
    return lambda pid: table.get(pid, [])


def children_of_main_thread(pid: int) -> "list[int]":
    """The children that the main thread of a process has forked.

    Children of its other threads are found after it has ended: then they are children of this process, the subreaper.
    """
    try:
        with open("/proc/%d/task/%d/children" % (pid, pid)) as file:
            return [int(child) for child in file.read().split()]
    except OSError:  # the process has ended
        return []


def parent_of(pid: str) -> int:
    """The parent's process id; 0 if the process has ended."""
    try:
        with open("/proc/%s/stat" % pid, "rb") as file:
            return int(file.read().rpartition(b") ")[2].split()[1])
    except OSError:
        return 0


def kill_all() -> None:
    """Kill all descendants of this process with SIGKILL, and return when none is left.

    This process is their subreaper (PR_SET_CHILD_SUBREAPER): the children of a process that ends become its children.
    So every descendant is a child at some time, and no child left means no descendant left.

    Each round kills all generations. If it killed the children only, processes that fork without end would make new
    generations faster than the rounds end them.
    """
    while True:
        children_of = children_finder()
        waiting = children_of(os.getpid())
        while waiting:
            pid = waiting.pop()
            waiting += children_of(pid)  # before the kill: afterwards they have another parent
            # A process of another user cannot be killed (a set-user-ID program). Then this function waits for its end.
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        if not reap():
            return


def terminate_all() -> None:
    """Send SIGTERM to each child and return when none is left.

    The children are keepers. At SIGTERM a keeper ends the processes of its worker, then itself.
    """
    while True:
        for pid in children():
            os.kill(pid, signal.SIGTERM)
            os.kill(pid, signal.SIGCONT)  # it may have been stopped
        if not reap():
            return


def try_to_terminate_all() -> None:
    """Do as `terminate_all`, but not for longer than `PATIENCE_SECONDS`: a function may have stopped its keeper.

    To be called before `kill_all`. If this process is killed meanwhile, the keepers still end what is below them.
    """
    for pid in children():
        os.kill(pid, signal.SIGTERM)
        os.kill(pid, signal.SIGCONT)
    deadline = time.monotonic() + PATIENCE_SECONDS
    with suppress(ChildProcessError):  # none is left
        while time.monotonic() < deadline:
            if not os.waitpid(-1, os.WNOHANG)[0]:
                time.sleep(0.002)


def reap() -> bool:
    """Wait until a child has ended, and reap all that have. False if there was no child to wait for."""
    try:
        os.waitpid(-1, 0)
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True


def end_namespace() -> None:
    """End all processes of a process namespace. To be called in process 1 of that namespace, which ends last.

    One call of kill(2) with -1 signals every other process of the namespace. A fork cannot escape
    it: the kernel does not let a process fork while a signal to many processes is being sent.

    The kernel also kills them when process 1 exits (pid_namespaces(7)), but only after it has freed the memory of
    process 1. That can take long: for each mapping it waits for locks that a thousand forking processes take in turn.
    """
    with suppress(ProcessLookupError):
        os.kill(-1, signal.SIGKILL)
    while reap():
        pass
    os._exit(0)


def wait_for(pid: int) -> bool:
    """Reap the children that end until `pid` is among them or SIGTERM comes. The signals in `AWAITED` must be blocked.

    One SIGCHLD can stand for several children (signal(7)), so each one makes it look for all that have ended.
    Returns whether `pid` has ended.
    """
    while not has_reaped(pid):
        if signal.sigwait(AWAITED) == signal.SIGTERM:
            return False
    return True


def has_reaped(pid: int) -> bool:
    """Reap the children that have ended, up to `pid`. Whether `pid` was among them. Does not wait."""
    while True:
        ended = os.waitpid(-1, os.WNOHANG)[0]
        if ended in (0, pid):
            return ended == pid
