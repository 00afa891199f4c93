"""Reads /proc (proc(5)). Linux; on other systems all results are empty."""

import os
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple


class Process(NamedTuple):
    """A row of the process table. state: a letter as in proc_pid_stat(5), such as "Z" for a zombie."""

    pid: int
    parent: int
    session: int
    state: str


def read(path: str) -> bytes:
    """The content of a file; b"" if it cannot be read, for example because the process has ended."""
    try:
        with open(path, "rb", buffering=0) as file:
            return file.read()
    except OSError:
        return b""


def processes() -> Iterator[Process]:
    """All processes that are visible to us. Includes those that have ended and are not reaped."""
    with suppress(OSError):
        for name in filter(str.isdigit, os.listdir("/proc")):
            with suppress(ValueError):
                yield parse_stat(read(f"/proc/{name}/stat"))


def parse_stat(text: bytes) -> Process:
    """The process that a ``/proc/<pid>/stat`` describes. Raises ValueError.

    The command is in brackets, and may contain spaces and brackets itself. So it ends at the last bracket.
    """
    pid, _, rest = text.partition(b" (")
    state, parent, _, session = rest.rpartition(b") ")[2].split(b" ", 4)[:4]
    return Process(int(pid), int(parent), int(session), state.decode())


def children(pid: int) -> list[int]:
    """The ids of a process's children, of all its threads."""
    return [int(child) for thread in _threads(pid) for child in read(f"{thread}/children").split()]


def first_child(pid: int) -> int:
    """The id of the first child that the main thread of a process has forked; 0 if there is none."""
    found = read(f"/proc/{pid}/task/{pid}/children").split()
    return int(found[0]) if found else 0


def _threads(pid: int) -> list[str]:
    try:
        return [f"/proc/{pid}/task/{name}" for name in os.listdir(f"/proc/{pid}/task")]
    except OSError:
        return []
