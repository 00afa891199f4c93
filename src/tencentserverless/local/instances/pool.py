"""The living instances of all functions, and the limit of their number."""

import asyncio
from collections.abc import Callable

from tencentserverless.local.eventloop.background import BackgroundTasks
from tencentserverless.local.instances.instance import Instance
from tencentserverless.local.instances.scheduler import Scheduler
from tencentserverless.local.instances.ticket import Ticket
from tencentserverless.local.instances.watch import Watch, retire
from tencentserverless.local.instances.worker_replies import Ending
from tencentserverless.local.model.function import Key
from tencentserverless.local.processes.worker_handle import WorkerHandle

GONE_SECONDS = 5.0
SHORTAGE_SECONDS = 1.0


class Pool:
    """The living instances. Ends them on request, if they exceed their limits, or if they were idle for too long.

    on_capacity: is called in the next turn of the event loop when another instance is possible.
    on_gone: is called with each instance once its processes have ended.
    """

    def __init__(
        self,
        scheduler: Scheduler[Instance, Ticket],
        idle_seconds: float,
        on_capacity: Callable[[], None],
        on_gone: Callable[[Instance], None],
    ) -> None:
        self._scheduler = scheduler
        self._on_capacity = on_capacity
        self._on_gone = on_gone
        self._loop = asyncio.get_running_loop()
        self._living: set[Instance] = set()
        self._ends = BackgroundTasks()
        self._ending: dict[Instance, asyncio.Task[None]] = {}
        self._watch = Watch(self._living)
        self.wake = self._watch.wake  # call it when an instance begins to run
        self._watching = BackgroundTasks()
        self._watching.start(self._watch.run())
        self._watching.start(retire(scheduler.idle, idle_seconds, self.end))

    def add(self, instance: Instance) -> None:
        self._living.add(instance)
        self.wake()

    def claim(self, key: Key) -> bool:
        """Count one more instance. At the limit, the one that has been idle longest is ended. False if none is idle."""
        return self._scheduler.claim(key) or self._make_room(key)

    def release_one(self) -> None:
        """An instance has ended or will not start, so another one is possible."""
        self._scheduler.release_one()
        self._loop.call_soon(self._on_capacity)

    def _make_room(self, for_key: Key) -> bool:
        return self.end_idle() is not None and self._scheduler.claim(for_key)

    def end_idle(self) -> "asyncio.Task[None] | None":
        """End the instance that has been idle longest. None if no instance is idle."""
        idle = [instance for instance in self._scheduler.idle() if not instance.is_held]
        return self.end(min(idle, key=lambda instance: instance.idle_since)) if idle else None

    def shrink(self) -> bool:
        """End an idle instance, and allow no more than are living then, for `SHORTAGE_SECONDS`. False if there is none.

        To be called if the system refuses what another instance needs.
        """
        self.end_idle()
        if not self._living and not self._ending:
            return False
        self._scheduler.bound(max(1, len(self._living)))
        self._loop.call_later(SHORTAGE_SECONDS, self._grow)
        return True

    def _grow(self) -> None:
        self._scheduler.bound(None)
        self._on_capacity()

    def end(self, instance: Instance) -> "asyncio.Task[None]":
        """Kill an instance. Another one is possible at once. Killing continues even if the caller is cancelled."""
        instance.alive = False
        self._scheduler.remove(instance.function.key, instance)
        if instance in self._living:
            self._living.discard(instance)
            self.release_one()
            self._ending[instance] = self._ends.start(instance.end())
            self._ending[instance].add_done_callback(lambda _: self._ended(instance))
        return self._ending.get(instance) or self._loop.create_task(asyncio.sleep(0))

    def end_then(self, instance: Instance, then: Callable[[], object]) -> None:
        """End an instance. Call `then` once its processes have ended, or after `GONE_SECONDS`."""
        over: asyncio.Future[None] = self._loop.create_future()
        over.add_done_callback(lambda _: then())
        self.end(instance).add_done_callback(lambda _: over.cancel())  # cancelling twice does no harm
        self._loop.call_later(GONE_SECONDS, over.cancel)

    def end_all(self) -> None:
        """End all instances, without waiting for their processes. Invocations that are running end with status 439."""
        for instance in list(self._living):
            instance.resolve(Ending.EXIT)
            self.end(instance)

    async def stop(self) -> None:
        """End all instances."""
        await self._watching.stop()
        for instance in self._living:
            instance.alive = False
        # Together, so that the process table is read once.
        await WorkerHandle.end([instance.worker for instance in self._living])
        for instance in list(self._living):
            self.end(instance)
        await asyncio.gather(*self._ending.values(), return_exceptions=True)

    def _ended(self, instance: Instance) -> None:
        del self._ending[instance]
        self._on_gone(instance)
