"""Measures the memory and counts the processes of a worker. Linux; on other systems nothing is measured.

The peak is the kernel's high-water mark. The worker resets it at the start of each event and sends it with its answer.
Here it is read for workers that do not answer any more.
"""

import os
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import NamedTuple

from tencentserverless.local.processes import procfs

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
_PEAK = b"VmHWM:"
_PROPORTIONAL = re.compile(rb"^Pss:\s+(\d+) kB", re.M)
_NAMESPACES = re.compile(rb"^NSpid:\s+\d+\s.*?\b(\d+)$", re.M)
_STOPPED = re.compile(rb"^State:\s+[Tt]", re.M)  # by a signal, or by a tracer
_KILLED = re.compile(rb"^oom_kill (\d+)$", re.M)
_REFUSED = re.compile(rb"^max (\d+)$", re.M)
_INNER = "own"  # the group in a worker's group that its processes are in, see `worker/cgroups.py`
LATE_BYTES = 32 * 1024 * 1024  # more than the kernel itself needs for a usual worker
FEW_PROCESSES = 16  # that can be measured in each sample
MOST_PROCESSES = 256  # of an instance, if a control group does not limit them
# Refused forks in one event, if a control group limits them. A refused fork costs as much as a successful one, because
# the kernel does most of the work before it refuses.
MOST_REFUSED = 256
KEEPERS = 2  # the keeper and the init; they are not counted
PATIENCE_SECONDS = 0.05  # for the reads of one sample


class _Names(NamedTuple):
    """The names in one version of control groups. `held` and `pages` are lines of ``memory.stat``.

    held: the memory of the processes. Cached files do not count, and neither do files in `/tmp`, which is not in memory
    on the platform. pages: all memory but the kernel's own. exact: the file with the exact count of all memory.
    """

    held: tuple[bytes, ...]
    pages: tuple[bytes, ...]
    exact: str


# The names that begin with "total_" include the groups below, as version 2 always does.
_V1 = _Names((b"total_rss", b"total_mapped_file"), (b"total_rss", b"total_cache"), "memory.usage_in_bytes")
_V2 = _Names((b"anon", b"file_mapped"), (b"anon", b"file", b"kernel"), "memory.current")


