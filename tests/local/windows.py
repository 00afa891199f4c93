"""Processes that look like Windows as far as the local endpoint can see: `become()`, before it is imported.

What POSIX alone has is gone, event loops watch sockets only, and `kernel32` has the calls that `windows_jobs.py` makes,
over this system's processes. So what is left unseen of that path is what Win32 itself does.
"""

import ctypes
import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from asyncio import selector_events
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import ClassVar

from tests.environments import ROOT
from tests.local.process_table import alive, below

MISSING_MODULES = ("fcntl", "resource", "termios", "pwd", "grp")
MISSING_NAMES = (
    (os, "fork killpg setsid getuid pidfd_open set_blocking ttyname pread"),
    (socket, "send_fds recv_fds"),
    (signal, "SIGKILL SIGHUP pidfd_send_signal pthread_sigmask"),
)
BOOTSTRAP = Path(__file__).with_name("windows_bootstrap.py")
BEGIN = "from tests.local import windows; windows.become()\n"
KILL, KILL_ON_JOB_CLOSE = 9, 0x2000
INVALID_PARAMETER, MORE_DATA = 87, 234


def on_windows(program, *arguments):
    """Run a program in such a process; what it prints, line by line.

    It has a folder for temporary files of its own: it cannot lock its folders, so other endpoints would remove them.
    """
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", BEGIN + program, *arguments],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT))), "TMPDIR": folder},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=100,
        )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


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
    ctypes.WinDLL = lambda name, use_last_error: {"kernel32": kernel32}[name]
    ctypes.WinError = lambda code: OSError(code, f"error {code} of Win32")
    ctypes.get_last_error = lambda: kernel32.last_error
    sys.platform = "win32"
    os.environ["SYSTEMROOT"] = "/"

    from tencentserverless.local.processes import worker_file

    worker_file.BOOTSTRAP = BOOTSTRAP


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
                with suppress(ProcessLookupError):
                    os.kill(pid, KILL)


class kernel32:
    """What `windows_jobs.py` calls. A handle is a number: of a job, or of a process that some id names."""

    handles: ClassVar = {}
    numbers = count(4, 4)
    last_error = 0

    @classmethod
    def opened(cls, what):
        handle = next(cls.numbers)
        cls.handles[handle] = what
        return handle

    @classmethod
    def failed(cls, code):
        cls.last_error = code
        return 0

    @staticmethod
    def CreateJobObjectW(security, name):
        assert security is name is None
        return kernel32.opened(Job())

    @staticmethod
    def SetInformationJobObject(handle, which, limits, size):
        assert (which, size) == (9, ctypes.sizeof(limits._obj))
        kernel32.handles[handle].flags = limits._obj.basic.flags
        return 1

    @staticmethod
    def QueryInformationJobObject(handle, which, found, size, returned):
        found = found._obj
        assert (which, size, returned) == (3, ctypes.sizeof(found), None)
        members, room = kernel32.handles[handle].members(), len(found.ids)
        found.assigned, found.listed = len(members), min(len(members), room)
        found.ids[: found.listed] = members[:room]
        return 1 if len(members) <= room else kernel32.failed(MORE_DATA)

    @staticmethod
    def AssignProcessToJobObject(handle, process):
        kernel32.handles[handle].seen.add(kernel32.handles[process])
        return 1

    @staticmethod
    def TerminateJobObject(handle, code):
        assert code == 1
        kernel32.handles[handle].kill()
        return 1

    @staticmethod
    def OpenProcess(access, inherits, pid):
        assert access in (0x1101, 0x1000)
        assert not inherits
        return kernel32.opened(pid) if alive(pid) else kernel32.failed(INVALID_PARAMETER)

    @staticmethod
    def CloseHandle(handle):
        what = kernel32.handles.pop(handle)
        if isinstance(what, Job) and what.flags & KILL_ON_JOB_CLOSE:
            what.kill()
        return 1

    @staticmethod
    def K32GetProcessMemoryInfo(process, counters, size):
        counters = counters._obj
        assert size == counters.size == ctypes.sizeof(counters)
        try:
            with open(f"/proc/{kernel32.handles[process]}/status") as file:
                lines = dict(line.split(":", 1) for line in file)
        except OSError:  # it has ended meanwhile
            return kernel32.failed(INVALID_PARAMETER)
        counters.peak_working_set = int(lines.get("VmHWM", "0 kB").split()[0]) * 1024
        counters.working_set = int(lines.get("VmRSS", "0 kB").split()[0]) * 1024
        return 1
