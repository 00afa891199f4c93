"""Replies that are spoiled on purpose, seen by a client byte by byte."""

import asyncio

import pytest

from tencentserverless.local.http.request import Reply, Spoiled
from tests.local.raw_http import GET, Site, talk


class Spoiling(Site):
    def __init__(self, spoiled):
        super().__init__()
        self.spoiled = spoiled

    def reply(self, request):
        return Reply(b"0123456789", spoiled=self.spoiled)


def test_a_reset():
    """A reply of which nothing is sent ends in a reset, and what was sent after the request is not served."""

    async def act(reader, writer, site):
        writer.write(GET % b"1" + GET % b"2")
        with pytest.raises(ConnectionResetError):
            await reader.read()
        assert len(site.asked) == 1

    talk(act, Spoiling(Spoiled()))


def test_a_part():
    """A reply of which a part is sent announces its whole length, and ends in an end of file."""

    async def act(reader, writer, site):
        writer.write(GET % b"1")
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        assert b"content-length: 10" in head.lower()
        assert body == b"01234"

    talk(act, Spoiling(Spoiled(sent_part=0.5)))


def test_silence():
    """A silent connection is there until the client gives up, and not longer."""

    async def act(reader, writer, site):
        writer.write(GET % b"1")
        while not site.asked:
            await asyncio.sleep(0)
        assert not reader.at_eof()
        (silent,) = site.connections
        writer.close()
        while silent in site.connections:
            await asyncio.sleep(0.001)

    talk(act, Spoiling(Spoiled(silent_seconds=3600)))
