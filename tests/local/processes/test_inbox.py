"""Events on their way to a worker, over real sockets: packets in a queue, or frames down a stream."""

import asyncio
import socket
import threading

import pytest

from tencentserverless.local.processes.inbox import PACKET_BYTES, Events
from tests.local.process_table import needs_packets

LARGE = bytes(range(256)) * (3 * PACKET_BYTES // 256) + b"end"


def with_events(act, *, packets=True):
    """Run `act(events, the worker's end)` on a loop."""

    async def main():
        kind = socket.SOCK_SEQPACKET if packets else socket.SOCK_STREAM
        queue, theirs = socket.socketpair(socket.AF_UNIX, kind)
        queue.setblocking(False)
        other_end = theirs.dup() if packets else None
        events = Events(queue, other_end)
        await act(events, theirs)
        events.close()
        events.close()
        for end in (queue, theirs, other_end):
            if end is not None:
                end.close()

    asyncio.run(main())


def read(theirs, count):
    """So many bytes, on a thread, while the loop goes on."""

    def work():
        data = b""
        while len(data) < count:
            data += theirs.recv(1 << 18)
        return data

    return asyncio.to_thread(work)


@pytest.mark.parametrize("packets", [pytest.param(True, marks=needs_packets), False])
def test_large_frames(packets):
    """What the kernel does not take at once follows, in order, however large it is."""

    async def act(events, theirs):
        sent = [LARGE * 20, b"small", LARGE]
        for data in sent:
            events.send(data)
        assert await read(theirs, sum(map(len, sent))) == b"".join(sent)

    with_events(act, packets=packets)


@needs_packets
def test_a_small_frame_is_one_packet():
    """Who reads gets one frame at a time."""

    async def act(events, theirs):
        events.send(b"one")
        assert events.offer(b"two")
        assert [theirs.recv(1 << 18), theirs.recv(1 << 18)] == [b"one", b"two"]

    with_events(act)


@needs_packets
def test_taking_back():
    """What has not been taken comes back and is not to be read any more; what has been taken does not."""

    async def act(events, theirs):
        for data in (b"one", b"two", b"three"):
            assert events.offer(data)
        assert theirs.recv(100) == b"one"
        assert events.take_back() == [b"two", b"three"]
        assert events.take_back() == []
        events.send(b"four")
        assert theirs.recv(100) == b"four"

    with_events(act)


@needs_packets
def test_nobody_gets_what_another_has():
    """While a worker takes one after the other, each packet is either taken or comes back."""

    async def act(events, theirs):
        taken = []

        def work():
            while (data := theirs.recv(100)) != b"end":
                taken.append(data)

        thread = threading.Thread(target=work)
        thread.start()
        offered, back = [], []
        for number in range(3000):
            if events.offer(b"%d" % number):
                offered.append(b"%d" % number)
            if number % 7 == 0:
                back += events.take_back()
        back += events.take_back()
        events.send(b"end")
        await asyncio.to_thread(thread.join)
        assert sorted(taken + back) == sorted(offered)

    with_events(act)


@needs_packets
def test_what_is_not_handed_ahead():
    """A frame that is more than a packet, or one that the kernel has no room for, is not handed ahead."""

    async def act(events, theirs):
        assert not events.offer(LARGE)
        while events.offer(b"x" * PACKET_BYTES):
            pass
        events.send(LARGE)
        assert not events.offer(b"x")

    with_events(act)


def test_a_stream_takes_nothing_ahead():
    """Down a stream nothing can be taken back, so nothing is handed ahead."""

    async def act(events, _):
        assert not events.offer(b"x")
        assert events.take_back() == []

    with_events(act, packets=False)


@pytest.mark.parametrize("packets", [pytest.param(True, marks=needs_packets), False])
def test_a_worker_that_is_gone(packets):
    """Sending to nobody is no error: the channel tells of the end."""

    async def act(events, theirs):
        theirs.close()
        for _ in range(3):
            events.send(LARGE)

    with_events(act, packets=packets)
