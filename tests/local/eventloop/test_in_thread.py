"""Blocking work in a thread, and where there is none."""

import asyncio
import threading

import pytest

from tencentserverless.local.eventloop.in_thread import in_thread


@pytest.mark.parametrize("is_refused", [False, True])
def test_work_in_a_thread(monkeypatch, is_refused):
    """Work is done once, in a thread, or here if the system refuses a thread; its result and its errors come out."""
    done = []

    def refuse(_):
        raise RuntimeError("can't start new thread")

    def work(*arguments):
        done.append(threading.current_thread() is threading.main_thread())
        return 1 // arguments[0]

    async def main():
        assert await in_thread(work, 1) == 1
        with pytest.raises(ZeroDivisionError):
            await in_thread(work, 0)
        monkeypatch.undo()  # asyncio ends its threads by another one

    if is_refused:
        monkeypatch.setattr(threading.Thread, "start", refuse)
    asyncio.run(main())
    assert done == [is_refused] * 2
