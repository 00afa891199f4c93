"""Finds and ends the processes of a worker that has no keeper.

A function may fork, detach from its parent and ignore signals. So there are three signs that a process belongs to a
worker: a parent that does, the worker's session, or the worker's mark in its environment. A detached process keeps its
environment. Linux; on other systems only the worker's process group is found.
"""

import os
import signal
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import NamedTuple

from tencentserverless.local.processes import procfs
from tencentserverless.local.processes.procfs import Process

_ROUNDS, _PAUSE_SECONDS = 100, 0.005
_DEAD = frozenset("ZX")


class Root(NamedTuple):
    """The first process of a worker.

    pid: its process id, which is also the id of its session and of its process group. mark: the NAME=VALUE of its
    environment that only this worker has, or b"".
    """

    pid: int
    mark: bytes = b""


def end(roots: Iterable[Root]) -> None:
    """Kill these workers and all their processes. Blocks, and returns when none of these runs any more.

    Each round reads the process table before it kills: afterwards the children of a killed process have another parent.
    Then it kills the process groups. One call of killpg(2) reaches all processes of a group, also those forked after
    the table was read. Last come the single processes, which may have left their groups. A process that was forked
    outside the groups meanwhile is found in the next round.
    """
    roots = list(roots)
    for _ in range(_ROUNDS):  # one is enough unless processes fork all the time
        victims = _victims(roots)
        for root in roots:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(root.pid, signal.SIGKILL)
        for pid in victims:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        if not victims:
            return


def end_groups(folders: Iterable[str]) -> None:
    """Kill all processes of these control groups, and remove the groups. Blocks."""
    for folder in folders:
        for _ in range(_ROUNDS):
            for group, _, _ in os.walk(folder, topdown=False):
                for pid in procfs.read(f"{group}/cgroup.procs").split():
                    with suppress(ProcessLookupError, PermissionError):
                        os.kill(int(pid), signal.SIGKILL)
                with suppress(OSError):  # they have not ended yet
                    os.rmdir(group)
            if not os.path.exists(folder):
                break
            time.sleep(_PAUSE_SECONDS)


def members(roots: Iterable[Root], table: Iterable[Process], marked: set[int]) -> set[int]:
    """The ids of the living processes that belong to these workers. Pure.

    table: all processes. marked: the ids of the processes that have a worker's mark.
    """
    living = [process for process in table if process.state not in _DEAD]
    pids = {root.pid for root in roots}
    found = {process.pid for process in living if process.session in pids or process.pid in pids} | marked
    grown = True
    while grown:
        more = {process.pid for process in living if process.parent in found | pids} - found
        grown = bool(more)
        found |= more
    return found


def _victims(roots: list[Root]) -> set[int]:
    """The ids of the processes to kill now, without our own."""
    table = list(procfs.processes())
    mine = os.getpid()
    marks = [root.mark for root in roots if root.mark]
    living = [process.pid for process in table if process.state not in _DEAD and process.pid != mine]
    return members(roots, table, {pid for pid in living if _is_marked(pid, marks)}) - {mine}


def _is_marked(pid: int, marks: list[bytes]) -> bool:
    return not set(marks).isdisjoint(procfs.read(f"/proc/{pid}/environ").split(b"\0"))
