"""Frames over a real socket on a real event loop."""

import asyncio
import socket

from tencentserverless.local.processes.channel import Channel
from tencentserverless.local.processes.frames import Kind, encode


def with_channel(act):
    """Run `act(channel, other end, frames, ended)` on a loop."""

    async def main():
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        theirs.settimeout(10)
        frames, ended = [], asyncio.Event()
        channel = Channel(ours, frames.extend, ended.set)
        with ours, theirs:
            await act(channel, theirs, frames, ended)
            channel.close()

    asyncio.run(main())


async def until(condition):
    async def wait():
        while not condition():
            await asyncio.sleep(0)

    await asyncio.wait_for(wait(), 10)


def test_frames_that_come():
    """What comes is handed on frame by frame, those that come together together."""

    async def act(channel, theirs, frames, ended):
        theirs.sendall(encode(Kind.RESULT, {"a": 1}, b"1") * 2 + b"\x12")
        await until(lambda: len(frames) == 2)
        assert [frame.body for frame in frames] == [b"1", b"1"]
        assert not ended.is_set()

    with_channel(act)


def test_the_end_is_told_once():
    """The end of file is told once."""

    async def act(channel, theirs, frames, ended):
        theirs.close()
        await asyncio.wait_for(ended.wait(), 10)
        channel.drain()

    with_channel(act)


def test_nonsense_is_an_end():
    """Bytes that are no frame end the channel: what wrote them cannot be trusted."""

    async def act(channel, theirs, frames, ended):
        theirs.sendall(b"\xff" * 64)
        await asyncio.wait_for(ended.wait(), 10)
        assert frames == []

    with_channel(act)


def test_draining():
    """What has come already is taken in at once, without waiting for the loop."""

    async def act(channel, theirs, frames, ended):
        theirs.sendall(encode(Kind.RESULT, {}, b"1"))
        theirs.close()
        channel.drain()
        assert len(frames) == 1
        assert ended.is_set()

    with_channel(act)
