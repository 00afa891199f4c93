"""Readers that are slow, gone, full or wrong, and those who do not wait for them."""

import asyncio
import io
import os
import sys
import threading
import time
from functools import partial

import pytest

from tencentserverless.local.eventloop import delivery as module
from tencentserverless.local.eventloop.delivery import Delivery, print_line, to_stderr


def with_delivery(act, **named):
    """Run `act(delivery)` on a loop, and say how long it took."""

    async def main():
        delivery = Delivery(**named)
        began = time.monotonic()
        await asyncio.wait_for(act(delivery), 20)
        took = time.monotonic() - began
        await delivery.end(10.0)
        return took

    return asyncio.run(main())


def test_readers_come_before_the_answer(caplog):
    """What was delivered has been read, in its order, before the work after it, also where a reader raises."""
    read = []

    async def act(delivery):
        for number in range(100):
            delivery.add(lambda number=number: read.append(number))
            delivery.add(lambda: 1 / 0)
            await delivery.made()
            assert read == list(range(number + 1))

    with_delivery(act)
    assert {record.exc_info[0] for record in caplog.records} == {ZeroDivisionError}


def test_a_reader_that_blocks(monkeypatch):
    """A reader that blocks is waited for once and not again until it has caught up; none of it is on the loop."""
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.05)
    go, read = threading.Event(), []

    async def act(delivery):
        delivery.add(go.wait)
        for number in range(1000):
            delivery.add(lambda number=number: read.append(number))
            await delivery.made()
            delivery.wait()
        assert read == []
        go.set()
        while len(read) < 900:
            await asyncio.sleep(0.001)
        while delivery._is_late:
            await asyncio.sleep(0.001)
        delivery.add(lambda: read.append("again"))
        await delivery.made()
        assert read[-1] == "again"

    assert with_delivery(act) < 10
    assert read[:900] == list(range(900))


def test_no_thread_can_be_had(monkeypatch):
    """If the system refuses a thread, whoever waits for deliveries makes them, in order, also after one that raises."""

    def refuse(_):
        raise RuntimeError("can't start new thread")

    read = []
    monkeypatch.setattr(threading.Thread, "start", refuse)
    delivery = Delivery()
    for deliver in (partial(read.append, 1), partial(divmod, 1, 0), partial(read.append, 2)):
        delivery.add(deliver)
    delivery.wait()
    assert read == [1, 2]
    monkeypatch.undo()
    delivery.add(partial(read.append, 3))
    delivery.wait(20)
    assert read == [1, 2, 3]
    asyncio.run(delivery.end(1))


def test_what_waits_is_bounded():
    """What waits for a reader is bounded in number and in bytes; of the rest the number is told."""
    go, read, left_out = threading.Event(), [], []

    async def act(delivery):
        delivery.add(go.wait)
        for _ in range(3 * module.MOST_WAITING):
            delivery.add(lambda: read.append(1))
        go.set()
        while not left_out:
            await asyncio.sleep(0.001)
        go.clear()
        delivery.add(go.wait)
        for _ in range(40):
            delivery.add(lambda: read.append(2), 1024 * 1024)
        go.set()

    with_delivery(act, on_left_out=left_out.append)
    assert read.count(1) + left_out[0] == 3 * module.MOST_WAITING
    assert module.MOST_WAITING - 1 <= read.count(1) <= module.MOST_WAITING + 1
    assert read.count(2) == module.MOST_WAITING_BYTES // (1024 * 1024)


def test_the_end():
    """The end waits for what is to be read, but not for ever, and a reader may end it itself."""
    go, read = threading.Event(), []

    async def main():
        delivery, stuck = Delivery(), Delivery()
        delivery.add(lambda: (delivery.wait(60), read.append(1)))
        await delivery.end(10.0)
        stuck.add(go.wait)
        stuck.add(lambda: read.append(2))
        await stuck.end(0.01)
        stuck.add(lambda: read.append(3))
        go.set()
        for each in (delivery, stuck):
            each._thread.join(10)
            assert not each._thread.is_alive()

    asyncio.run(main())
    assert read == [1]


class Full(io.StringIO):
    def write(self, text):
        raise OSError(28, "No space left on device")


@pytest.mark.parametrize("stream", [None, Full(), "closed"], ids=["none", "full", "closed"])
def test_nothing_can_be_printed(monkeypatch, stream):
    """Where standard error is missing, full or closed a notice is lost, and nothing else happens."""
    if stream == "closed":
        stream = io.StringIO()
        stream.close()
    monkeypatch.setattr(sys, "stderr", stream)
    to_stderr("lost")
    with pytest.raises((OSError, ValueError)):
        print_line("lost", "stderr")


def test_lines_go_past_the_buffer(monkeypatch):
    """The process's own streams are written whole, without the buffer, also where they do not block."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    text, got = "ü" * 200_000, []

    def read():
        with os.fdopen(reading, "rb") as other:
            got.append(other.read())

    thread = threading.Thread(target=read)
    with os.fdopen(writing, "w", encoding="ascii", errors="strict") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        monkeypatch.setattr(sys, "__stderr__", stream)
        thread.start()
        print_line(text, "stderr")
    thread.join()
    assert got == [(r"\xfc" * 200_000 + "\n").encode()]
