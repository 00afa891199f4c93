"""Workers as the endpoint sees them, here processes that only sleep: their output, their end, their descriptors."""

import asyncio
import os
import subprocess
import sys

import pytest

from tencentserverless.local.processes.descriptors import Descriptors
from tencentserverless.local.processes.process_tree import Root
from tencentserverless.local.processes.worker_handle import ChildExit, DirectWorker, WorkerHandle
from tests.local.process_table import alive, below, until

SLEEPS = "echo began; sleep 1000 & sleep 1000"


def started(program=SLEEPS):
    """A child of ours that holds the worker's side; its handle."""
    with Descriptors.pair() as (ours, theirs):
        process = subprocess.Popen(
            ["/bin/sh", "-c", program],
            stdout=theirs.output,
            pass_fds=(theirs.channel.fileno(), theirs.life),
            start_new_session=True,
        )
        return DirectWorker(Root(process.pid), ours.set_nonblocking(), ChildExit(process).seen)


def run(act):
    """Run `act()`; no descriptor may be left."""

    async def main():
        before = len(os.listdir("/proc/self/fd"))
        await asyncio.wait_for(act(), 20)
        return len(os.listdir("/proc/self/fd")) - before

    assert asyncio.run(main()) == 0


async def gone(worker):
    await WorkerHandle.end([worker])
    worker.close()


def test_what_it_prints():
    """What a worker prints can be taken until it is closed."""

    async def act():
        worker = started()
        output, text = worker.output(), ""
        while "began" not in text:
            text += output.take()
            await asyncio.sleep(0)
        output.close()
        await gone(worker)

    run(act)


def test_an_end_takes_all_of_them():
    """Several workers end together, with their children; ended again they stay ended, and those that end alone too."""

    async def act():
        workers = [started() for _ in range(3)]
        until(lambda: all(len(below(worker.pid)) == 2 for worker in workers))
        pids = {pid for worker in workers for pid in (worker.pid, *below(worker.pid))}
        await WorkerHandle.end(workers[:1])
        assert alive(workers[1].pid)
        await WorkerHandle.end(workers)
        assert not any(map(alive, pids))
        assert all(worker.exited.done() for worker in workers)
        for worker in workers:
            await gone(worker)
            worker.close()

    run(act)


@pytest.mark.parametrize("has_descriptor", [True, False])
def test_an_end_of_its_own(monkeypatch, has_descriptor):
    """`exited` is done when a worker ends by itself, whether the system has descriptors of processes or not."""
    if not has_descriptor:
        monkeypatch.delattr(os, "pidfd_open", raising=False)

    async def act():
        worker = started("exit 3")
        await asyncio.shield(worker.exited)
        assert not alive(worker.pid)
        await gone(worker)

    run(act)


def test_an_end_after_the_loops(monkeypatch):
    """A worker that ends after the event loop disturbs nobody."""
    monkeypatch.delattr(os, "pidfd_open", raising=False)

    async def main():
        process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        return process, ChildExit(process)

    process, watching = asyncio.run(main())
    process.stdin.close()
    until(lambda: process.poll() is not None)
    assert not watching.seen.done()


def test_what_it_holds():
    """The memory of a worker is measured with that of its children."""

    async def act():
        worker = started()
        meter = worker.meter()
        until(lambda: meter.sample() > 0)
        meter.close()
        await gone(worker)

    run(act)
