"""Connects to the first address of a host that answers (RFC 8305, section 5)."""

import errno
import os
import socket

from tencentserverless._transport.addresses import DELAY
from tencentserverless._transport.faults import FAMILIES, fault_of, quietly
from tencentserverless._transport.readiness import is_any_writable

__tracebackhide__ = True  # from pytest: it shows the caller's frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List

    from tencentserverless._protocol.effects import Fault
    from tencentserverless._transport.addresses import Address

_UNDER_WAY = (0, errno.EINPROGRESS, errno.EWOULDBLOCK, getattr(errno, "WSAEWOULDBLOCK", 0))


class Race:
    """Attempts to connect, each begun when the one before has failed or was silent for a quarter of a second.

    left: the seconds that are left for all; it raises a Fault if there are none. too_late: makes that Fault.
    """

    def __init__(
        self, addresses: "List[Address]", left: "Callable[[], float]", too_late: "Callable[[], Fault]"
    ) -> None:
        self._addresses = list(addresses)
        self._left = left
        self._too_late = too_late
        self._trying: "Dict[Any, Any]" = {}  # the address of each socket
        self._failure = too_late()

    def run(self, use: "Callable[[Any], None]") -> "Any":
        """Hand the connected socket to `use`, and return its address. Raises the Fault of the address that failed last.

        A race that is broken off closes all of its sockets. So the winner stays one of them until it is in other hands.
        """
        try:
            while self._addresses or self._trying:
                self._begin_next()
                winner = self._wait()
                if winner is not None:
                    use(winner)
                    return self._trying.pop(winner)
            raise self._failure
        finally:
            for sock in self._trying:
                quietly(sock.close)

    def _begin_next(self) -> None:
        """Begin to connect to the next address. An address that fails at once is passed over."""
        while self._addresses:
            family, kind, protocol, _, address = self._addresses.pop(0)
            sock: "Any" = None
            try:
                sock = socket.socket(family, kind, protocol)
                self._trying[sock] = address
                self._connect(sock, address)
                return
            except FAMILIES as error:
                self._fail(sock, error)

    def _connect(self, sock: "Any", address: "Any") -> None:
        if hasattr(sock, "set_proxy"):  # PySocks in the place of `socket.socket`: it talks to its proxy meanwhile
            sock.settimeout(self._left() / (len(self._addresses) + 1))
            sock.connect(address)
            return
        sock.setblocking(False)
        code = sock.connect_ex(address)
        if code not in _UNDER_WAY:
            raise OSError(code, os.strerror(code))

    def _wait(self) -> "Any":
        """The socket that is connected; None if another address has to be tried, or all have failed."""
        while self._trying:
            left = self._left()
            if not is_any_writable(list(self._trying), min(DELAY, left) if self._addresses else left):
                if self._addresses:
                    return None
                raise self._too_late()
            for sock in list(self._trying):
                if is_any_writable([sock], 0) and self._is_connected(sock):
                    return sock
            if self._addresses:
                return None
        return None

    def _is_connected(self, sock: "Any") -> bool:
        """Whether a socket that is ready is connected; a failed one is closed."""
        try:
            code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code:
                raise OSError(code, os.strerror(code))
        except FAMILIES as error:
            self._fail(sock, error)
            return False
        return True

    def _fail(self, sock: "Any", error: BaseException) -> None:
        self._failure = self._too_late() if isinstance(error, socket.timeout) else fault_of("connect", error)
        if sock is not None:
            self._trying.pop(sock, None)
            quietly(sock.close)
