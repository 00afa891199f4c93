"""Frames over a real socket on a real event loop."""

import asyncio
import select
import socket
import sys

import pytest

from tencentserverless.local.processes.channel import Channel
from tencentserverless.local.processes.frames import Kind, encode


def with_channel(act):
    """Run `act(channel, other end, frames, ended)` on a loop."""

    async def main():
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        theirs.settimeout(10)
        frames, ended = [], asyncio.Event()

        def on_end(is_unread):
            ended.is_unread = is_unread
            ended.set()

        channel = Channel(ours, frames.extend, on_end)
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


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a reset does not say that something was unread")
@pytest.mark.parametrize(("sent", "read", "is_unread"), [(10, 10, False), (10, 0, True), (6 << 20, 1 << 16, True)])
def test_whether_the_last_frame_was_read(sent, read, is_unread):
    """The end tells whether the other side has read the last frame whole, sent whole or not."""

    async def act(channel, theirs, frames, ended):
        channel.send(b"x" * sent)
        while read and len(theirs.recv(read, socket.MSG_PEEK)) < min(read, sent):
            await asyncio.sleep(0)
        if read:
            theirs.recv(read)
        theirs.close()
        await asyncio.wait_for(ended.wait(), 10)
        assert ended.is_unread is is_unread

    with_channel(act)


def test_large_frames():
    """A frame that the kernel does not take at once arrives whole, while the loop does other things."""

    async def act(channel, theirs, frames, ended):
        data = bytes(range(256)) * (3 << 12)
        channel.send(data)
        got = bytearray()
        while len(got) < len(data):
            got += theirs.recv(1 << 16, socket.MSG_DONTWAIT) if can_read(theirs) else b""
            await asyncio.sleep(0)
        assert got == data

    with_channel(act)


def test_an_answer_before_the_question():
    """A frame that comes while another one is being sent ends the channel: no worker answers what it has not read."""

    async def act(channel, theirs, frames, ended):
        channel.send(b"x" * (6 << 20))
        theirs.sendall(encode(Kind.RESULT, {}, b"1"))
        await asyncio.wait_for(ended.wait(), 10)
        assert (frames, ended.is_unread) == ([], False)

    with_channel(act)


def can_read(connection):
    return bool(select.select([connection], [], [], 0)[0])
