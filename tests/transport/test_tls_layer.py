"""What only TLS in memory can get wrong."""

import contextlib
import os
import socket
import ssl

import pytest

from tencentserverless import exception as errors
from tencentserverless._transport.tls_context import context
from tencentserverless._transport.tls_layer import TLSLayer
from tests.clients import KINDS, client_of
from tests.loopback import AUTHORITY, Server, http, read_request, result, tls_context


class Pair:
    """Our layer, connected to the server's side of TLS."""

    def __init__(self):
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.server = tls_context().wrap_bio(self._incoming, self._outgoing, server_side=True)
        self.layer = TLSLayer(context(AUTHORITY), "127.0.0.1")
        while not self.layer.is_ready:
            self._incoming.write(self.layer.shake_hands())
            with contextlib.suppress(ssl.SSLWantReadError):
                self.server.do_handshake()
            if self._outgoing.pending:
                self.layer.feed(self._outgoing.read())

    def say(self, data):
        """What the server sends, encrypted."""
        self.server.write(data)
        return self._outgoing.read()

    def end(self):
        """What the server sends to end the connection."""
        with contextlib.suppress(ssl.SSLError):  # it would wait for our answer
            self.server.unwrap()
        return self._outgoing.read()


def test_an_end_that_comes_with_the_last_data_is_seen():
    """An end of TLS that arrives together with data is not lost: nobody will use that connection again."""
    pair = Pair()
    pair.layer.feed(pair.say(b"answer") + pair.end())
    assert pair.layer.decrypt() == b"answer"
    assert pair.layer.is_over


@pytest.mark.parametrize("size", [1, 16384, 16385, 100000])
def test_data_is_whole_however_it_is_cut(size):
    """What the server said comes out whole, at once or byte by byte, and never ends by itself."""
    pair = Pair()
    said, data = pair.say(b"x" * size), b""
    pair.layer.feed(said)
    assert pair.layer.decrypt() == b"x" * size
    said = pair.say(b"y" * size)
    for start in range(0, len(said), 997):
        pair.layer.feed(said[start : start + 997])
        data += pair.layer.decrypt()
    assert data == b"y" * size
    assert not pair.layer.is_over


@pytest.mark.parametrize("kind", KINDS)
def test_bytes_beside_the_encryption_are_no_answer(kind):
    """An answer that somebody puts on the wire unencrypted, in the midst of a TLS connection, is not believed."""

    def serve(connection, number):
        read_request(connection)
        connection.sendall(http(result()))  # what TLS has to say by itself goes with the first answer
        read_request(connection)
        with socket.socket(fileno=os.dup(connection.fileno())) as wire:
            wire.sendall(http(result()))
        read_request(connection)

    with Server(serve, tls=True) as server, client_of(kind, server.endpoint) as client:
        client.invoke("f")
        with pytest.raises(errors.TransportError) as caught:
            client.invoke("f")
    assert (caught.value.phase, caught.value.executed) == ("read", "maybe")
