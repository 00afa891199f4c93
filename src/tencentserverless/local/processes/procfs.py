"""Reads /proc. Linux; elsewhere everything is empty."""

import os
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple


class Process(NamedTuple):
    pid: int
    parent: int
    session: int
    state: str


def read(path: str) -> bytes:
    """The content of a file; nothing if it cannot be read, as when its process has ended."""
    try:
        with open(path, "rb", buffering=0) as file:
            return file.read()
    except OSError:
        return b""


def processes() -> Iterator[Process]:
    """All processes of this machine that we can see, the dead included."""
    with suppress(OSError):
        for name in filter(str.isdigit, os.listdir("/proc")):
            with suppress(ValueError):
                yield parse_stat(read(f"/proc/{name}/stat"))


def parse_stat(text: bytes) -> Process:
    """The content of ``/proc/<pid>/stat``; the command in it may contain spaces and brackets. Raises ValueError."""
    pid, _, rest = text.partition(b" (")
    state, parent, _, session = rest.rpartition(b") ")[2].split(b" ", 4)[:4]
    return Process(int(pid), int(parent), int(session), state.decode())


def children(pid: int) -> list[int]:
    """Of all threads of a process."""
    return [int(child) for thread in _threads(pid) for child in read(f"{thread}/children").split()]


def first_child(pid: int) -> int:
    """Of the first thread of a process; 0 if there is none."""
    found = read(f"/proc/{pid}/task/{pid}/children").split()
    return int(found[0]) if found else 0


def _threads(pid: int) -> list[str]:
    try:
        return [f"/proc/{pid}/task/{name}" for name in os.listdir(f"/proc/{pid}/task")]
    except OSError:
        return []
