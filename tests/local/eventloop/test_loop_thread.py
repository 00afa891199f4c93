"""An event loop on a thread of its own."""

import threading

import pytest

from tencentserverless.local.eventloop.loop_thread import LoopThread


def test_calls_from_another_thread():
    """A call runs on the thread of the loop, its result and its exception reach the caller, and the end ends it."""
    loop = LoopThread("some loop")
    assert loop.call(lambda: threading.current_thread().name) == "some loop"
    with pytest.raises(ZeroDivisionError):
        loop.call(divmod, 1, 0)
    loop.end()
    assert "some loop" not in [thread.name for thread in threading.enumerate()]
