"""Hosts with several addresses: which one is tried first, and what a silent one costs."""

import contextlib
import errno
import socket
from time import monotonic

import pytest

from tencentserverless import exception as errors
from tencentserverless._transport.addresses import in_order
from tencentserverless._transport.route import MOST, Route
from tests.clients import KINDS, Driven, client_of
from tests.loopback import Server, answering, http, result

OK = http(result())
FOUR, SIX = socket.AF_INET, socket.AF_INET6
both = pytest.mark.parametrize("kind", KINDS)


def entry(family, address):
    """An entry of getaddrinfo."""
    return (family, socket.SOCK_STREAM, 6, "", address)


@contextlib.contextmanager
def silent(port):
    """An address of this machine that does not answer: a listener whose queue is full."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        try:
            listener.bind(("127.0.0.2", port))
        except OSError:
            pytest.skip("127.0.0.2 is not an address of this system")
        listener.listen(0)
        for _ in range(4):
            knocking = stack.enter_context(socket.socket())
            knocking.setblocking(False)
            knocking.connect_ex(("127.0.0.2", port))
        yield entry(FOUR, ("127.0.0.2", port))


def named(monkeypatch, *entries):
    """Give the name two.test these addresses."""
    resolve = socket.getaddrinfo

    def two(host, port, *rest, **options):
        if host != "two.test":
            return resolve(host, port, *rest, **options)
        if rest[-1:] == (socket.AI_NUMERICHOST,):
            raise socket.gaierror(socket.EAI_NONAME, "not a number")
        return list(entries)

    monkeypatch.setattr(socket, "getaddrinfo", two)


def test_families_take_turns():
    """The families take turns, beginning with the resolver's first; the address that answered last comes before all."""
    sixes = [entry(SIX, ("::%d" % number, 80, 0, 0)) for number in (1, 2, 3)]
    fours = [entry(FOUR, ("127.0.0.%d" % number, 80)) for number in (1, 2)]
    assert in_order(sixes + fours) == [sixes[0], fours[0], sixes[1], fours[1], sixes[2]]
    assert in_order(fours + sixes, ("127.0.0.2", 80))[:2] == [fours[1], fours[0]]
    assert in_order([]) == []


@both
def test_a_silent_address_costs_a_quarter_of_a_second_once(kind, monkeypatch):
    """Where the first address is silent, the second is tried soon, and comes first for the next connection."""
    with Server(answering(http(result(), "Connection: close\r\n"))) as server, silent(server.port) as first:
        named(monkeypatch, first, entry(FOUR, ("127.0.0.1", server.port)))
        with client_of(kind, f"http://two.test:{server.port}") as client:
            began = monotonic()
            assert client.invoke("f").value == "Hello World"
            assert 0.2 < monotonic() - began < 5  # the kernel would take minutes, the connect time-out 10 s
            route = (client.client if isinstance(client, Driven) else client)._transport().route
            assert route.answered("two.test", server.port) == ("127.0.0.1", server.port)
            monkeypatch.setattr(f"tencentserverless._transport.{kind}.race.DELAY", 15)
            assert client.invoke("f").value == "Hello World"
            assert monotonic() - began < 10


@both
def test_silent_addresses_alone_end_at_the_connect_timeout(kind, monkeypatch):
    """Where no address answers, the connect time-out ends the attempt, and nothing ran."""
    with Server(answering(OK)) as server, silent(server.port) as first:
        named(monkeypatch, first, first)
        with client_of(kind, f"http://two.test:{server.port}", connect_timeout=0.4) as client:
            with pytest.raises(errors.ConnectError) as caught:
                client.invoke("f")
    assert (caught.value.phase, caught.value.executed) == ("connect", "no")


@both
def test_a_family_that_this_system_does_not_have(kind, monkeypatch):
    """Where no socket of the first address's family can be made, the next address is used."""
    usual = socket.socket

    class WithoutSix(usual):
        def __init__(self, family=-1, *rest, **options):
            if family == SIX:
                raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")
            usual.__init__(self, family, *rest, **options)

    with Server(answering(OK)) as server:
        named(monkeypatch, entry(SIX, ("::1", server.port, 0, 0)), entry(FOUR, ("127.0.0.1", server.port)))
        monkeypatch.setattr(socket, "socket", WithoutSix)
        with client_of(kind, f"http://two.test:{server.port}") as client:
            assert client.invoke("f").value == "Hello World"


@both
def test_the_last_failure_of_all_addresses_is_told(kind, monkeypatch):
    """Where every address refuses, the ConnectError says so."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        named(monkeypatch, entry(FOUR, ("127.0.0.1", port)), entry(FOUR, ("127.0.0.2", port)))
        with client_of(kind, f"http://two.test:{port}") as client, pytest.raises(errors.ConnectError) as caught:
            client.invoke("f")
    assert isinstance(caught.value.__cause__, ConnectionRefusedError)
    assert f"connect: [Errno {errno.ECONNREFUSED}]" in str(caught.value)


def test_a_route_remembers_a_bounded_number_of_hosts():
    """However many hosts there are, few of them are remembered."""
    route = Route()
    for number in range(10 * MOST):
        route.keep_answered(f"host{number}", 443, "address")
        assert route.answered(f"host{number}", 443) == "address"
    assert len(route._answered) <= MOST
