"""Looks after instances from time to time: what those that run hold, and for how long the others have been idle."""

import asyncio
import time
from collections.abc import Callable, Iterable

from tencentserverless.local.instances.instance import Instance

USE_SECONDS = 0.025
USE_SHARE = 0.1  # of a processor, at most
LEAST_IDLE_SECONDS = 0.05
IDLE_CHECKS = 4  # per idle period
LOOK_SECONDS = 1.0  # at what idle ones do


class Watch:
    """Ends what holds too much. live: the instances that there are. wake: to be called when one begins to run."""

    def __init__(self, live: Iterable[Instance]) -> None:
        self._loop = asyncio.get_running_loop()
        self._live = live
        self._work = asyncio.Event()
        self.wake = self._work.set

    async def run(self) -> None:
        """Sleeps while nothing runs; short invocations are judged by their peak alone."""
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
    """End those that have been idle for so long, those that have died and those that do harm meanwhile, for ever."""
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(min(max(seconds, LEAST_IDLE_SECONDS) / IDLE_CHECKS, LOOK_SECONDS))
        now = loop.time()
        for instance in idle():
            is_cold = now - instance.idle_since >= seconds and not instance.is_held
            if is_cold or not instance.alive or instance.has_left_too_much():
                end(instance)
