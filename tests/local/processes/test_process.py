"""Workers as processes: their start and end, by every way of starting them."""

import asyncio
import os
import subprocess
import sys
from itertools import count

import pytest

from tencentserverless.local.processes import fork_client, process
from tencentserverless.local.processes.interpreters import CURRENT, CURRENT_INTERPRETER, Interpreter
from tencentserverless.local.processes.process import StartRequest, Workers
from tencentserverless.local.processes.worker_handle import WorkerHandle
from tests.environments import ROOT
from tests.local.process_table import alive, below, until

WAYS = ["fork", "fork, plain", "spawn", "spawn, plain", "direct", "connect"]

numbers = count(1)


@pytest.fixture(params=WAYS)
def way(request, monkeypatch):
    """A way of starting workers."""
    return way_of(request.param, monkeypatch)


def way_of(name, monkeypatch):
    if name == "direct":
        monkeypatch.setattr(fork_client, "is_supported", bool)
    method, _, plain = name.partition(", ")
    return lambda: Workers("spawn" if method == "direct" else method, plain=bool(plain))


def start(folder):
    """With a mark of its own, as every worker has: those with the same mark end together, wherever they come from."""
    mark = f"test-{os.getpid()}-{next(numbers)}"
    scratch = folder.with_name(f"{folder.name}-scratch")
    for name in ("root", "sdk", "trust"):
        (scratch / name).mkdir(parents=True, exist_ok=True)
    # A root folder has another /tmp, and these tests and their interpreter may be there.
    own = [path for path in (str(ROOT), sys.prefix) if path.startswith("/tmp/")]
    root = {"needed": [str(folder), *own]}
    return StartRequest(
        CURRENT_INTERPRETER, {"MARK": mark}, str(folder), f"MARK={mark}", scratch=str(scratch), root=root
    )


def folder_of(pid):
    """The working folder of a process; "" of one that has just ended."""
    try:
        return os.readlink(f"/proc/{pid}/cwd")
    except OSError:
        return ""


def test_a_worker_starts_and_ends(tmp_path, way):
    """A worker has a session and a folder of its own and is gone, with its descriptors, after `end` and `close`."""

    others = below(os.getpid())

    async def main():
        before = len(os.listdir("/proc/self/fd"))
        workers = way()
        worker = await workers.start(start(tmp_path))
        assert alive(worker.pid)
        until(lambda: os.getsid(worker.pid) == worker.pid)
        until(lambda: str(tmp_path) in set(map(folder_of, {worker.pid} | below(worker.pid))))
        await WorkerHandle.end([worker])
        await WorkerHandle.end([worker])
        assert not alive(worker.pid)
        assert worker.exited.done()
        worker.close()
        worker.close()
        await workers.stop()
        return len(os.listdir("/proc/self/fd")) - before

    assert asyncio.run(main()) == 0
    assert below(os.getpid()) <= others


def test_many_end_together(tmp_path, way):
    """Several workers are ended in one go."""

    async def main():
        workers = way()
        started = await asyncio.gather(*(workers.start(start(tmp_path)) for _ in range(4)))
        await WorkerHandle.end(started)
        assert not any(alive(worker.pid) for worker in started)
        for worker in started:
            worker.close()
        await workers.stop()

    asyncio.run(main())


def test_an_end_of_its_own_is_noticed(tmp_path, way):
    """`exited` is done when the process ends by itself, here because nothing will come any more."""

    async def main():
        workers = way()
        worker = await workers.start(start(tmp_path))
        worker.channel.close()
        await asyncio.wait_for(asyncio.shield(worker.exited), 20)
        await WorkerHandle.end([worker])
        worker.close()
        await workers.stop()

    asyncio.run(main())


def test_without_process_descriptors(tmp_path, monkeypatch):
    """Where the system has no descriptors of processes a thread waits instead, for a child of our own."""
    monkeypatch.delattr(os, "pidfd_open", raising=False)
    assert not fork_client.is_supported()
    test_an_end_of_its_own_is_noticed(tmp_path, way_of("spawn", monkeypatch))


