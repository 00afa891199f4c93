"""How much memory a worker and its children hold, and held at most. Linux; elsewhere nothing is measured.

The peak is the kernel's high-water mark, set back for every event. (`ru_maxrss` survives exec and would tell the
size of the process that started the worker.)
"""

import os
import re
from contextlib import suppress

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
_PEAK = b"VmHWM:"
_PROPORTIONAL = re.compile(rb"^Pss:\s+(\d+) kB", re.M)
_NAMESPACES = re.compile(rb"^NSpid:\s+\d+\s.*?\b(\d+)$", re.M)
MOST_PROCESSES = 256
KEEPERS = 2
_FORGET_PEAK = b"5"


class Meter:
    """Measures one worker. has_keeper: `pid` is a process that only watches over the worker, as does an init below."""

    def __init__(self, pid: int, has_keeper: bool = False) -> None:
        self._pid = pid
        self._has_keeper = has_keeper
        self._keepers: set[int] = set()
        self._sampled = 0
        self.has_too_many = False
        self._status = self._clear_refs = -1
        if not has_keeper:
            self._open(pid)

    def reset(self) -> None:
        """Forget the peak."""
        self.find()
        self._sampled = 0
        if self._clear_refs >= 0:
            with suppress(OSError):
                os.write(self._clear_refs, _FORGET_PEAK)

    def peak_bytes(self) -> int:
        """The most that was held since `reset`, in bytes; 0 where it cannot be known."""
        self.find()
        text = b""
        if self._status >= 0:
            with suppress(OSError):
                text = os.pread(self._status, 8192, 0)
        place = text.find(_PEAK)
        peak = int(text[place + len(_PEAK) : text.index(b"kB", place)]) * 1024 if place >= 0 else 0
        return max(peak, self._sampled)

    def sample(self) -> int:
        """What the worker and its descendants hold now, in bytes. Sets `has_too_many`; then nothing is measured."""
        self.find()
        pids = self._processes()
        self.has_too_many = len(pids) > MOST_PROCESSES
        if self.has_too_many:
            return self._sampled
        # Several share pages: their fair share is what a control group would count.
        now = sum(map(_proportional_bytes if len(pids) > 1 else _resident_bytes, pids))
        self._sampled = max(self._sampled, now)
        return now

    def close(self) -> None:
        for descriptor in (self._status, self._clear_refs):
            if descriptor >= 0:
                os.close(descriptor)
        self._status = self._clear_refs = -1

    def _processes(self) -> list[int]:
        return [pid for pid in (self._pid, *_descendants(self._pid)) if pid not in self._keepers]

    def find(self) -> None:
        """Find the worker below its keeper: the first child, of the init where there is one."""
        if not self._has_keeper or self._status >= 0:
            return
        self._keepers = {self._pid}
        pid = _first_child(self._pid)
        if pid and _is_init(pid):
            self._keepers.add(pid)
            pid = _first_child(pid)
        if pid:
            self._open(pid)

    def _open(self, pid: int) -> None:
        self._status = _opened(f"/proc/{pid}/status", os.O_RDONLY)
        self._clear_refs = _opened(f"/proc/{pid}/clear_refs", os.O_WRONLY)


def _first_child(pid: int) -> int:
    children = _read(f"/proc/{pid}/task/{pid}/children").split()
    return int(children[0]) if children else 0


def _is_init(pid: int) -> bool:
    """Whether this is the first process of a process namespace below ours."""
    found = _NAMESPACES.search(_read(f"/proc/{pid}/status"))
    return found is not None and found[1] == b"1"


def _opened(path: str, flags: int) -> int:
    try:
        return os.open(path, flags | os.O_CLOEXEC)
    except OSError:
        return -1


def _read(path: str) -> bytes:
    try:
        with open(path, "rb", buffering=0) as file:
            return file.read()
    except OSError:
        return b""


def _resident_bytes(pid: int) -> int:
    fields = _read(f"/proc/{pid}/statm").split()
    return int(fields[1]) * _PAGE_BYTES if fields else 0


def _proportional_bytes(pid: int) -> int:
    found = _PROPORTIONAL.search(_read(f"/proc/{pid}/smaps_rollup"))
    return int(found[1]) * 1024 if found else _resident_bytes(pid)


def _descendants(pid: int) -> list[int]:
    """As many as matter: while processes fork for ever, each look at one of them takes its time."""
    found: list[int] = []
    waiting = [pid]
    while waiting and len(found) <= MOST_PROCESSES + KEEPERS:
        parent = waiting.pop()
        children = [int(child) for thread in _threads(parent) for child in _read(f"{thread}/children").split()]
        found += children
        waiting += children
    return found


def _threads(pid: int) -> list[str]:
    try:
        return [f"/proc/{pid}/task/{name}" for name in os.listdir(f"/proc/{pid}/task")]
    except OSError:
        return []
