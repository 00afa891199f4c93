"""The blocking transport against real servers on loopback."""

import os
import threading
import warnings

import pytest

from tencentserverless import exception as errors
from tencentserverless import scf as scf_module
from tencentserverless.scf import Client
from tests.loopback import AUTHORITY, KEYS, Server, answering, http, read_request, result

OK = http(result())


def client(server, **settings):
    """A client of this server."""
    settings.setdefault("timeout", 20)
    return Client(endpoint=server.endpoint, ca_file=AUTHORITY, **dict(KEYS, **settings))


def test_fifty_threads_get_their_own_answers():
    """Fifty threads that share a client each get the answers to their own events."""

    def echo(head, body):
        return http(result(body[body.index(b'"ClientContext": ') + 18 : -2].decode("ascii")))

    wrong = []

    def work(scf, thread):
        for turn in range(20):
            if scf.invoke("f", data=[thread, turn]).value != [thread, turn]:
                wrong.append((thread, turn))

    with Server(answering(echo)) as server, client(server) as scf:
        threads = [threading.Thread(target=work, args=(scf, number)) for number in range(50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not wrong
        assert server.accepted <= 50


def test_connections_never_exceed_the_maximum():
    """With max_connections=2, eight threads are served over two connections."""
    with Server(answering(OK)) as server, client(server, max_connections=2) as scf:
        threads = [threading.Thread(target=lambda: [scf.invoke("f") for _ in range(25)]) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert server.accepted <= 2


def test_an_idle_connection_gives_its_place_to_another_origin():
    """Where every place is taken, an idle connection to one origin is closed for another one."""
    with Server(answering(OK)) as one, Server(answering(OK)) as other, client(one, max_connections=1) as scf:
        assert scf.invoke("f")
        scf._endpoint = other.endpoint
        assert scf.invoke("f")
        assert (one.accepted, other.accepted) == (1, 1)


def test_waiting_for_a_free_connection_is_bounded_by_the_deadline():
    """An invocation that finds every connection in use gives up at its deadline, and never ran."""
    held, release = threading.Event(), threading.Event()

    def serve(connection, number):
        read_request(connection)
        held.set()
        release.wait(20)
        connection.sendall(OK)

    with Server(serve) as server, client(server, max_connections=1) as scf:
        first = threading.Thread(target=scf.invoke, args=("f",))
        first.start()
        held.wait(20)
        with pytest.raises(errors.InvokeTimeoutError) as caught:
            scf.invoke("f", timeout=0.1)
        release.set()
        first.join()
    assert (caught.value.executed, caught.value.phase) == ("no", "wait")


def test_a_child_process_does_not_use_what_it_inherited():
    """After a fork, parent and child each use connections of their own."""
    if not hasattr(os, "fork"):
        pytest.skip("this system has no fork")
    with Server(answering(OK)) as server, client(server) as scf:
        assert scf.invoke("f")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # the server's threads stay behind, and may
            child = os.fork()
        if child == 0:
            os._exit(0 if scf.invoke("f").value == "Hello World" else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert scf.invoke("f")
        assert server.accepted == 2


@pytest.mark.skipif(not hasattr(os, "register_at_fork"), reason="needs forks and Python 3.7")
def test_a_child_does_not_close_what_is_not_its_own(tmp_path):
    """A child that closes every descriptor, as daemons do, and opens a file has this file also after an invocation."""
    with Server(answering(OK)) as server, client(server) as scf:
        scf.invoke("f")
        (((held, _, _),),) = scf._transport().pool.idle._by_origin.values()
        number = held.sock.fileno()
        child = os.fork()
        if child == 0:
            os.closerange(number, number + 1)
            os.dup2(os.open(str(tmp_path / "log"), os.O_CREAT | os.O_WRONLY), number)
            scf.invoke("f")
            os._exit(os.write(number, b"x") != 1)
        assert os.waitpid(child, 0)[1] == 0


def test_connecting_ahead_without_another_thread(monkeypatch):
    """Where no thread can be had, as in a subinterpreter, `connect` does nothing, and the invocation connects."""

    def fail(*arguments, **options):
        raise RuntimeError("daemon threads are disabled in this (sub)interpreter")

    with Server(answering(OK)) as server, client(server) as scf:
        with monkeypatch.context() as patched:
            patched.setattr(threading, "Thread", fail)
            scf.connect()
        assert scf.invoke("f").value == "Hello World"


def test_a_private_transport_is_closed_at_the_end_of_with():
    """`with Client()` closes its connections at the end, and the client works on afterwards."""
    ended = threading.Event()

    def serve(connection, number):
        answering(OK)(connection, number)
        ended.set()

    with Server(serve) as server:
        with client(server) as scf:
            assert scf.invoke("f")
        assert ended.wait(20)
        assert scf.invoke("f").value == "Hello World"


def test_clients_share_connections():
    """Clients with the same connection settings share kept-alive connections, whatever their credentials."""
    with Server(answering(OK)) as server:
        for number in range(10):
            assert Client("ap-chengdu", f"AKID{number}", "key", endpoint=server.endpoint).invoke("f")
        assert server.accepted == 1


def test_the_repr_of_a_transport_tells_its_state():
    """A transport says how many connections it has, and how many are idle."""
    with Server(answering(OK)) as server, client(server) as scf:
        scf.invoke("f")
        assert repr(scf._transport()) == "<1 connections, 1 of them idle, at most 256>"


def test_a_thousand_calls_of_the_function_open_one_connection():
    """A thousand calls of `scf.invoke` travel on one connection."""
    with Server(answering(OK)) as server:
        for number in range(1000):
            assert scf_module.invoke("f", endpoint=server.endpoint, data=number, **KEYS).value == "Hello World"
        assert server.accepted == 1
