"""How much memory a worker and its children hold, and held at most, and whether they are too many. Linux; elsewhere
nothing is measured.

The peak is the kernel's high-water mark, which the worker sets back for every event and tells with its answer; here it
is read of a worker that does not answer any more.
"""

import os
import re
import time
from collections.abc import Mapping
from contextlib import suppress

from tencentserverless.local.processes import procfs

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
_PEAK = b"VmHWM:"
_PROPORTIONAL = re.compile(rb"^Pss:\s+(\d+) kB", re.M)
_NAMESPACES = re.compile(rb"^NSpid:\s+\d+\s.*?\b(\d+)$", re.M)
_KILLED = re.compile(rb"^oom_kill (\d+)$", re.M)
_REFUSED = re.compile(rb"^max (\d+)$", re.M)
_GROUP_V1 = (b"total_rss", b"total_mapped_file")
_GROUP_V2 = (b"anon", b"file_mapped")
MOST_PROCESSES = 256  # where no control group bounds them
MOST_REFUSED = 256  # in one event, where one does: the kernel does all the work of a fork before it refuses it
KEEPERS = 2
PATIENCE_SECONDS = 0.05  # in one look


class Meter:
    """Measures one worker. has_keeper: `pid` is a process that only watches over the worker, as does an init below.

    groups: the folders of its control groups, by controller. What they bind need not be counted here.
    """

    def __init__(self, pid: int, has_keeper: bool = False, groups: Mapping[str, str] | None = None) -> None:
        self._pid = pid
        self._has_keeper = has_keeper
        self._groups = groups or {}
        self._keepers: set[int] = set()
        self.sampled = 0
        self.excess = ""
        self._refused_before = -1
        self._status = -1
        if not has_keeper:
            self._open(pid)

    def reset(self) -> None:
        """Forget what was sampled. The kernel's peak is set back by the worker, when it begins an event."""
        self.sampled = 0
        self._refused_before = -1

    def peak_bytes(self) -> int:
        """The most that was held since the event began, in bytes; 0 where it cannot be known."""
        self.find()
        text = b""
        if self._status >= 0:
            with suppress(OSError):  # it may have ended
                text = os.pread(self._status, 8192, 0)
        place = text.find(_PEAK)
        peak = int(text[place + len(_PEAK) : text.index(b"kB", place)]) * 1024 if place >= 0 else 0
        return max(peak, self.sampled)

    def sample(self) -> int:
        """What the worker and its descendants hold now, in bytes.

        Sets `excess`, what they have or want too much of but memory; then nothing is measured.
        """
        self.find()
        pids = [] if {"pids", "memory"} <= self._groups.keys() else self._processes()
        self.excess = self._refusals() if "pids" in self._groups else too_many(len(pids))
        if self.excess:
            return self.sampled
        if "memory" in self._groups:
            now = _group_bytes(procfs.read(f"{self._groups['memory']}/memory.stat"))
        else:
            now = _resident_bytes(pids[0]) if len(pids) == 1 else self._shared_out(pids)
        self.sampled = max(self.sampled, now)
        return now

    def _shared_out(self, pids: list[int]) -> int:
        """Several share pages: their fair share is what a control group would count.

        The kernel has who looks at a process wait while that one forks; those that do little else are to be counted
        again soon rather than to be measured.
        """
        started, held = _waited_seconds(), 0
        for pid in pids:
            held += _proportional_bytes(pid)
            if _waited_seconds() - started > PATIENCE_SECONDS:
                return self.sampled
        return held

    def has_run_out(self) -> bool:
        """Whether the kernel has killed a process of the worker because its control group had no memory left."""
        if "memory" not in self._groups:
            return False
        texts = (procfs.read(f"{self._groups['memory']}/{name}") for name in ("memory.events", "memory.oom_control"))
        found = _KILLED.search(b"\n".join(texts))
        return found is not None and int(found[1]) > 0

    def _refusals(self) -> str:
        found = _REFUSED.search(procfs.read(f"{self._groups['pids']}/pids.events"))
        count = int(found[1]) if found else 0
        if self._refused_before < 0:  # the first look of this event
            self._refused_before = count
        is_too_much = count - self._refused_before > MOST_REFUSED
        return "it went on to start processes or threads when it had as many as it may have" if is_too_much else ""

    def close(self) -> None:
        if self._status >= 0:
            os.close(self._status)
        self._status = -1

    def _processes(self) -> list[int]:
        return [pid for pid in (self._pid, *_descendants(self._pid)) if pid not in self._keepers]

    def find(self) -> None:
        """Find the worker below its keeper: the first child, of the init where there is one."""
        if not self._has_keeper or self._status >= 0:
            return
        self._keepers = {self._pid}
        pid = procfs.first_child(self._pid)
        if pid and _is_init(pid):
            self._keepers.add(pid)
            pid = procfs.first_child(pid)
        if pid:
            self._open(pid)

    def _open(self, pid: int) -> None:
        with suppress(OSError):
            self._status = os.open(f"/proc/{pid}/status", os.O_RDONLY | os.O_CLOEXEC)


def _waited_seconds() -> float:
    """For how long this thread has not run, since some moment."""
    return time.monotonic() - time.thread_time()


def too_many(processes: int) -> str:
    """The excess of so many processes, where none is refused."""
    return f"it had more than {MOST_PROCESSES} processes" if processes > MOST_PROCESSES else ""


def _is_init(pid: int) -> bool:
    """Whether this is the first process of a process namespace below ours."""
    found = _NAMESPACES.search(procfs.read(f"/proc/{pid}/status"))
    return found is not None and found[1] == b"1"


def _group_bytes(stat: bytes) -> int:
    """What the processes of a group hold by ``memory.stat``, without files: `/tmp` is no memory on the platform. Pure.

    Version 2 has other names than version 1, whose totals count groups below too.
    """
    counts = dict(line.split(b" ", 1) for line in stat.splitlines())
    names = _GROUP_V1 if b"total_rss" in counts else _GROUP_V2
    return sum(int(counts.get(name, 0)) for name in names)


def _resident_bytes(pid: int) -> int:
    fields = procfs.read(f"/proc/{pid}/statm").split()
    return int(fields[1]) * _PAGE_BYTES if fields else 0


def _proportional_bytes(pid: int) -> int:
    found = _PROPORTIONAL.search(procfs.read(f"/proc/{pid}/smaps_rollup"))
    return int(found[1]) * 1024 if found else _resident_bytes(pid)


def _descendants(pid: int) -> list[int]:
    """As many as matter: while processes fork for ever, each look at one of them takes its time."""
    found: list[int] = []
    waiting = [pid]
    while waiting and len(found) <= MOST_PROCESSES + KEEPERS:
        parent = waiting.pop()
        children = procfs.children(parent)
        found += children
        waiting += children
    return found
