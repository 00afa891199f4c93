"""What only a connection of the asyncio transport can get wrong."""

import threading

import pytest

from tencentserverless import exception as errors
from tests.clients import Driven
from tests.loopback import AUTHORITY, KEYS, Server


@pytest.mark.parametrize("tls", [False, True])
def test_a_server_that_talks_and_does_not_listen_is_cut_off(tls):
    """A server that sends without end while a large request is being written fills no memory: it is hung up on."""
    cut = threading.Event()

    def serve(connection, number):
        try:
            while True:
                connection.sendall(b"x" * 65536)
        except OSError:
            cut.set()

    with Server(serve, tls=tls) as server:
        with Driven(endpoint=server.endpoint, ca_file=AUTHORITY, timeout=20, **KEYS) as driven:
            with pytest.raises(errors.TransportError) as caught:
                driven.invoke("f", data="x" * 6000000)
        assert cut.wait(20)
    assert not isinstance(caught.value, errors.InvokeTimeoutError)
