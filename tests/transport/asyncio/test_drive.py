"""Generators that are run by coroutines."""

import asyncio

import pytest

from tencentserverless._transport.asyncio.drive import drive


def run(coroutine):
    """Run in an event loop of its own."""
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(coroutine)
    finally:
        loop.close()


async def ten_times(wanted):
    await asyncio.sleep(0)
    return wanted * 10


async def fail(wanted):
    raise KeyError(wanted)


def test_answers_go_into_the_generator():
    """What is awaited for each thing that a generator yields is sent into it; its value is returned."""

    def steps():
        first = yield 1
        second = yield 2
        return [first, second]

    assert run(drive(steps(), ten_times)) == [10, 20]


def test_failures_go_into_the_generator():
    """An exception is thrown into the generator, which may go on; one that it does not catch ends the run."""

    def careful():
        try:
            yield "a"
        except KeyError as error:
            return error.args

    def careless():
        yield "b"

    assert run(drive(careful(), fail)) == ("a",)
    with pytest.raises(KeyError, match="b"):
        run(drive(careless(), fail))


def test_cancelling_is_not_caught_by_the_generator():
    """A generator that catches every Exception does not catch that it is cancelled, on any Python."""

    def steps():
        try:
            yield "for ever"
        except Exception:
            return "caught"

    async def wait(wanted):
        await asyncio.get_event_loop().create_future()

    async def main():
        task = asyncio.ensure_future(drive(steps(), wait))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(main())
