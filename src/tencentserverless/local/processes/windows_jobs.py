"""Job objects: they hold a worker and all processes that it starts, on Windows.

This file does on Windows what `process_tree.py` and `meter.py` do on Linux. The kernel adds the processes that a member
starts to the job. It kills all members when the last handle of the job is closed. That also happens when the endpoint
is killed. All functions of Win32 that the local endpoint calls itself are in this file.
https://learn.microsoft.com/windows/win32/procthread/job-objects
"""

import ctypes
import sys
import time
from collections.abc import Iterable
from ctypes import byref, c_int, c_int64, c_size_t, c_uint, c_uint32, c_uint64, c_void_p, c_wchar_p, sizeof

from tencentserverless.local.processes.meter import MOST_PROCESSES, Meter, excess_of

assert sys.platform == "win32"

_PROCESS_IDS, _EXTENDED_LIMITS = 3, 9  # JobObjectBasicProcessIdList, JobObjectExtendedLimitInformation
_LIMIT_KILL_ON_JOB_CLOSE = 0x2000
_PROCESS_QUERY_LIMITED_INFORMATION = 0x1000
_PROCESS_RIGHTS = 0x0001 | 0x0100 | _PROCESS_QUERY_LIMITED_INFORMATION  # PROCESS_TERMINATE, PROCESS_SET_QUOTA
_ERROR_MORE_DATA = 234
_EXIT_CODE = 1
_ROUNDS, _PAUSE_SECONDS = 500, 0.005


class _BasicLimits(ctypes.Structure):
    """JOBOBJECT_BASIC_LIMIT_INFORMATION."""

    _fields_ = (
        ("per_process_user_time", c_int64),
        ("per_job_user_time", c_int64),
        ("flags", c_uint32),
        ("minimum_working_set", c_size_t),
        ("maximum_working_set", c_size_t),
        ("active_processes", c_uint32),
        ("affinity", c_size_t),
        ("priority_class", c_uint32),
        ("scheduling_class", c_uint32),
    )


class ExtendedLimits(ctypes.Structure):
    """JOBOBJECT_EXTENDED_LIMIT_INFORMATION."""

    _fields_ = (
        ("basic", _BasicLimits),
        ("io", c_uint64 * 6),
        ("process_memory", c_size_t),
        ("job_memory", c_size_t),
        ("peak_process_memory", c_size_t),
        ("peak_job_memory", c_size_t),
    )


class ProcessIds(ctypes.Structure):
    """JOBOBJECT_BASIC_PROCESS_ID_LIST, with room for one process more than an instance may have."""

    _fields_ = (("assigned", c_uint32), ("listed", c_uint32), ("ids", c_size_t * (MOST_PROCESSES + 1)))


class MemoryCounters(ctypes.Structure):
    """PROCESS_MEMORY_COUNTERS."""

    _fields_ = (
        ("size", c_uint32),
        ("page_faults", c_uint32),
        ("peak_working_set", c_size_t),
        ("working_set", c_size_t),
        ("peak_paged_pool", c_size_t),
        ("paged_pool", c_size_t),
        ("peak_nonpaged_pool", c_size_t),
        ("nonpaged_pool", c_size_t),
        ("pagefile", c_size_t),
        ("peak_pagefile", c_size_t),
    )


_kernel = ctypes.WinDLL("kernel32", use_last_error=True)
for _name, _result, _arguments in (
    ("CreateJobObjectW", c_void_p, (c_void_p, c_wchar_p)),
    ("SetInformationJobObject", c_int, (c_void_p, c_int, c_void_p, c_uint32)),
    ("QueryInformationJobObject", c_int, (c_void_p, c_int, c_void_p, c_uint32, c_void_p)),
    ("AssignProcessToJobObject", c_int, (c_void_p, c_void_p)),
    ("TerminateJobObject", c_int, (c_void_p, c_uint)),
    ("OpenProcess", c_void_p, (c_uint32, c_int, c_uint32)),
    ("CloseHandle", c_int, (c_void_p,)),
    ("K32GetProcessMemoryInfo", c_int, (c_void_p, c_void_p, c_uint32)),
):
    _function = getattr(_kernel, _name)
    _function.restype, _function.argtypes = _result, _arguments


