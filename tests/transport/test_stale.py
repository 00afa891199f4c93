"""Servers close kept-alive connections at every moment that they can: ten thousand invocations find out."""

import asyncio
import os
import random
import select
import signal
import socket
import ssl
import subprocess
import sys
import threading
from time import sleep, time

import pytest

from tencentserverless import exception as errors
from tests.clients import KINDS, Driven, client_of
from tests.loopback import Server, answering, http, proxying, read_request, result
from tests.transport.cutter import Counting, reset

OK = http(result())
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
both = pytest.mark.parametrize("kind", KINDS)


def idle_of(client):
    """The bookkeeping of a client's idle connections."""
    if isinstance(client, Driven):
        return client.client._transport()._pools[client.loop].idle
    return client._transport().pool.idle


def await_the_close(client):
    """Wait until a close by the other side has arrived at every idle connection; False where one stays quiet."""
    connections = [entry[0] for entries in idle_of(client)._by_origin.values() for entry in entries]
    if isinstance(client, Driven):  # its event loop may have heard of it already
        connections = [stream for stream in connections if not stream._ended]
        socks = [stream._transport.get_extra_info("socket") for stream in connections]
    else:
        socks = [connection._sock for connection in connections]
    return all(select.select([sock], [], [], 20)[0] for sock in socks if sock.fileno() >= 0)


def end(connection):
    connection.shutdown(socket.SHUT_RDWR)


def cork(connection, on):
    """Keep back what is sent, so that it leaves in one segment, where the system can."""
    if hasattr(socket, "TCP_CORK"):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, on)


def say_goodbye(connection, said=int):
    """Close TLS and leave TCP open until the other side says something; `said` is called in between."""
    connection.setblocking(False)
    try:
        connection.unwrap()
    except ssl.SSLWantReadError:
        said()
        select.select([connection], [], [], 20)
    except ValueError:
        pass  # the test is over, and its server shut this connection down meanwhile


@both
@pytest.mark.parametrize("announced", [False, True])
@pytest.mark.parametrize(
    ("close", "tls"), [(end, False), (reset, False), (end, True), (reset, True), (say_goodbye, True)]
)
def test_closed_after_each_reply(kind, tls, announced, close, tries):
    """A connection closed after each reply costs no error, and each invocation runs once, where the close came in time.

    With and without `Connection: close`, by end and by reset, over TCP and TLS.
    """
    ran = []
    answer = http(result(), "Connection: close\r\n" if announced else "")

    def serve(connection, number):
        ran.append(read_request(connection))
        connection.sendall(answer)
        close(connection)

    with Server(serve, tls=tls) as server, client_of(kind, server.endpoint) as client:
        for number, _ in enumerate(tries(100 if tls else 300), 1):
            assert client.invoke("f", data=number).value == "Hello World"
            assert await_the_close(client)
            assert len(ran) == server.accepted == number


@both
@pytest.mark.parametrize("proxied", [False, True])
def test_a_goodbye_that_comes_with_the_answer(kind, proxied):
    """TLS that was closed in the same bytes that brought the answer is not used again, also inside a proxy's TLS."""
    counting = Counting(OK)

    def serve(connection, number):
        cork(connection, 1)
        counting.once(connection)
        say_goodbye(connection, lambda: cork(connection, 0))

    with Server(serve, tls=True) as server, Server(proxying([]), tls=True) as proxy:
        with client_of(kind, server.endpoint, proxy=proxy.endpoint if proxied else "") as client:
            for number in range(10):
                assert client.invoke("f", data=number).value == "Hello World"
    assert counting.ran == dict.fromkeys(range(10), 1)


@both
@pytest.mark.parametrize("tls", [False, True])
def test_closed_after_idle(kind, tls, tries):
    """A server that closes connections which were idle for a while costs no error, and each invocation runs once."""
    counting, numbers = Counting(OK), tries(100)

    def serve(connection, number):
        counting.once(connection)
        connection.settimeout(0.002)
        counting(connection, number)

    with Server(serve, tls=tls) as server, client_of(kind, server.endpoint) as client:
        for number in numbers:
            assert client.invoke("f", data=number).value == "Hello World"
            assert await_the_close(client)
    assert counting.ran == dict.fromkeys(numbers, 1)


def closing_at_random(counting, chance):
    """A `serve` that closes at any moment but before the first byte of a connection's first request."""

    def serve(connection, number):
        while True:
            moment = chance.random()
            if moment < 0.1:
                connection.recv(chance.randrange(1, 600))  # within a request
                return reset(connection) if moment < 0.05 else end(connection)
            request = read_request(connection)
            if request is None:
                return None
            counting.count(request[1])
            if moment < 0.15:
                return reset(connection)
            connection.sendall(OK[: chance.randrange(len(OK))] if moment < 0.2 else OK)
            if moment < 0.5:
                return reset(connection) if moment < 0.35 else end(connection)

    return serve


def judge(told, ran):
    """Each success was one execution; every other invocation says that it may have run, and ran once at most."""
    for event, outcome in told.items():
        executions = ran.get(event, 0)
        if isinstance(outcome, errors.TransportError):
            assert (outcome.executed, executions <= 1, bool(outcome.phase)) == ("maybe", True, True)
        else:
            assert (outcome.value, executions) == ("Hello World", 1)
    assert set(ran) <= set(told)
    assert len(told) / 5 < sum(isinstance(outcome, str) for outcome in told.values()) < len(told)


