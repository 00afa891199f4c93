"""Instances that are looked after."""

import asyncio
from types import SimpleNamespace

from tencentserverless.local.instances.watch import Watch, retire


def test_only_what_has_run_for_a_while_is_measured():
    """Who has just begun, and who waits for nothing, is not measured."""

    async def main():
        loop, measured = asyncio.get_running_loop(), []
        seen = asyncio.Event()

        def measure():
            measured.append("old")
            seen.set()

        def running(since, check_use, waits=True):
            return SimpleNamespace(is_busy=waits, running_since=since, check_use=check_use)

        live = [
            running(loop.time() + 3600, lambda: measured.append("new")),
            running(loop.time() - 3600, lambda: measured.append("idle"), waits=False),
            running(loop.time() - 3600, measure),
        ]
        watch = Watch(live)
        task = loop.create_task(watch.run())
        watch.wake()
        await seen.wait()
        task.cancel()
        return measured

    assert asyncio.run(main()) == ["old"]


def test_who_is_retired():
    """Those that have been idle for long are ended, those that have died and those that do harm, but none that a
    debugger holds."""

    async def main():
        loop = asyncio.get_running_loop()
        long_ago, ended, done = loop.time() - 3600, [], asyncio.Event()

        def idle(name, since, is_held=False, alive=True, harms=False):
            return SimpleNamespace(
                name=name, idle_since=since, is_held=is_held, alive=alive, has_left_too_much=lambda: harms
            )

        there = [
            idle("cold", long_ago),
            idle("held", long_ago, is_held=True),
            idle("warm", loop.time() + 3600),
            idle("dead", loop.time() + 3600, alive=False),
            idle("harmful", loop.time() + 3600, harms=True),
        ]

        def end(instance):
            ended.append(instance.name)
            if len(ended) == 3:
                done.set()

        task = loop.create_task(retire(lambda: there, 0.01, end))
        await done.wait()
        task.cancel()
        return ended

    assert asyncio.run(main()) == ["cold", "dead", "harmful"]
