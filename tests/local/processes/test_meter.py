"""How much memory a process holds and held."""

import os
import subprocess
import sys

import pytest

from tencentserverless.local.processes import meter as measuring
from tencentserverless.local.processes.meter import MOST_REFUSED, Meter

MB = 1024 * 1024
PROGRAM = """
import subprocess, sys
CHILD = "x = b'x' * (%s << 20); print(1, flush=True); input()"
kept = None
for line in sys.stdin:
    word, _, number = line.partition(" ")
    kept = None
    if word == "hold":
        kept = b"x" * (int(number) << 20)
    if word == "child":
        child = subprocess.Popen([sys.executable, "-c", CHILD % number],
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        child.stdout.read(1)
    print("done", flush=True)
"""


@pytest.fixture
def process():
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:

        def tell(words):
            running.stdin.write(words + "\n")
            running.stdin.flush()
            assert running.stdout.readline() == "done\n"

        running.tell = tell
        tell("start")
        yield running
        running.stdin.close()


def test_the_peak_is_kept(process):
    """The peak stays after memory was given back."""
    meter = Meter(process.pid)
    before = meter.peak_bytes()
    process.tell("hold 50")
    process.tell("release")
    assert 45 * MB < meter.peak_bytes() - before < 70 * MB
    meter.close()
    meter.close()


def test_what_was_sampled_is_forgotten(process):
    """What was sampled before `reset` is no part of the next event's peak."""
    meter = Meter(process.pid)
    process.tell("child 40")
    meter.sample()
    high = meter.peak_bytes()
    meter.reset()
    assert high - meter.peak_bytes() > 35 * MB
    meter.close()


def test_a_sample_is_what_is_held_now(process):
    """A sample rises and falls with what the process holds, and raises the peak."""
    meter = Meter(process.pid)
    before = meter.sample()
    process.tell("hold 50")
    assert 45 * MB < meter.sample() - before < 70 * MB
    process.tell("release")
    assert meter.sample() - before < 20 * MB
    meter.close()


def test_children_count(process):
    """What children hold counts, and the peak tells it."""
    meter = Meter(process.pid)
    before = meter.sample()
    process.tell("child 40")
    assert meter.sample() - before > 35 * MB
    assert meter.peak_bytes() - before > 35 * MB
    meter.close()


def test_processes_that_do_not_let_themselves_be_measured(process, monkeypatch):
    """Of processes whose measuring takes long, because they fork without end, the last known use stands."""
    meter = Meter(process.pid)
    process.tell("child 40")
    before = meter.sample()
    process.tell("hold 50")
    monkeypatch.setattr(measuring, "PATIENCE_SECONDS", -1.0)
    assert meter.sample() == before
    monkeypatch.setattr(measuring, "PATIENCE_SECONDS", 100.0)
    assert meter.sample() > before + 35 * MB
    meter.close()


def test_a_process_that_is_gone():
    """Of a process that is no more nothing is known, and asking is no error."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    meter = Meter(process.pid)
    meter.reset()
    assert (meter.peak_bytes(), meter.sample()) == (0, 0)
    meter.close()


@pytest.mark.parametrize(
    "stat",
    [
        b"cache 9\nrss 4096\nmapped_file 1\ntotal_cache 99\ntotal_rss 8192\ntotal_mapped_file 4096\n",
        b"anon 8192\nfile 99\nfile_mapped 4096\nkernel 9\n",
    ],
    ids=["version 1", "version 2"],
)
def test_what_a_group_holds(tmp_path, stat):
    """Where there is a control group, it tells what all its processes hold, without the files in /tmp."""
    (tmp_path / "memory.stat").write_bytes(stat)
    meter = Meter(os.getpid(), groups={"memory": str(tmp_path), "pids": str(tmp_path)})
    assert meter.sample() == 12288
    meter.close()


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("memory.events", "oom 3\noom_kill 1\noom_group_kill 0\n", True),
        ("memory.events", "oom 3\noom_kill 0\n", False),
        ("own/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n", True),
        ("memory.stat", "", False),
    ],
)
def test_what_the_kernel_has_killed(tmp_path, name, text, expected):
    """A process that the kernel has killed because its group had no memory left is told."""
    (tmp_path / "own").mkdir()
    (tmp_path / name).write_text(text)
    meter = Meter(os.getpid(), groups={"memory": str(tmp_path)})
    assert meter.has_run_out() is expected
    meter.close()


@pytest.mark.parametrize("inner", ["", "own"])
def test_who_is_refused_again_and_again(tmp_path, inner):
    """What a control group has refused since the event began is an excess when it is more than a few."""
    (tmp_path / "own").mkdir()
    events = tmp_path / inner / "pids.events"
    meter = Meter(os.getpid(), groups={"memory": str(tmp_path), "pids": str(tmp_path)})
    found = []
    for count in (5, 5 + MOST_REFUSED, 6 + MOST_REFUSED):
        events.write_text(f"max {count}\n")
        meter.sample()
        found.append(meter.excess)
    meter.reset()
    meter.sample()
    assert (found[:2], meter.excess) == (["", ""], "")
    assert found[2].startswith("it kept trying to start")
    meter.close()


@pytest.mark.parametrize(
    ("name", "stat"),
    [("memory.usage_in_bytes", "total_rss 1000\ntotal_cache 1000\n"), ("memory.current", "anon 1000\nfile 1000\n")],
)
def test_a_late_count_of_the_kernel(process, tmp_path, name, stat):
    """If the kernel's exact count says that its `memory.stat` is late, the processes are measured instead."""
    (tmp_path / "memory.stat").write_text(stat)
    (tmp_path / name).write_text(f"{20 * MB}\n")
    meter = Meter(process.pid, groups={"memory": str(tmp_path), "pids": str(tmp_path)})
    process.tell("hold 50")
    assert meter.sample() == 1000
    (tmp_path / name).write_text(f"{80 * MB}\n")
    assert meter.sample() > 45 * MB
    meter.close()
