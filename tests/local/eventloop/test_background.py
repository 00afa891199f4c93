"""Work in the background."""

import asyncio

from tencentserverless.local.eventloop.background import Tasks


def run(act):
    """Run `act(tasks)` on a loop; what was told."""
    told = []

    async def main():
        await act(Tasks(told.append))

    asyncio.run(main())
    return told


def test_what_fails_is_told():
    """A task that fails is told of; one that ends or is cancelled is not."""

    async def fail():
        raise LookupError("lost")

    async def act(tasks):
        tasks.start(fail())
        tasks.start(asyncio.sleep(0))
        tasks.start(asyncio.sleep(3600)).cancel()
        await tasks.stop(3600)

    assert run(act) == ["internal error: LookupError('lost')"]


def test_what_is_given_time():
    """At a stop with patience what ends soon ends by itself; the rest is cancelled, and waited for."""
    ended = []

    async def act(tasks):
        go = asyncio.Event()

        async def work(event, name):
            try:
                await event.wait()
                ended.append(name)
            except asyncio.CancelledError:
                await asyncio.sleep(0)
                ended.append(f"{name} cancelled")
                raise

        tasks.start(work(go, "quick"))
        tasks.start(work(asyncio.Event(), "slow"))
        asyncio.get_running_loop().call_soon(go.set)
        await tasks.stop(0.05)

    assert run(act) == []
    assert ended == ["quick", "slow cancelled"]
