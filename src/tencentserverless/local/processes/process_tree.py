"""The processes that a worker leaves behind, and their end.

A function may fork, detach and ignore signals. What belongs to a worker is told by three signs: descent, session,
and the mark in its environment that only this instance had. Linux; elsewhere the worker's process group is all.
"""

import os
import signal
from collections.abc import Iterable
from contextlib import suppress
from typing import NamedTuple

from tencentserverless.local.processes import procfs
from tencentserverless.local.processes.procfs import Process

_ROUNDS = 100
_DEAD = frozenset("ZX")


class Root(NamedTuple):
    """A worker: its process id, which is its session's too, and the text that marks its environment, if any."""

    pid: int
    mark: bytes = b""


def end(roots: Iterable[Root]) -> None:
    """Kill these workers and all that is theirs. Blocks; returns when nothing of it runs any more."""
    roots = list(roots)
    for _ in range(_ROUNDS):  # a fork bomb needs several: what was born while we read the table comes next
        victims = _victims(roots)
        for root in roots:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(root.pid, signal.SIGKILL)
        for pid in victims:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        if not victims:
            return


def belonging(roots: Iterable[Root], table: Iterable[Process], marked: set[int]) -> set[int]:
    """The living processes of `table` that belong to `roots`. Pure."""
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
    table = list(procfs.processes())
    mine = os.getpid()
    marks = [root.mark for root in roots if root.mark]
    living = [process.pid for process in table if process.state not in _DEAD and process.pid != mine]
    return belonging(roots, table, {pid for pid in living if _is_marked(pid, marks)}) - {mine}


def _is_marked(pid: int, marks: list[bytes]) -> bool:
    return not set(marks).isdisjoint(procfs.read(f"/proc/{pid}/environ").split(b"\0"))
