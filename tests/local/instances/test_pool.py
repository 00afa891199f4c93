"""The living instances, with played workers: places, room for others, ends."""

import asyncio

import pytest

from tencentserverless.local.instances import pool as module
from tencentserverless.local.instances.pool import Pool
from tencentserverless.local.instances.scheduler import Scheduler
from tests.local.factories import function
from tests.local.instances.played_workers import PlayedLauncher

HELLO, OTHER = function(), function("other")


class Here:
    """A pool, its scheduler, and `places`: how often a place was offered."""

    def __init__(self, most_instances=2, idle_seconds=600.0):
        self.launcher = PlayedLauncher()
        self.scheduler = Scheduler(most_instances)
        self.places = 0
        self.pool = Pool(self.scheduler, idle_seconds, self._on_place, self.launcher.forget)

    def _on_place(self):
        self.places += 1

    async def idle(self, function=HELLO, since=0.0):
        """An instance that has nothing to do since then."""
        assert self.pool.claim(function.key)
        instance = await self.launcher.launch(function, 0, None)
        self.scheduler.end_start(function.key)
        self.pool.add(instance)
        instance.idle_since = asyncio.get_running_loop().time() if since is None else since
        self.scheduler.put_back(function.key, instance)
        return instance

    async def until_gone(self, *instances):
        while self.launcher.gone != list(instances):
            await asyncio.sleep(0)


def with_pool(act, **options):
    async def main():
        here = Here(**options)
        await asyncio.wait_for(act(here), 20)
        await here.pool.stop()
        await here.launcher.stop()
        return here

    return asyncio.run(main())


def test_the_coldest_makes_room():
    """Where there are as many instances as there may be, the one that has been idle longest ends for another one."""

    async def act(here):
        warm, cold = await here.idle(since=2.0), await here.idle(OTHER, since=1.0)
        assert here.pool.claim(HELLO.key)
        assert (warm.alive, cold.alive) == (True, False)
        assert here.scheduler.idle() == [warm]
        assert here.scheduler.instances == 2
        await here.until_gone(cold)

    with_pool(act)


def test_no_room():
    """What runs, and what a debugger holds, makes no room."""

    async def act(here):
        running, held = await here.idle(), await here.idle(OTHER)
        assert here.scheduler.take(HELLO.key) is running
        held.is_held = True
        assert not here.pool.claim(HELLO.key)
        assert running.alive
        assert held.alive

    with_pool(act)


def test_an_end_is_one_end():
    """An instance that is ended again is ended once; its place is free at once, and offered soon."""

    async def act(here):
        instance = await here.idle()
        first = here.pool.end(instance)
        assert here.pool.end(instance) is first
        assert (here.scheduler.instances, here.scheduler.idle(), here.places) == (0, [], 0)
        await first
        await here.pool.end(instance)
        await here.until_gone(instance)
        assert here.places == 1

    with_pool(act)


def test_a_caller_that_gives_up():
    """The end of an instance goes on when whoever waits for it is cancelled."""

    async def act(here):
        instance = await here.idle()

        async def wait():
            await asyncio.shield(here.pool.end(instance))

        waiting = asyncio.ensure_future(wait())
        await asyncio.sleep(0)
        waiting.cancel()
        await here.until_gone(instance)

    with_pool(act)


def test_what_is_told_after_an_end():
    """`end_then` tells once, after the processes are gone."""
    told = []

    async def act(here):
        instance = await here.idle()
        here.pool.end_then(instance, lambda: told.append(list(here.launcher.gone)))
        await here.until_gone(instance)
        while not told:
            await asyncio.sleep(0)
        assert told == [[instance]]

    with_pool(act)
    assert len(told) == 1


def test_processes_that_do_not_end(monkeypatch):
    """Where processes take too long to end, it is told all the same, once."""
    monkeypatch.setattr(module, "GONE_SECONDS", 0.01)
    told = []

    async def act(here):
        instance, may_end = await here.idle(), asyncio.Event()
        end = instance.end

        async def slowly():
            await may_end.wait()
            await end()

        monkeypatch.setattr(instance, "end", slowly)
        here.pool.end_then(instance, lambda: told.append(list(here.launcher.gone)))
        while not told:
            await asyncio.sleep(0)
        assert told == [[]]
        may_end.set()
        await here.until_gone(instance)

    with_pool(act)
    assert len(told) == 1


@pytest.mark.parametrize("is_held", [False, True])
def test_who_is_retired(is_held):
    """An instance that has been idle for too long ends by itself, unless a debugger holds it; one in use stays."""

    async def act(here):
        cold, running = await here.idle(), await here.idle(OTHER)
        assert here.scheduler.take(OTHER.key) is running
        cold.is_held = is_held
        third = await here.idle(function("third")) if is_held else cold
        await here.until_gone(third)
        assert running.alive
        assert cold.alive is is_held

    with_pool(act, most_instances=3, idle_seconds=0.05)


def test_the_end_of_all():
    """At the end every instance is ended and gone, busy or idle."""

    async def act(here):
        for number in range(4):
            await here.idle(function(f"one{number}"), since=None)
        assert here.scheduler.take(function("one0").key) is here.launcher.launched[0]

    here = with_pool(act, most_instances=4)
    assert {instance.alive for instance in here.launcher.launched} == {False}
    assert set(here.launcher.gone) == set(here.launcher.launched)
    assert here.scheduler.instances == 0
