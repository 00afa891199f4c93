"""Handles: what the endpoint uses to talk to, measure and end a running worker."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from threading import Thread

from tencentserverless.local.eventloop.in_thread import in_thread
from tencentserverless.local.processes.descriptors import Descriptors
from tencentserverless.local.processes.fork_client import Keeper
from tencentserverless.local.processes.meter import Meter
from tencentserverless.local.processes.output import Output, ThreadedOutput

if sys.platform == "win32":
    from tencentserverless.local.processes.windows_jobs import Job as Root
    from tencentserverless.local.processes.windows_jobs import JobMeter
    from tencentserverless.local.processes.windows_jobs import end as end_all
else:
    from tencentserverless.local.processes.process_tree import Root
    from tencentserverless.local.processes.process_tree import end as end_all


class WorkerHandle:
    """A running worker. `channel` is a non-blocking socket. `exited` is done when the process `pid` has ended.

    pid: the worker's process, or its keeper if `has_keeper` is true. groups: the folders of its control groups, by
    controller.
    """

    has_keeper = False
    groups: Mapping[str, str] = {}

    def __init__(self, pid: int, descriptors: Descriptors, exited: "asyncio.Future[None]") -> None:
        self.pid = pid
        self.channel = descriptors.channel
        self.exited = exited
        self._output = descriptors.output
        self._life = descriptors.life

    def output(self) -> Output:
        """A reader of what the worker prints. It must be closed before `close` is called."""
        return Output(self._output)

    def meter(self) -> Meter:
        """A meter of the worker's memory and processes."""
        return Meter(self.pid, self.has_keeper, self.groups)

    @staticmethod
    async def end(workers: "Iterable[WorkerHandle]") -> None:
        """Kill these workers and all processes that they have started, and wait until they have ended.

        May be called again.
        """
        workers = list(workers)
        direct = [worker for worker in workers if isinstance(worker, DirectWorker)]
        await asyncio.gather(
            DirectWorker.end_together(direct),
            *(worker.keeper.end() for worker in workers if isinstance(worker, KeptWorker)),
        )

    def close(self) -> None:
        """Close the descriptors. To be called after `end`."""
        self.channel.close()
        for descriptor in (self._output, self._life):
            if descriptor >= 0:
                os.close(descriptor)
        self._output = self._life = -1


class KeptWorker(WorkerHandle):
    """A worker that a fork server has started. It has a keeper."""

    has_keeper = True

    def __init__(self, keeper: Keeper, descriptors: Descriptors) -> None:
        super().__init__(keeper.pid, descriptors, keeper.ended)
        self.keeper = keeper
        self.groups = keeper.groups


class DirectWorker(WorkerHandle):
    """A worker that is our own child."""

    def __init__(self, root: Root, descriptors: Descriptors, exited: "asyncio.Future[None]") -> None:
        super().__init__(root.pid, descriptors, exited)
        self._root = root
        self._has_been_ended = False

    @staticmethod
    async def end_together(workers: "list[DirectWorker]") -> None:
        """End several workers, with one search of the process table for all."""
        ending = [worker for worker in workers if not worker._has_been_ended]
        if ending:
            await in_thread(end_all, [worker._root for worker in ending])
        for worker in ending:
            await worker.exited
            worker._has_been_ended = True


class ConnectedWorker(DirectWorker):
    """A worker that has connected to us. Its `_life` is not a life line, but our own writing end of its output pipe."""

    def output(self) -> Output:
        return ThreadedOutput(self._output, self._life)

    def meter(self) -> Meter:
        if sys.platform == "win32":
            return JobMeter(self._root)
        return super().meter()


class ChildExit:
    """Waits for the end of a child process. `seen` is done when it has ended.

    Linux has descriptors of processes, which the event loop can watch (pidfd_open(2)). On other systems a thread waits.
    """

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
