"""Connects and invocations of the asyncio client that are cancelled leave nothing to the garbage collector."""

import asyncio
import gc

import pytest

from tests.transport.test_faults import WAYS, Way, assert_nothing_is_lost

MOMENTS = 24
STEP = 0.0006  # seconds


async def cancelled(call, number):
    """Cancel a call: the first times after so many rounds of the event loop, then after so much time."""
    task = asyncio.ensure_future(call())
    for _ in range(min(number, MOMENTS // 2)):
        await asyncio.sleep(0)
    await asyncio.sleep(max(0, number - MOMENTS // 2) * STEP)
    task.cancel()
    await asyncio.wait([task])


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("method", ["connect", "invoke"])
def test_a_cancelled_connect_leaves_no_socket(way, method):
    """Wherever it is cancelled, every socket is closed, no place is lost, and the next invocation succeeds.

    A socket that the garbage collector closes would be a ResourceWarning, which fails the test.
    """
    with Way(way) as servers:
        for number in range(MOMENTS):
            with servers.client("asyncio", max_connections=1) as client:
                call = client.client.connect if method == "connect" else lambda: client.client.invoke("f", data=1)
                client.run(cancelled(call, number))
                assert_nothing_is_lost(client)
                assert client.invoke("f", data=2).value == 2
                assert_nothing_is_lost(client)
    gc.collect()
