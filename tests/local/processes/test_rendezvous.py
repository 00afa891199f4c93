"""Where workers come to that inherit no socket."""

import asyncio
import os
import socket
from contextlib import closing

import pytest

from tencentserverless.local.processes.rendezvous import Rendezvous


def at_a_meeting(act):
    """Run `act(meeting, connected, word)` on a loop; `connected()` is a connection to the meeting, on a thread."""

    async def main():
        with closing(Rendezvous()) as meeting:
            port, word = meeting.invitation.split()

            def connected():
                return socket.create_connection(("127.0.0.1", int(port)), 10)

            await act(meeting, connected, word)
            meeting.disconnect()

    asyncio.run(main())


def test_who_says_the_word():
    """Who says the word, in however many pieces, is the guest, with a connection that does not block and its own id."""

    async def act(meeting, connected, word):
        with connected() as theirs:
            theirs.sendall(word[:5])
            await asyncio.sleep(0)
            theirs.sendall(word[5:] + b" 12\n")
            guest = await asyncio.wait_for(meeting.guest, 10)
            assert (guest.pid, guest.channel.gettimeout()) == (12, 0.0)
            theirs.sendall(b"frames")
            assert await asyncio.get_running_loop().sock_recv(guest.channel, 100) == b"frames"

    at_a_meeting(act)


@pytest.mark.parametrize("said", [b"%b 1\n" % (b"0" * 32), b"\n", b"x" * 200, b"WORD\n", b"WORD pid\n", b""], ids=repr)
def test_who_does_not(said):
    """A wrong word, none, too much and an id that is none are sent away; who comes after them is heard."""

    async def act(meeting, connected, word):
        with connected() as stranger, connected() as worker:
            stranger.sendall(said.replace(b"WORD", word))
            stranger.shutdown(socket.SHUT_WR)
            with pytest.raises(ConnectionResetError) if len(said) > 100 else closing(stranger):
                assert await asyncio.to_thread(stranger.recv, 1) == b""
            assert not meeting.guest.done()
            worker.sendall(word + b" 3\n")
            assert (await asyncio.wait_for(meeting.guest, 10)).pid == 3

    at_a_meeting(act)


def test_one_guest_only():
    """Who says the word after another has said it is sent away."""

    async def act(meeting, connected, word):
        with connected() as first, connected() as second:
            first.sendall(word + b" 1\n")
            await asyncio.wait_for(meeting.guest, 10)
            second.sendall(word + b" 2\n")
            assert await asyncio.to_thread(second.recv, 1) == b""
            assert meeting.guest.result().pid == 1

    at_a_meeting(act)


def test_the_silent_keep_nobody_waiting():
    """Who says nothing does not hold up the worker, and loses its connection at the end of the meeting."""

    async def act(meeting, connected, word):
        with connected() as silent, connected() as worker:
            worker.sendall(word + b" 4\n")
            assert (await asyncio.wait_for(meeting.guest, 10)).pid == 4
            meeting.close()
            assert await asyncio.to_thread(silent.recv, 1) == b""

    at_a_meeting(act)


def test_the_word_is_another_each_time():
    """Two meetings have two ports and two words, and leave no descriptor open."""
    invitations = []

    async def act(meeting, *_):
        invitations.append(meeting.invitation.split())

    before = len(os.listdir("/proc/self/fd"))
    at_a_meeting(act)
    at_a_meeting(act)
    assert len(os.listdir("/proc/self/fd")) == before
    assert invitations[0][1] != invitations[1][1]
    assert len(invitations[0][1]) == 32
