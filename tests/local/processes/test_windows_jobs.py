"""Job objects, by a stand-in for Win32 that has this system's processes: what `windows_jobs.py` makes of it."""

from tests.local.windows import on_windows

BEGIN = """
import ctypes, os, subprocess, sys
from tests.local.process_table import alive
PARENT = '''
import os, subprocess, sys
nowhere = {'stdout': subprocess.DEVNULL, 'stderr': subprocess.DEVNULL}
children = [subprocess.Popen(['sleep', '100'], **nowhere) for _ in range(int(sys.argv[1]))]
print(*[child.pid for child in children], flush=True)
for line in sys.stdin:
    kept = b'x' * (int(line) << 20)
    kept = None
    print('held', flush=True)
'''

def parent(children=1):
    process = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(children)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    return process, [process.pid, *map(int, process.stdout.readline().split())]

def left(process):
    with process:
        process.stdin.close()
        process.wait()
"""


def test_the_layout_of_structures():
    """The structures are as large as the headers of 64-bit Windows have them."""
    program = """
from tencentserverless.local.processes import windows_jobs as jobs
print(*map(ctypes.sizeof, (jobs.ExtendedLimits, jobs.MemoryCounters, jobs.ProcessIds)))
print(jobs.ExtendedLimits.job_memory.offset, jobs.MemoryCounters.working_set.offset, jobs.ProcessIds.ids.offset)
"""
    assert on_windows(BEGIN + program) == [f"144 72 {8 + 8 * 257}", "120 16 8"]


def test_a_job_and_its_end():
    """A process and its children end together, by `end` and by the end of the handle; no handle is left."""
    program = """
from tencentserverless.local.processes.windows_jobs import Job, end
for finish in (lambda job: end([job]), Job.close):
    process, pids = parent()
    job = Job(process.pid, b"MARK=1")
    assert sorted(job.processes()) == sorted(pids)
    finish(job)
    assert not any(map(alive, pids)), pids
    assert job.processes() == []
    end([job])
    job.close()
    left(process)
assert windows.kernel32.handles == {}
"""
    assert on_windows(BEGIN + program) == []


def test_what_win32_refuses():
    """A refusal is an OSError with Win32's own number, and leaves no handle."""
    program = """
from tencentserverless.local.processes import windows_jobs as jobs
process, pids = parent()
job = jobs.Job(process.pid)
jobs._kernel.QueryInformationJobObject = lambda *_: 0
for refused in (job.processes, lambda: jobs.Job(2**31 - 1)):
    windows.kernel32.last_error = 6
    try:
        refused()
    except OSError as error:
        print(error.errno)
job.close()
left(process)
assert windows.kernel32.handles == {}
"""
    assert on_windows(BEGIN + program) == ["6", "87"]


def test_memory():
    """The peak is the event's own where it is the highest yet, else the highest that was seen; children count."""
    program = """
from tencentserverless.local.processes.windows_jobs import Job, JobMeter, end
MB = 1024 * 1024
process, pids = parent()
job = Job(process.pid)
meter = JobMeter(job)
meter.find_worker()
meter.reset()
before = meter.peak_bytes()
process.stdin.write("50\\n")
process.stdin.flush()
assert process.stdout.readline() == "held\\n"
assert 45 * MB < meter.peak_bytes() - before < 70 * MB
meter.reset()
assert meter.peak_bytes() - before < 20 * MB
with_child = meter.sample()
assert with_child > before, "the child"
assert not meter.excess
meter.close()
end([job])
assert (meter.peak_bytes(), meter.sample()) == (with_child, 0)
left(process)
"""
    assert on_windows(BEGIN + program) == []


def test_too_many_processes():
    """More processes than an instance may have are told, also where the list has no room for them."""
    program = """
from tencentserverless.local.processes import meter as memory, windows_jobs as jobs
from tencentserverless.local.processes.windows_jobs import Job, JobMeter, end
class Few(ctypes.Structure):
    _fields_ = (*jobs.ProcessIds._fields_[:2], ("ids", ctypes.c_size_t * 3))
jobs.ProcessIds, memory.MOST_PROCESSES = Few, 2
for children, expected in ((1, False), (2, True), (4, True)):
    process, pids = parent(children)
    job = Job(process.pid)
    meter = JobMeter(job)
    meter.sample()
    assert bool(meter.excess) is expected, children
    assert len(job.processes()) == min(children + 1, 3)
    end([job])
    assert not any(map(alive, pids))
    left(process)
"""
    assert on_windows(BEGIN + program) == []