def test_what_does_not_start(tmp_path, way):
    """A missing interpreter or folder raises OSError and leaves no descriptor open."""

    async def main():
        before = len(os.listdir("/proc/self/fd"))
        workers = way()
        with pytest.raises(OSError, match="missing"):
            await workers.start(
                StartRequest(Interpreter(str(tmp_path / "missing"), CURRENT), {}, str(tmp_path), "MARK=-c")
            )
        with pytest.raises(OSError, match="nowhere"):
            await workers.start(start(tmp_path / "nowhere"))
        await workers.stop()
        return len(os.listdir("/proc/self/fd")) - before

    assert asyncio.run(main()) == 0


@pytest.mark.parametrize(
    ("says", "told"),
    [
        ("echo no such library; exit 3", "it ended with exit code 3: no such library"),
        ("exec sleep 1000", r"it does not connect: \(no output\)"),
    ],
)
def test_what_does_not_connect(tmp_path, monkeypatch, says, told):
    """A worker that ends before it connects, or does not in time, is an OSError that says why; nothing of it stays."""
    monkeypatch.setattr(process, "CONNECT_SECONDS", 20 if "exit" in says else 0.05)
    script = tmp_path / "python"
    script.write_text(f"#!/bin/sh\n{says}\n")
    script.chmod(0o755)

    async def main():
        before = len(os.listdir("/proc/self/fd"))
        with pytest.raises(OSError, match=told):
            await Workers("connect").start(
                StartRequest(Interpreter(str(script), CURRENT), {}, str(tmp_path), "MARK=-d")
            )
        return len(os.listdir("/proc/self/fd")) - before

    others = below(os.getpid())
    assert asyncio.run(main()) == 0
    assert below(os.getpid()) <= others


def test_an_endpoint_that_is_killed(tmp_path):
    """A worker that has connected leaves by itself when the endpoint is killed."""
    program = (
        "import asyncio, sys\n"
        "from tencentserverless.local.processes.interpreters import CURRENT_INTERPRETER\n"
        "from tencentserverless.local.processes.process import StartRequest, Workers\n"
        "async def main():\n"
        "    request = StartRequest(CURRENT_INTERPRETER, {}, sys.argv[1], 'MARK=none-of-f')\n"
        "    worker = await Workers('connect').start(request)\n"
        "    print(worker.pid, flush=True)\n"
        "    await worker.exited\n"
        "asyncio.run(main())\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as endpoint:
        pid = int(endpoint.stdout.readline())
        assert alive(pid)
        endpoint.kill()
    until(lambda: not alive(pid))


def test_what_connects_and_is_not_wanted(tmp_path, monkeypatch):
    """Where something goes wrong after a worker has connected, it is ended and its connection closed."""

    def refuse(*_):
        raise OSError("no job")

    monkeypatch.setattr(process, "Root", refuse)

    async def main():
        before = len(os.listdir("/proc/self/fd"))
        with pytest.raises(OSError, match="no job"):
            await Workers("connect").start(start(tmp_path))
        return len(os.listdir("/proc/self/fd")) - before

    others = below(os.getpid())
    assert asyncio.run(main()) == 0
    assert below(os.getpid()) <= others


@pytest.mark.parametrize("names", [("fork", "spawn"), ("fork, plain", "spawn, plain", "direct")])
def test_whether_a_view_counts(names, monkeypatch):
    """A worker sees what its start says where the fork server has namespaces, however it starts; else it does not."""

    async def answer(name):
        workers = way_of(name, monkeypatch)()
        try:
            return await workers.has_namespaces(CURRENT_INTERPRETER, {}, "")
        finally:
            await workers.stop()

    answers = {asyncio.run(answer(name)) for name in names}
    assert len(answers) == 1
    assert answers == {False} or "direct" not in names


def test_the_environment_is_not_shown():
    """What shows a start shows none of its variables, keys among them."""
    assert "hush" not in repr(StartRequest(CURRENT_INTERPRETER, {"SECRET": "hush"}, "/code", "MARK=-d"))