class Job:
    """A new job object with one process in it. Raises OSError.

    pid: the process id. mark: not used. It is here because `process_tree.Root` has the same arguments.
    """

    def __init__(self, pid: int, mark: bytes = b"") -> None:  # noqa: ARG002
        self.pid = pid
        self._handle = self._process = 0
        limits = ExtendedLimits()
        limits.basic.flags = _LIMIT_KILL_ON_JOB_CLOSE
        try:
            self._handle = _checked(_kernel.CreateJobObjectW(None, None))
            _checked(_kernel.SetInformationJobObject(self._handle, _EXTENDED_LIMITS, byref(limits), sizeof(limits)))
            # While the handle is open, the process id is not used for another process.
            self._process = _checked(_kernel.OpenProcess(_PROCESS_RIGHTS, False, pid))
            _checked(_kernel.AssignProcessToJobObject(self._handle, self._process))
        except BaseException:
            self.close()
            raise

    def memory(self) -> MemoryCounters:
        """The memory counters of the process that the job was made for."""
        return _memory_of(self._process)

    def processes(self) -> list[int]:
        """The ids of the job's running processes; only some if the list is too small for all. Raises OSError."""
        found = ProcessIds()
        if not self._handle:
            return []
        is_complete = _kernel.QueryInformationJobObject(self._handle, _PROCESS_IDS, byref(found), sizeof(found), None)
        if not is_complete and ctypes.get_last_error() != _ERROR_MORE_DATA:
            raise ctypes.WinError(ctypes.get_last_error())
        return list(found.ids[: found.listed])

    def terminate(self) -> None:
        if self._handle:
            _kernel.TerminateJobObject(self._handle, _EXIT_CODE)

    def close(self) -> None:
        """Close the handles. Processes of the job that still run are killed. May be called again."""
        for handle in filter(None, (self._handle, self._process)):
            _kernel.CloseHandle(handle)
        self._handle = self._process = 0


def end(jobs: Iterable[Job]) -> None:
    """Kill the processes of these jobs. Blocks until they have ended, but not for ever."""
    jobs = list(jobs)
    for job in jobs:
        job.terminate()  # all first: TerminateJobObject returns before the processes have ended
    for job in jobs:
        for _ in range(_ROUNDS):
            if not job.processes():
                break
            time.sleep(_PAUSE_SECONDS)
        job.close()


class JobMeter(Meter):
    """Measures the worker of a job. Memory is what Windows calls the working set: what is in physical memory."""

    def __init__(self, job: Job) -> None:
        super().__init__(job.pid, has_keeper=True)
        self._job = job
        self._peak_before = 0

    def find_worker(self) -> None:
        """The job knows its processes, so nothing is searched for."""

    def reset(self) -> None:
        """Forget the peak. Windows cannot reset its own: so it is noted, and only a higher one is from this event."""
        self.sampled = 0
        self._peak_before = self._job.memory().peak_working_set

    def peak_bytes(self) -> int:
        counters = self._job.memory()
        peak = counters.peak_working_set if counters.peak_working_set > self._peak_before else counters.working_set
        return max(int(peak), self.sampled)

    def sample(self) -> int:
        pids = self._job.processes()
        self.excess = excess_of(len(pids))
        now = sum(map(_working_set_of, pids))
        self.sampled = max(self.sampled, now)
        return now


def _working_set_of(pid: int) -> int:
    """The working set of a process in bytes; 0 if it has ended."""
    process = _kernel.OpenProcess(_PROCESS_QUERY_LIMITED_INFORMATION, False, pid)
    if not process:
        return 0
    try:
        return int(_memory_of(process).working_set)
    finally:
        _kernel.CloseHandle(process)


def _memory_of(process: int) -> MemoryCounters:
    """The memory counters of a process, by its handle; all 0 if they are unknown."""
    counters = MemoryCounters(size=sizeof(MemoryCounters))
    if process:
        _kernel.K32GetProcessMemoryInfo(process, byref(counters), sizeof(counters))
    return counters


def _checked(result: int | None) -> int:
    """The result of a function of Win32. Raises OSError if it is 0, which means a failure."""
    if not result:
        raise ctypes.WinError(ctypes.get_last_error())
    return result
