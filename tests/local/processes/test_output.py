"""What a worker prints, per event."""

import asyncio
import os

import pytest

from tencentserverless.local.processes import output as module
from tencentserverless.local.processes.output import IDLE_BYTES, KEPT_BYTES, Output, ThreadedOutput


def with_output(act):
    async def main():
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        output = Output(reading)
        try:
            await act(output, writing)
        finally:
            output.close()
            os.close(reading)

    asyncio.run(main())


def with_read_output(act):
    """The same with a thread that reads."""

    async def main():
        reading, own = os.pipe()
        output = ThreadedOutput(reading, own)
        try:
            await act(output, os.dup(own))
        finally:
            output.close()
            output.close()
            assert not output._thread.is_alive()
            os.close(reading)
            os.close(own)

    asyncio.run(main())


@pytest.mark.parametrize("with_output", [with_output, with_read_output])
def test_what_is_in_the_pipe_is_taken(with_output):
    """All that was written before is taken at once, and only once."""

    async def act(output, writing):
        os.write(writing, "one ü\n".encode())
        os.write(writing, b"two\n\xff")
        assert output.take() == "one ü\ntwo\n\ufffd"
        assert output.take() == ""
        os.close(writing)

    with_output(act)


@pytest.mark.parametrize("with_output", [with_output, with_read_output])
def test_the_end_of_the_pipe(with_output):
    """After the last writer is gone there is nothing more, and no error."""

    async def act(output, writing):
        os.write(writing, b"last")
        os.close(writing)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert output.take() == "last"
        assert output.take() == ""

    with_output(act)


@pytest.mark.parametrize("with_output", [with_output, with_read_output])
def test_the_end_is_kept_of_too_much(with_output):
    """Of an event that prints without end the last part is kept, with a note on what is missing."""

    async def act(output, writing):
        size = 3 * KEPT_BYTES
        written = asyncio.to_thread(lambda: [os.write(writing, b"x" * 65536) for _ in range(size // 65536)])
        await written
        os.write(writing, b"end")
        text = output.take()
        note, _, rest = text.partition("\n")
        assert rest.endswith("end")
        assert KEPT_BYTES <= len(rest) <= 2 * KEPT_BYTES + 65536
        assert note == f"[{size + 3 - len(rest)} bytes of earlier output were dropped]"
        os.close(writing)

    with_output(act)


@pytest.mark.parametrize("with_output", [with_output, with_read_output])
def test_between_two_events(with_output):
    """Who prints without end between two events is read only a little, and waits; in the next event all is read."""

    async def act(output, writing):
        output.take()
        written = asyncio.ensure_future(asyncio.to_thread(os.write, writing, b"x" * 1_000_000))
        while not output._is_paused:
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.01)
        assert IDLE_BYTES <= output._bytes < IDLE_BYTES + 65536
        assert not written.done()
        late = output.begin()
        assert await written == 1_000_000
        assert late + output.take() == "x" * 1_000_000
        os.close(writing)

    with_output(act)


def test_a_thread_keeps_up():
    """However often and however much is written, all that was written before is taken, and nothing of our own."""

    async def act(output, writing):
        for size in (0, 1, 5, 65536, 65520, 1_000_000, 3):
            line = b"x" * size + b"\n"
            for _ in range(20):
                output.begin()
                task = asyncio.to_thread(os.write, writing, line)
                assert await task == size + 1
                assert output.take() == line.decode()
        assert output.take() == ""
        os.close(writing)

    with_read_output(act)


def test_a_mark_that_does_not_come(monkeypatch):
    """Where somebody else has read our mark, taking ends all the same."""
    monkeypatch.setattr(module, "_MARK_SECONDS", 0.01)

    async def main():
        reading, own = os.pipe()
        elsewhere, writing = os.pipe()
        output = ThreadedOutput(reading, writing)
        assert output.take() == ""
        output._writing = own
        os.write(own, b"x")
        assert output.take() == "x"
        output.close()
        for descriptor in (reading, own, elsewhere, writing):
            os.close(descriptor)

    asyncio.run(main())


@pytest.mark.parametrize("with_output", [with_output, with_read_output])
def test_text_is_told_as_it_comes(with_output):
    """Text is told while the event runs, all of it before it is taken, and nothing of our own marks."""

    async def act(output, writing):
        told, came = [], asyncio.Event()
        output.on_text = lambda text: (told.append(text), came.set())
        for _ in range(5):
            os.write(writing, "early ü\n".encode())
            await asyncio.wait_for(came.wait(), 20)
            assert told == ["early ü\n"]
            mark = getattr(output, "_mark", "0123")
            os.write(writing, mark[:3].encode())
            assert output.take() == f"early ü\n{mark[:3]}"
            assert "".join(told) == f"early ü\n{mark[:3]}"
            told.clear()
            came.clear()
        os.close(writing)

    with_output(act)
