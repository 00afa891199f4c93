"""A running worker as the endpoint sees it."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from threading import Thread

from tencentserverless.local.processes.descriptors import Ends
from tencentserverless.local.processes.fork_client import Keeper
from tencentserverless.local.processes.meter import Meter
from tencentserverless.local.processes.output import Output, ReadOutput

if sys.platform == "win32":
    from tencentserverless.local.processes.windows_jobs import Job as Root
    from tencentserverless.local.processes.windows_jobs import JobMeter
    from tencentserverless.local.processes.windows_jobs import end as end_all
else:
    from tencentserverless.local.processes.process_tree import Root
    from tencentserverless.local.processes.process_tree import end as end_all


class WorkerHandle:
    """A running worker. `channel` does not block; `exited` is done once the process has ended.

    pid: the process at the top of it. has_keeper: whether that one only watches over the others. groups: the folders of
    its control groups, by controller.
    """

    has_keeper = False
    groups: Mapping[str, str] = {}

    def __init__(self, pid: int, ends: "Ends", exited: "asyncio.Future[None]") -> None:
        self.pid = pid
        self.channel = ends.channel
        self.exited = exited
        self._output = ends.output
        self._life = ends.life

    def output(self) -> Output:
        """What it prints, from now on. To be closed before `close`."""
        return Output(self._output)

    def meter(self) -> Meter:
        """What it holds of memory."""
        return Meter(self.pid, self.has_keeper, self.groups)

    @staticmethod
    async def end(workers: "Iterable[WorkerHandle]") -> None:
        """Kill these and all that they have started; returns when it is gone. May be called again."""
        workers = list(workers)
        direct = [worker for worker in workers if isinstance(worker, DirectWorker)]
        await asyncio.gather(
            DirectWorker.end_together(direct),
            *(worker.keeper.end() for worker in workers if isinstance(worker, KeptWorker)),
        )

    def close(self) -> None:
        """Give up the descriptors, after `end`."""
        self.channel.close()
        for descriptor in (self._output, self._life):
            if descriptor >= 0:
                os.close(descriptor)
        self._output = self._life = -1


class KeptWorker(WorkerHandle):
    """A worker below a fork server."""

    has_keeper = True

    def __init__(self, keeper: Keeper, ends: "Ends") -> None:
        super().__init__(keeper.pid, ends, keeper.ended)
        self.keeper = keeper
        self.groups = keeper.groups


class DirectWorker(WorkerHandle):
    """A worker that is our own child."""

    def __init__(self, root: Root, ends: "Ends", exited: "asyncio.Future[None]") -> None:
        super().__init__(root.pid, ends, exited)
        self._root = root
        self._swept = False

    @staticmethod
    async def end_together(workers: "list[DirectWorker]") -> None:
        """One look at the process table for all."""
        ending = [worker for worker in workers if not worker._swept]
        if ending:
            await asyncio.to_thread(end_all, [worker._root for worker in ending])
        for worker in ending:
            await worker.exited
            worker._swept = True


class ConnectedWorker(DirectWorker):
    """A worker that has connected to us. `_life` is our own end to write into its output."""

    def output(self) -> Output:
        return ReadOutput(self._output, self._life)

    def meter(self) -> Meter:
        if sys.platform == "win32":
            return JobMeter(self._root)
        return super().meter()


class ChildExit:
    """Watches a child of our own. `seen` is done once it has ended."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process
        self._loop = asyncio.get_running_loop()
        self.seen: asyncio.Future[None] = self._loop.create_future()
        try:
            descriptor = os.pidfd_open(process.pid)
        except (AttributeError, OSError):
            Thread(target=self._wait, daemon=True, name=f"worker {process.pid}").start()
            return
        self._loop.add_reader(descriptor, self._ended_on_linux, descriptor)

    def _ended_on_linux(self, descriptor: int) -> None:
        self._loop.remove_reader(descriptor)
        os.close(descriptor)
        self._process.wait()
        self._ended()

    def _wait(self) -> None:
        self._process.wait()
        with suppress(RuntimeError):  # the loop may be closed by now
            self._loop.call_soon_threadsafe(self._ended)

    def _ended(self) -> None:
        if not self.seen.done():
            self.seen.set_result(None)
