"""What is particular to one of the surroundings of the client; tests/house/test_matrix.py has what holds in all.

Each program runs in a process of its own, in an environment that has the packages of constraints/surroundings.txt.
"""

import os
import sys
import textwrap

import pytest

from tests import environments
from tests.environments import CONSTRAINTS, ROOT, environment

VERSION = f"{sys.version_info[0]}.{sys.version_info[1]}"
PATHS = os.pathsep.join((str(ROOT / "src"), str(ROOT)))

BEGIN = """
import json, socket, sys, threading
from tests.loopback import AUTHORITY, KEYS, Server, answering, http, read_request, relay, result
from tencentserverless import exception as errors
from tencentserverless.scf import Client

def echo(head, body):
    return http(result(json.loads(body.decode("utf-8")).get("ClientContext", "null")))

def client(server, kind=Client, **settings):
    return kind(endpoint=server.endpoint, ca_file=AUTHORITY, **dict(KEYS, timeout=20, **settings))

def places(client):
    pool = client._transport().pool
    return len(pool.places), len(pool.idle)
"""


def says(program, first=""):
    """What a program prints; it must succeed and warn of nothing."""
    python = environment(VERSION, "surroundings", "--no-deps", "-r", CONSTRAINTS / "surroundings.txt")
    text = first + BEGIN + textwrap.dedent(program)
    code, output, told = environments.run(python, "-c", text, PYTHONPATH=PATHS)
    assert code == 0, output + told
    assert "Traceback" not in told, told
    return output.strip()


GEVENT = "import gevent.monkey; gevent.monkey.patch_all()\n"
BROKEN_OFF = """
import random
import gevent

with Server(answering(echo)) as server, client(server, max_connections=3) as scf:
    broken_off = wrong = 0
    def work(seed):
        global broken_off, wrong
        chance = random.Random(seed)
        for number in range(125):
            try:
                with gevent.Timeout(chance.choice([0.000001, chance.uniform(0, 0.01), 20])):
                    wrong += scf.invoke("f", data=[seed, number]).value != [seed, number]
            except gevent.Timeout:
                broken_off += 1
    gevent.joinall([gevent.spawn(work, seed) for seed in range(4)], raise_error=True)
    total, idle = places(scf)
    print(broken_off > 50, wrong, total == idle, scf.invoke("f", data=1).value)
"""


@pytest.mark.parametrize("first", [GEVENT, "import tencentserverless.scf\n" + GEVENT])
def test_gevent_timeouts_cost_no_place(first):
    """Five hundred invocations under gevent, many broken off by its Timeout, lose no place and mix up no answer."""
    assert says(BROKEN_OFF, first).split() == ["True", "0", "True", "1"]


def test_pysocks():
    """With PySocks in the place of `socket.socket`, the blocking client goes through its SOCKS proxy."""
    program = """
        import struct, socks
        usual, asked = socket.socket, []

        def proxy(connection, number):
            connection.recv(3)
            connection.sendall(b"\\5\\0")
            connection.recv(4)
            host, port = socket.inet_ntoa(connection.recv(4)), struct.unpack("!H", connection.recv(2))[0]
            asked.append(port)
            target = usual()
            target.connect((host, port))
            connection.sendall(b"\\5\\0\\0\\1" + bytes(6))
            relay(connection, target)
            target.close()

        with Server(answering(echo)) as server, Server(proxy) as between:
            socks.set_default_proxy(socks.SOCKS5, "127.0.0.1", between.port)
            socket.socket = socks.socksocket
            with client(server) as scf:
                print([scf.invoke("f", data=number).value for number in range(3)] == [0, 1, 2])
                print(len(scf.invoke("f", data="x" * 2000000).value), asked == [server.port])
            socket.socket = usual
    """
    assert says(program).split() == ["True", "2000000", "True"]


def test_a_frozen_clock():
    """Where freezegun has stopped the clock, a silent server still ends at the deadline."""
    program = """
        import asyncio, freezegun
        from tencentserverless.aio import AsyncClient

        def serve(connection, number):
            read_request(connection)
            connection.recv(1)

        with Server(serve) as server:
            with freezegun.freeze_time("2024-01-01"):
                try:
                    client(server).invoke("f", timeout=0.3)
                except errors.InvokeTimeoutError as error:
                    print(error.executed)
            with freezegun.freeze_time("2024-01-01", real_asyncio=True):
                try:
                    asyncio.run(client(server, AsyncClient).invoke("f", timeout=0.3))
                except errors.InvokeTimeoutError as error:
                    print(error.executed)
    """
    assert says(program).split() == ["maybe", "maybe"]


def test_a_finalizer_at_the_very_end():
    """In a finalizer that runs when nothing can be imported any more, an error of ours comes out."""
    program = """
        import os

        class Last:
            def __init__(self):
                self.client = Client(endpoint="http://127.0.0.1:9", **KEYS)
                self.error, self.write = errors.ServerlessError, os.write

            def __del__(self):
                try:
                    self.client.invoke("f", timeout=1)
                except self.error as error:
                    self.write(1, error.executed.encode("ascii"))

        last = Last()
    """
    assert says(program) == "no"


def test_one_client_in_two_event_loops():
    """A client that event loops in two threads use in turns keeps one connection in each, until the loops end."""
    program = """
        import asyncio
        from tencentserverless.aio import AsyncClient

        with Server(answering(echo)) as server:
            scf = client(server, AsyncClient)
            loops = [asyncio.new_event_loop() for _ in range(2)]
            threads = [threading.Thread(target=loop.run_forever) for loop in loops]
            for thread in threads:
                thread.start()
            async def call(number):
                return (await scf.invoke("f", data=number)).value
            values = [asyncio.run_coroutine_threadsafe(call(n), loops[n % 2]).result(20) for n in range(40)]
            print(values == list(range(40)), server.accepted)
            for loop, thread in zip(loops, threads):
                asyncio.run_coroutine_threadsafe(loop.shutdown_asyncgens(), loop).result(20)
                loop.call_soon_threadsafe(loop.stop)
                thread.join(20)
                loop.close()
            print(asyncio.run(call(1)), len(scf._transport()._pools))
    """
    assert says(program).split() == ["True", "2", "1", "1"]
