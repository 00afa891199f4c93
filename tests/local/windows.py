"""A process that looks like Windows as far as the local endpoint can see: `become()`, before it is imported.

What POSIX alone has is gone, event loops watch sockets only, and `kernel32` has the calls that `jobs.py` makes, over
this system's processes. So what is left unseen of that path is what Win32 itself does.
"""

import ctypes
import os
import signal
import socket
import stat
import sys
from asyncio import selector_events
from itertools import count
from pathlib import Path
from types import SimpleNamespace

from tests.local.processes import alive, below

MISSING_MODULES = ("fcntl", "resource", "termios", "pwd", "grp")
MISSING_NAMES = (
    (os, "fork killpg setsid getuid pidfd_open set_blocking ttyname pread"),
    (socket, "send_fds recv_fds"),
    (signal, "SIGKILL SIGHUP pidfd_send_signal pthread_sigmask"),
)
BOOTSTRAP = Path(__file__).with_name("windows_bootstrap.py")
KILL, KILL_ON_JOB_CLOSE = 9, 0x2000
INVALID_PARAMETER, MORE_DATA = 87, 234


def lose_posix():
    for name in MISSING_MODULES:
        sys.modules[name] = None
    for module, names in MISSING_NAMES:
        for name in names.split():
            delattr(module, name)


def become():
    """To be called once, with everything loaded that is not ours: the standard library asks for the platform too."""
    import asyncio  # noqa: F401
    import concurrent.futures.thread  # noqa: F401
    import http.client  # noqa: F401
    import sqlite3  # noqa: F401
    import ssl  # noqa: F401
    import subprocess  # noqa: F401
    import tempfile  # noqa: F401

    import click  # noqa: F401
    import httptools  # noqa: F401
    import packaging.requirements  # noqa: F401
    import trustme  # noqa: F401
    import yaml  # noqa: F401

    lose_posix()
    watch = selector_events.BaseSelectorEventLoop._add_reader

    def add_reader(self, watched, *more):
        number = watched if isinstance(watched, int) else watched.fileno()
        assert stat.S_ISSOCK(os.fstat(number).st_mode), "no event loop on Windows watches a pipe"
        return watch(self, watched, *more)

    selector_events.BaseSelectorEventLoop._add_reader = add_reader
    ctypes.WinDLL = lambda name, use_last_error: kernel32()
    ctypes.WinError = lambda code: OSError(code, f"error {code} of Win32")
    ctypes.get_last_error = lambda: kernel32.last_error
    sys.platform = "win32"
    os.environ["SYSTEMROOT"] = "/"

    from tencentserverless.local import process

    process.BOOTSTRAP = BOOTSTRAP


class Job:
    """The processes of a job: those that were put into it, and what has been seen to descend from them."""

    def __init__(self):
        self.flags = 0
        self.seen = set()

    def members(self):
        self.seen |= {child for pid in self.seen for child in below(pid)}
        return sorted(pid for pid in self.seen if alive(pid))

    def kill(self):
        while members := self.members():
            for pid in members:
                os.kill(pid, KILL)


def kernel32():
    """Its functions, which tell handles by their numbers."""
    handles, numbers = kernel32.handles, count(4, 4)
    kernel32.last_error = 0

    def opened(what):
        handle = next(numbers)
        handles[handle] = what
        return handle

    def failed(code):
        kernel32.last_error = code
        return 0

    def create_job(security, name):
        assert security is name is None
        return opened(Job())

    def set_information(handle, which, limits, size):
        assert (which, size) == (9, ctypes.sizeof(limits._obj))
        handles[handle].flags = limits._obj.basic.flags
        return 1

    def query_information(handle, which, found, size, returned):
        assert (which, size, returned) == (3, ctypes.sizeof(found._obj), None)
        members, room = handles[handle].members(), len(found._obj.ids)
        found._obj.assigned, found._obj.listed = len(members), min(len(members), room)
        found._obj.ids[: found._obj.listed] = members[:room]
        return 1 if len(members) <= room else failed(MORE_DATA)

    def assign(handle, process):
        handles[handle].seen.add(handles[process])
        return 1

    def terminate(handle, code):
        assert code == 1
        handles[handle].kill()
        return 1

    def open_process(access, inherits, pid):
        assert access in (0x0101, 0x1000)
        assert not inherits
        return opened(pid) if alive(pid) else failed(INVALID_PARAMETER)

    def close(handle):
        what = handles.pop(handle)
        if isinstance(what, Job) and what.flags & KILL_ON_JOB_CLOSE:
            what.kill()
        return 1

    def memory_info(process, counters, size):
        assert size == counters._obj.size == ctypes.sizeof(counters._obj)
        with open(f"/proc/{handles[process]}/status") as file:
            lines = dict(line.split(":", 1) for line in file)
        counters._obj.peak_working_set = int(lines.get("VmHWM", "0 kB").split()[0]) * 1024
        counters._obj.working_set = int(lines.get("VmRSS", "0 kB").split()[0]) * 1024
        return 1

    return SimpleNamespace(
        CreateJobObjectW=create_job,
        SetInformationJobObject=set_information,
        QueryInformationJobObject=query_information,
        AssignProcessToJobObject=assign,
        TerminateJobObject=terminate,
        OpenProcess=open_process,
        CloseHandle=close,
        K32GetProcessMemoryInfo=memory_info,
    )


kernel32.handles = {}