@both
def test_closed_at_random(kind, tries):
    """Whenever a server closes, an invocation succeeds and ran once, or says "maybe" and ran once at most."""
    counting, told, numbers = Counting(OK), {}, tries(2500)
    with Server(closing_at_random(counting, random.Random(20))) as server, client_of(kind, server.endpoint) as client:
        for number in numbers:
            try:
                told[number] = client.invoke("f", data=number)
            except errors.TransportError as error:
                told[number] = error
    assert list(told) == numbers
    judge(told, counting.ran)


def test_closed_at_random_under_eight_threads(tries):
    """The same holds where eight threads share the connections of a blocking client."""
    counting, told, numbers = Counting(OK), {}, tries(1000)

    def work(client, mine):
        for number in mine:
            try:
                told[number] = client.invoke("f", data=number)
            except errors.TransportError as error:
                told[number] = error

    serve = closing_at_random(counting, random.Random(21))
    with Server(serve) as server, client_of("blocking", server.endpoint) as client:
        threads = [threading.Thread(target=work, args=(client, numbers[first::8])) for first in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(told) == numbers
    judge(told, counting.ran)


def test_closed_at_random_under_eight_tasks(tries):
    """The same holds where eight tasks share the connections of an asyncio client."""
    counting, told, numbers = Counting(OK), {}, tries(1000)

    async def work(client, mine):
        for number in mine:
            try:
                told[number] = await client.invoke("f", data=number)
            except errors.TransportError as error:
                told[number] = error

    async def main(client):
        await asyncio.gather(*[work(client, numbers[first::8]) for first in range(8)])

    serve = closing_at_random(counting, random.Random(22))
    with Server(serve) as server, client_of("asyncio", server.endpoint) as driven:
        driven.run(main(driven.client))
    assert sorted(told) == numbers
    judge(told, counting.ran)


@both
def test_a_clock_that_jumped_retires_idle_connections(kind, monkeypatch):
    """After a machine slept for an hour, an idle connection that nobody closed is not used."""
    with Server(answering(OK)) as server, client_of(kind, server.endpoint) as client:
        assert client.invoke("f")
        assert client.invoke("f")
        assert server.accepted == 1
        monkeypatch.setattr(f"tencentserverless._transport.{kind}.pool.time", lambda: time() + 3600)
        assert client.invoke("f").value == "Hello World"
        assert server.accepted == 2


CHILD = """
import sys
from tests.clients import client_of
from tests.transport.test_stale import await_the_close, idle_of
kind, endpoint, most_idle = sys.argv[1:]
with client_of(kind, endpoint, timeout=5) as client:
    for line in sys.stdin:
        if line == "await\\n":
            print(await_the_close(client), flush=True)
        else:
            print(client.invoke("f", data=line).value, flush=True)
            idle_of(client).most_idle = float(most_idle)
"""


class Child:
    """A process with a client that does what it is told, line by line."""

    def __init__(self, kind, endpoint, most_idle=50.0):
        environ = dict(os.environ, PYTHONPATH=os.pathsep.join((os.path.join(ROOT, "src"), ROOT)))
        command = [sys.executable, "-c", CHILD, kind, endpoint, str(most_idle)]
        self.process = subprocess.Popen(command, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __enter__(self):
        return self

    def __exit__(self, *raised):
        self.process.kill()
        self.process.communicate()

    def told(self, line):
        self.process.stdin.write(line.encode("ascii") + b"\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().decode("ascii").strip()

    def stop(self):
        self.process.send_signal(signal.SIGSTOP)
        os.waitpid(self.process.pid, os.WUNTRACED)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)


can_stop = pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="this system cannot stop a process")


@both
@can_stop
def test_closed_while_the_process_was_stopped(kind):
    """A connection that is closed while the client's process is stopped costs no error once it goes on."""
    counting, close = Counting(OK), threading.Semaphore(0)

    def serve(connection, number):
        counting.once(connection)
        close.acquire()

    with Server(serve) as server, Child(kind, server.endpoint) as child:
        for number in range(5):
            assert child.told(str(number)) == "Hello World"
            child.stop()
            close.release()
            child.go_on()
            assert child.told("await") == "True"
        close.release()
    assert list(counting.ran.values()) == [1] * 5


@both
@can_stop
def test_a_process_that_was_stopped_past_the_idle_time(kind):
    """A process that was stopped for longer than a connection may be idle uses a new one: the old one may be dead."""
    counting = Counting(OK)

    def serve(connection, number):
        counting.once(connection)
        connection.recv(1)  # and no answer any more, as behind a gateway that forgot the connection

    with Server(serve) as server, Child(kind, server.endpoint, 0.2) as child:
        for number in range(3):
            assert child.told(str(number)) == "Hello World"
            child.stop()
            sleep(0.3)  # the time that passes is the fact
            child.go_on()
        assert child.told("3") == "Hello World"
        assert server.accepted == 4
    assert list(counting.ran.values()) == [1] * 4
