"""Work of one turn of the event loop that is done in the next one."""

import asyncio
import time

from tencentserverless.local.eventloop.turn_batch import TurnBatch


def run(act):
    """Run `act(batch)` on a loop; what the loop was told went wrong."""
    wrong = []

    async def main():
        asyncio.get_running_loop().set_exception_handler(lambda _, context: wrong.append(context["exception"]))
        await act(TurnBatch())

    asyncio.run(main())
    return wrong


def test_work_of_one_turn():
    """What is added in one turn is done in order in the next, under one time, which is not before any of it came."""

    async def act(batch):
        done = []
        batch.add(lambda: done.append(("a", batch.began)))
        batch.add(lambda: done.append(("b", batch.began)))
        came = time.monotonic()
        assert not done
        await asyncio.sleep(0)
        assert [name for name, _ in done] == ["a", "b"]
        assert done[0][1] == done[1][1] >= came

    assert run(act) == []


def test_work_that_adds_work():
    """Work that is added while a batch is done is the next one's, with a time of its own."""

    async def act(batch):
        times = []
        batch.add(lambda: batch.add(lambda: times.append(batch.began)))
        await asyncio.sleep(0)
        first = batch.began
        assert not times
        await asyncio.sleep(0)
        assert times[0] > first

    assert run(act) == []


def test_work_that_fails():
    """Work that raises is told to the loop and disturbs nothing else."""

    async def act(batch):
        done = []
        batch.add(lambda: 1 / 0)
        batch.add(lambda: done.append(1))
        await asyncio.sleep(0)
        assert done == [1]

    (error,) = run(act)
    assert isinstance(error, ZeroDivisionError)
