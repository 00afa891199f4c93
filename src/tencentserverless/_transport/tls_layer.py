"""TLS on bytes in memory, for asyncio connections, which move the bytes themselves, and for TLS inside TLS."""

import ssl

from tencentserverless._forks import no_fork

__tracebackhide__ = True  # from pytest: it shows the caller's frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import List, Optional, Union

_RECORD = 16384  # bytes; one TLS record holds at most this, and so does one read


class TLSLayer:
    """The client's side of one TLS connection. The bytes to send are returned by its methods.

    is_ready: the handshake is over. is_over: the other side has ended the connection.
    """

    def __init__(self, context: ssl.SSLContext, host: str, session: "Optional[ssl.SSLSession]" = None) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._object = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host, session=session)
        self.is_ready = False
        self.is_over = False

    @property
    def session(self) -> "Optional[ssl.SSLSession]":
        return self._object.session

    def feed(self, data: "Union[bytes, memoryview]") -> None:
        """Take bytes from the other side; b"" if there will be no more."""
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()

    def shake_hands(self) -> bytes:
        """Continue the handshake and return the bytes to send. `is_ready` says whether it is over. Raises SSLError."""
        try:
            with no_fork:
                self._object.do_handshake()
            self.is_ready = True
        except ssl.SSLWantReadError:
            pass
        return self._outgoing.read()

    def encrypt(self, data: bytes) -> bytes:
        sent = self._object.write(data)
        while sent < len(data):
            sent += self._object.write(memoryview(data)[sent:])
        return self._outgoing.read()

    def decrypt(self) -> bytes:
        """The decrypted bytes that have come; b"" if there are none yet. `is_over` says whether more can come."""
        parts: "List[bytes]" = []
        try:
            # Look before the next read: a read without data raises, which costs more than the look.
            while not parts or self._incoming.pending or self._object.pending():
                with no_fork:  # OpenSSL takes locks for sessions and new keys
                    part = self._object.read(_RECORD)
                if not part:
                    self.is_over = True
                    break
                parts.append(part)
        except ssl.SSLWantReadError:
            pass
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            self.is_over = True
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def unsent(self) -> bytes:
        """Bytes that TLS itself wants to send, such as answers to key updates."""
        return self._outgoing.read() if self._outgoing.pending else b""
