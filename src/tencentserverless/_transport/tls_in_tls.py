"""TLS inside the TLS of an `https://` proxy, for blocking sockets: the `ssl` module cannot wrap a wrapped socket."""

import ssl

from tencentserverless._transport.tls_layer import TLSLayer

__tracebackhide__ = True  # from pytest: it shows the caller's frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Optional


class TLSInTLSSocket:
    """A TLS connection over an SSLSocket, with the methods of an SSLSocket that `blocking.connection` uses.

    left: the seconds that are left for the handshake, asked before each read and write; it raises if there are none.
    """

    def __init__(
        self,
        outer: ssl.SSLSocket,
        context: ssl.SSLContext,
        host: str,
        left: "Callable[[], float]",
        session: "Optional[ssl.SSLSession]" = None,
    ) -> None:
        self._outer = outer
        self._layer = TLSLayer(context, host, session)
        self._unsent = b""
        self._outer.setblocking(True)  # under eventlet a time-out alone does not make it wait again
        while True:
            self._outer.settimeout(left())
            self._outer.sendall(self._layer.shake_hands())
            if self._layer.is_ready:
                return
            self._outer.settimeout(left())
            self._layer.feed(self._outer.recv(65536))

    @property
    def session(self) -> "Optional[ssl.SSLSession]":
        return self._layer.session

    @property
    def is_over(self) -> bool:
        return self._layer.is_over

    def write(self, data: bytes) -> int:
        """Send all of `data`, or raise SSLWantWriteError. After that it must be called again with the same data."""
        if not self._unsent:
            self._unsent = self._layer.encrypt(data)
        self._flush()
        return len(data)

    def read(self, count: int) -> bytes:  # noqa: ARG002  # an SSLSocket has this argument; all that came is returned
        while True:
            data = self._layer.decrypt()
            if data or self._layer.is_over:
                return data
            self._layer.feed(self._outer.recv(65536))
            self._unsent += self._layer.unsent()
            self._flush()

    def _flush(self) -> None:
        while self._unsent:
            self._unsent = self._unsent[self._outer.send(self._unsent) :]

    def fileno(self) -> int:
        return self._outer.fileno()

    def setblocking(self, flag: bool) -> None:
        self._outer.setblocking(flag)

    def close(self) -> None:
        self._outer.close()
