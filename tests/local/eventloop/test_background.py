"""Work in the background."""

import asyncio

from tencentserverless.local.eventloop.background import BackgroundTasks


def run(act):
    """Run `act(tasks)` on a loop."""

    async def main():
        await act(BackgroundTasks())

    asyncio.run(main())


def test_what_fails_is_logged(caplog):
    """A task that fails is logged, with its traceback; one that ends or is cancelled is not."""

    async def fail():
        raise LookupError("lost")

    async def act(tasks):
        tasks.start(fail())
        tasks.start(asyncio.sleep(0))
        tasks.start(asyncio.sleep(3600)).cancel()
        await tasks.stop(3600)

    run(act)
    (record,) = caplog.records
    assert record.getMessage() == "internal error of the local endpoint: LookupError('lost')"
    assert record.exc_info[2].tb_frame.f_code.co_name == "fail"


def test_what_is_given_time(caplog):
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

    run(act)
    assert not caplog.records
    assert ended == ["quick", "slow cancelled"]
