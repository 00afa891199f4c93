"""What a worker prints, per event."""

import asyncio
import os

from tencentserverless.local.output import KEPT_BYTES, Output


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


def test_what_is_in_the_pipe_is_taken():
    """All that was written before is taken at once, and only once."""

    async def act(output, writing):
        os.write(writing, "one ü\n".encode())
        os.write(writing, b"two\n\xff")
        assert output.take() == "one ü\ntwo\n\ufffd"
        assert output.take() == ""
        os.close(writing)

    with_output(act)


def test_the_end_of_the_pipe():
    """After the last writer is gone there is nothing more, and no error."""

    async def act(output, writing):
        os.write(writing, b"last")
        os.close(writing)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert output.take() == "last"
        assert output.take() == ""

    with_output(act)


def test_the_end_is_kept_of_too_much():
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
        assert note == f"... {size + 3 - len(rest)} bytes before this are not kept ..."
        os.close(writing)

    with_output(act)
