"""The processes below another one, as /proc tells them. Linux."""

import os
from pathlib import Path
from typing import NamedTuple

DEAD = "ZX"


class Seen(NamedTuple):
    """A process as it was seen; `begun` tells it from a later one with the same number."""

    pid: int
    parent: int
    state: str
    begun: int


def words_of(pid):
    """What /proc says of it, from its state on. Raises OSError where there is no such process."""
    return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b") ")[2].split()


def seen(pid):
    """None where there is no such process."""
    try:
        words = words_of(pid)
    except OSError:
        return None
    return Seen(int(pid), int(words[1]), words[0].decode(), int(words[19]))


def table():
    """Every process that does not wait to be collected."""
    found = map(seen, filter(str.isdigit, os.listdir("/proc")))
    return [process for process in found if process and process.state not in DEAD]


def below(pid):
    """The process ids of all that descend from this one."""
    processes, found, size = table(), {pid}, 0
    while size < len(found):
        size = len(found)
        found |= {process.pid for process in processes if process.parent in found}
    return found - {pid}


def proportional_mb(pids):
    """Their memory; of a page that several processes share, each counts its share."""
    total = 0
    for pid in pids:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


def used_seconds(pid):
    """The processor time that it has used."""
    words = words_of(pid)
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")
