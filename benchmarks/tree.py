"""The descendants of a process, read from /proc. This needs Linux."""

import os
from pathlib import Path
from typing import NamedTuple

DEAD = "ZX"


class ProcessInfo(NamedTuple):
    """One process. `begun` distinguishes it from a later process with the same id."""

    pid: int
    parent: int
    state: str
    begun: int


def words_of(pid):
    """The words of /proc/PID/stat, beginning with the state. Raises OSError if the process does not exist."""
    return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b") ")[2].split()


def process_info(pid):
    """The present state of a process, None if it does not exist."""
    try:
        words = words_of(pid)
    except OSError:
        return None
    return ProcessInfo(int(pid), int(words[1]), words[0].decode(), int(words[19]))


def table():
    """All processes except zombies."""
    found = map(process_info, filter(str.isdigit, os.listdir("/proc")))
    return [process for process in found if process and process.state not in DEAD]


def below(pid):
    """The process ids of all descendants of a process."""
    processes, found, size = table(), {pid}, 0
    while size < len(found):
        size = len(found)
        found |= {process.pid for process in processes if process.parent in found}
    return found - {pid}


def proportional_mb(pids):
    """The memory of these processes. A shared page is divided among the processes that share it."""
    total = 0
    for pid in pids:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


def used_seconds(pid):
    """The processor time of a process."""
    words = words_of(pid)
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")
