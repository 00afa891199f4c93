"""What each of several events has printed that a worker was handed together."""

import asyncio
import os

from tencentserverless.local.instances.event_output import Printed
from tencentserverless.local.processes.output import Output


def with_printed(act):
    async def main():
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        printed = Printed(Output(reading))
        try:
            act(printed, lambda data: os.write(writing, data))
        finally:
            printed.close()
            os.close(reading)
            os.close(writing)

    asyncio.run(main())


def test_the_next_one_prints_already():
    """Each event has its own, where the worker was three events on before the first answer was read."""

    def act(printed, write):
        printed.begin()
        write(b"a1\na2\nID-Bb\nID-CID-Dd")
        assert [printed.end("ID-B"), printed.end("ID-C"), printed.end("ID-D"), printed.end()] == [
            "a1\na2\n",
            "b\n",
            "",
            "d",
        ]
        assert printed.late() == ""

    with_printed(act)


def test_the_next_one_is_not_there_yet():
    """What comes before the mark of the next event, after the answer of this one, was printed late."""

    def act(printed, write):
        printed.begin()
        write(b"a")
        assert printed.end("ID-B") == "a"
        write(b"late\nID-Bb")
        assert printed.end() == "b"
        assert printed.late() == "late\n"
        assert printed.late() == ""

    with_printed(act)


def test_an_event_that_was_taken_back():
    """A mark that does not come any more is not waited for."""

    def act(printed, write):
        printed.begin()
        assert printed.end("ID-B") == ""
        printed.begin()
        write(b"c")
        assert printed.end() == "c"

    with_printed(act)


def test_a_mark_that_was_not_written():
    """Where a function has closed what marks are written to, nothing that it printed is lost."""

    def act(printed, write):
        printed.begin()
        write(b"a")
        assert printed.end("ID-B") == "a"
        write(b"b")
        assert printed.end() == "b"

    with_printed(act)


def test_a_mark_that_comes_by_just_now(monkeypatch):
    """A mark that is written between two looks is no part of what was printed before it."""
    take_until = Output.take_until

    def act(printed, write):
        def late(output, mark):
            found = take_until(output, mark)
            write(mark + b"b")
            return found

        printed.begin()
        write(b"a")
        with monkeypatch.context() as patch:
            patch.setattr(Output, "take_until", late)
            assert printed.end("ID-B") == "a"
        assert printed.end() == "b"

    with_printed(act)