class Meter:
    """Measures one worker.

    pid: the worker's process id, or that of its keeper. has_keeper: whether `pid` is a keeper, which may have an init
    below it. groups: the folders of the worker's control groups, by controller. The kernel enforces the limit of a
    controller that is in it, so that this class need not.
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
        """Forget the samples. The worker itself resets the kernel's peak when an event begins."""
        self.sampled = 0
        self._refused_before = -1

    def peak_bytes(self) -> int:
        """The peak since the event began, in bytes; 0 if it is unknown."""
        self.find_worker()
        text = b""
        if self._status >= 0:
            with suppress(OSError):  # the worker may have ended
                text = os.pread(self._status, 8192, 0)
        start = text.find(_PEAK)
        peak = int(text[start + len(_PEAK) : text.index(b"kB", start)]) * 1024 if start >= 0 else 0
        return max(peak, self.sampled)

    def sample(self) -> int:
        """The memory that the worker and its descendants hold now, in bytes.

        Sets `excess`: a text if there are too many processes or refused forks, else "". With an excess memory is not
        measured, because reading /proc would take too long.
        """
        self.find_worker()
        pids = [] if {"pids", "memory"} <= self._groups.keys() else self._processes()
        self.excess = self._refusals() if "pids" in self._groups else excess_of(len(pids))
        if self.excess:
            return self.sampled
        if "memory" in self._groups:
            now = self._group_sum(self._groups["memory"])
        else:
            now = _resident_bytes(pids[0]) if len(pids) == 1 else self._proportional_sum(pids)
        self.sampled = max(self.sampled, now)
        return now

    def _group_sum(self, folder: str) -> int:
        """The memory of a control group. The kernel may update its `memory.stat` seconds late. The count of all pages
        is exact, so a difference shows that. Then the processes are measured, if they are few.
        """
        counts = dict(line.split(b" ", 1) for line in procfs.read(f"{folder}/memory.stat").splitlines())
        names = _V1 if b"total_rss" in counts else _V2
        held, pages = (sum(int(counts.get(name, 0)) for name in each) for each in (names.held, names.pages))
        if int(procfs.read(f"{folder}/{names.exact}") or 0) - pages > LATE_BYTES:
            pids = self._processes(FEW_PROCESSES)
            if len(pids) <= FEW_PROCESSES:
                return max(held, self._proportional_sum(pids))
        return held

    def _proportional_sum(self, pids: list[int]) -> int:
        """The memory of several processes. A page that they share is divided among them, so that it counts once.

        Reading /proc of a process that forks blocks: both take the lock of its memory (mmap_lock in the kernel). After
        `PATIENCE_SECONDS` of that it stops measuring and returns the last result. The next sample counts the processes.
        """
        started, held = _waited_seconds(), 0
        for pid in pids:
            held += _proportional_bytes(pid)
            if _waited_seconds() - started > PATIENCE_SECONDS:
                return self.sampled
        return held

    def has_run_out(self) -> bool:
        """Whether the kernel has killed a process because the worker's control group had reached its memory limit.

        The count is in `memory.events` in version 2 of control groups. In version 1 it is in `memory.oom_control`, of
        the group that the processes are in.
        """
        if "memory" not in self._groups:
            return False
        names = ("memory.events", f"{_INNER}/memory.oom_control")
        texts = (procfs.read(f"{self._groups['memory']}/{name}") for name in names)
        found = _KILLED.search(b"\n".join(texts))
        return found is not None and int(found[1]) > 0

    def is_stopped(self) -> bool:
        """Whether the worker stands still: SIGSTOP, or a debugger such as gdb (proc_pid_status(5))."""
        if self._status < 0:
            return False
        try:
            return _STOPPED.search(os.pread(self._status, 256, 0)) is not None
        except OSError:  # it has ended
            return False

    def _refusals(self) -> str:
        """The excess of refused forks in this event, or "". `pids.events` counts them since the group was made."""
        # The kernel counts them in the group that has the limit or in the one of the processes: that has changed.
        texts = [procfs.read(f"{self._groups['pids']}{inner}/pids.events") for inner in ("", f"/{_INNER}")]
        count = sum(map(int, _REFUSED.findall(b"\n".join(texts))))
        if self._refused_before < 0:  # the first sample of this event
            self._refused_before = count
        is_excess = count - self._refused_before > MOST_REFUSED
        return "it kept trying to start processes or threads beyond its limit" if is_excess else ""

    def close(self) -> None:
        if self._status >= 0:
            os.close(self._status)
        self._status = -1

    def _processes(self, most: int = MOST_PROCESSES) -> list[int]:
        """The ids of the processes. If there are more than `most`, some more than that."""
        pids = (self._pid, *_descendants(self._pid, most + KEEPERS))
        return [pid for pid in pids if pid not in self._keepers]

    def find_worker(self) -> None:
        """Find the worker below its keeper: the first child of the init, or of the keeper if there is no init."""
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
    """The time in which this thread did not have a processor, from some fixed moment on."""
    return time.monotonic() - time.thread_time()


def excess_of(processes: int) -> str:
    """The text of the excess if there are too many processes, else ""."""
    return f"it had more than {MOST_PROCESSES} processes" if processes > MOST_PROCESSES else ""


def _is_init(pid: int) -> bool:
    """Whether this is process 1 of a process namespace below ours: NSpid lists its id in each (proc_pid_status(5))."""
    found = _NAMESPACES.search(procfs.read(f"/proc/{pid}/status"))
    return found is not None and found[1] == b"1"


def _resident_bytes(pid: int) -> int:
    """The memory of a process, shared pages included; 0 if it has ended."""
    fields = procfs.read(f"/proc/{pid}/statm").split()
    return int(fields[1]) * _PAGE_BYTES if fields else 0


def _proportional_bytes(pid: int) -> int:
    """The memory of a process with its part of shared pages (Pss in proc_pid_smaps(5)); 0 if it has ended."""
    found = _PROPORTIONAL.search(procfs.read(f"/proc/{pid}/smaps_rollup"))
    return int(found[1]) * 1024 if found else _resident_bytes(pid)


def _descendants(pid: int, most: int) -> list[int]:
    """The descendants of a process. Stops when there are more than `most`: each read is slow during a fork bomb."""
    found: list[int] = []
    waiting = [pid]
    while waiting and len(found) <= most:
        parent = waiting.pop()
        children = procfs.children(parent)
        found += children
        waiting += children
    return found
