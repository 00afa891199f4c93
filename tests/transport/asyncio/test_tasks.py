"""Tasks of what an event loop does."""

import asyncio
import gc

import pytest

from tencentserverless._transport.asyncio.tasks import begun


def test_a_coroutine_that_cannot_be_begun_is_closed():
    """Where there can be no task, a coroutine is closed, so that Python does not warn, and the error comes out."""

    async def work():
        raise AssertionError("it was begun")

    def refuse(loop, coroutine, **options):
        raise RuntimeError("no tasks today")

    async def main():
        asyncio.get_event_loop().set_task_factory(refuse)
        with pytest.raises(RuntimeError, match="no tasks today"):
            begun(work())
        asyncio.get_event_loop().set_task_factory(None)
        return await begun(asyncio.sleep(0, "done"))

    loop = asyncio.new_event_loop()
    try:
        assert loop.run_until_complete(main()) == "done"
    finally:
        loop.close()
    gc.collect()
