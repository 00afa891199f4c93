"""Checks instances periodically: the memory and processes of busy ones, and the idle time of the others."""

import asyncio
import time
from collections.abc import Callable, Iterable

from tencentserverless.local.instances.instance import Instance

USE_SECONDS = 0.025
USE_SHARE = 0.1  # of a processor, at most
LEAST_IDLE_SECONDS = 0.05
IDLE_CHECKS = 4  # per idle period
IDLE_CHECK_SECONDS = 1.0  # at most, between two checks of idle instances


class Watch:
    """Ends invocations whose instances exceed their limits.

    live: all instances. `wake` must be called when an instance begins to run.
    """

    def __init__(self, live: Iterable[Instance]) -> None:
        self._loop = asyncio.get_running_loop()
        self._live = live
        self._work = asyncio.Event()
        self.wake = self._work.set

    async def run(self) -> None:
        """Check busy instances, for ever. Short invocations are not checked here: their peak of memory is enough."""
        took = 0.0
        while True:
            await self._work.wait()
            await asyncio.sleep(max(USE_SECONDS, took / USE_SHARE))
            started, worked = self._loop.time(), time.thread_time()
            busy = [instance for instance in self._live if instance.is_busy]
            for instance in busy:
                if instance.running_since <= started - USE_SECONDS:
                    instance.check_use()
            took = time.thread_time() - worked
            if not busy:
                self._work.clear()


async def retire(idle: Callable[[], list[Instance]], seconds: float, end: Callable[[Instance], object]) -> None:
    """Check idle instances, for ever. End those that were idle for too long, have died, or exceed their limits."""
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(min(max(seconds, LEAST_IDLE_SECONDS) / IDLE_CHECKS, IDLE_CHECK_SECONDS))
        now = loop.time()
        for instance in idle():
            is_cold = now - instance.idle_since >= seconds and not instance.is_held
            if is_cold or not instance.alive or instance.has_left_too_much():
                end(instance)
