"""One connection of the asyncio transport: reads and writes within a deadline.

asyncio sees plain TCP; TLS is done here, in memory. asyncio's own TLS is slower, and it does not say how much of a
request the kernel has taken, which decides whether the request may be sent again.
"""

import asyncio
import sys
from time import monotonic

from tencentserverless._protocol.effects import Fault
from tencentserverless._signals import pass_on
from tencentserverless._transport.faults import FAMILIES, fault_of, quietly
from tencentserverless._transport.readiness import Readiness

__tracebackhide__ = True  # from pytest: it shows the caller's frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, List, Optional, Union

    from tencentserverless._protocol.effects import Origin
    from tencentserverless._transport.asyncio.places import Places
    from tencentserverless._transport.route import Route
    from tencentserverless._transport.tls_layer import TLSLayer

_IS_WINDOWS = sys.platform == "win32"
_BUFFER_BYTES = 32768  # of our own buffer; without one, the event loop makes one of 256 KiB for every read
_MOST_UNREAD = 64  # reads; one that waits for an answer leaves none unread
_MOST_ROUNDS = 64  # of the event loop, until it has read what has come


class Connection(getattr(asyncio, "BufferedProtocol", asyncio.Protocol)):  # type: ignore[misc]  # 3.6 has no buffered one
    """One connection to an origin, used by one coroutine at a time.

    deadline: on the monotonic clock, None for no limit; it bounds every read and write.
    is_idle: no exchange uses it. is_paused: the kernel has not taken everything that was written.
    """

    def __init__(self, loop: "asyncio.AbstractEventLoop", origin: "Origin", places: "Places") -> None:
        self.origin = origin
        self.deadline: "Optional[float]" = None
        self.is_idle = False
        self.is_paused = False
        self.context: "Any" = None  # of TLS
        self._loop = loop
        self._places = places
        self._transport: "Any" = None
        self._sock: "Any" = None
        self._readiness: "Any" = None
        self._layers: "List[TLSLayer]" = []
        self._buffer = memoryview(bytearray(_BUFFER_BYTES))
        self._data: "List[bytes]" = []
        self._waiter: "Optional[asyncio.Future[bool]]" = None
        self._timer: "Optional[asyncio.TimerHandle]" = None
        self._timer_at = self._until = 0.0  # on the event loop's clock
        self._session_kept = False
        self._ended = False  # nothing more can be read
        self._lost = False  # nothing more can be written
        self._failure: "Optional[BaseException]" = None

    # Called by the event loop.

    def connection_made(self, transport: "Any") -> None:
        self._transport = transport

    def get_buffer(self, size_hint: int) -> memoryview:  # noqa: ARG002  # as asyncio calls it
        return self._buffer

    def buffer_updated(self, count: int) -> None:
        self.data_received(self._buffer[:count])

    def data_received(self, data: "Union[bytes, memoryview]") -> None:
        try:
            decrypted = self._decrypt(data)
        except FAMILIES as failure:
            self._failure = failure
        else:
            if decrypted:
                self._data.append(decrypted)
                if self.is_idle or len(self._data) > _MOST_UNREAD:  # not an answer: do not let it fill the memory
                    self._transport.abort()
        self._wake()

    def eof_received(self) -> bool:
        self._ended = True
        self._wake()
        return True  # asyncio closes otherwise, but sends its buffer first: bytes that we reported as not taken

    def connection_lost(self, failure: "Optional[BaseException]") -> None:
        self._ended = self._lost = True
        self._failure = self._failure or failure
        self._wake()

    def pause_writing(self) -> None:
        self.is_paused = True

    def resume_writing(self) -> None:
        self.is_paused = False
        self._wake()

    # Called by the transport of exchanges.

    def use(self, sock: "Any") -> None:
        """Read and write from now on, through the event loop that has `sock`."""
        # pause_writing is to be called as soon as the kernel is full
        self._transport.set_write_buffer_limits(high=0)
        self._sock = sock
        self._readiness = Readiness(sock)

    def write(self, data: bytes) -> None:
        """Hand `data` to the kernel. Afterwards `is_paused` says that the kernel has not taken all of it yet.

        A Fault means that it did not and will not take all of it.
        """
        self._check("write")
        if self._ended:  # closed before the first byte: the request is not sent
            raise self._fault("write")
        try:
            self._send(data, len(self._layers))
        except FAMILIES as error:
            raise fault_of("write", error) from error
        if self._transport.is_closing():  # a failed write closes the transport now and reports the reason later
            raise self._fault("write")

    async def drain(self) -> None:
        """Wait until the kernel has taken everything that was written."""
        while self.is_paused:
            await self._wait("write")
            if self._lost or self._failure is not None:
                raise self._fault("write")

    async def read(self) -> bytes:
        """The next bytes; b"" at the end of the connection."""
        while not self._data:
            if self._failure is not None:
                raise self._fault("read")
            if self._ended:
                return b""
            await self._wait("read")
        return self.take()

    def take(self) -> bytes:
        """The bytes that have come and are not read yet."""
        data = self._data[0] if len(self._data) == 1 else b"".join(self._data)
        self._data.clear()
        return data

    def is_quiet(self) -> bool:
        """Whether the other side has neither closed nor sent anything since the last answer."""
        try:
            if self._has_changed() or self._transport.is_closing():
                return False
            return _IS_WINDOWS or not self._readiness.is_readable()  # on Windows the event loop has read it already
        except FAMILIES as error:
            pass_on(error)
            return False

    async def settle(self) -> bool:
        """As `is_quiet`, once the event loop has read what has come. Session tickets of TLS 1.3 have no data in them;
        the first ones come right after the handshake."""
        for _ in range(_MOST_ROUNDS):
            if self._has_changed():
                return False
            await asyncio.sleep(0)
            if self.is_quiet():
                return True
        return False

    def _has_changed(self) -> bool:
        return self._ended or bool(self._data) or self._failure is not None

    def close(self) -> None:
        """Close the socket and give the place back. The second time it does nothing."""
        try:
            quietly(self._close)
        finally:
            self._places.give_back(self)

    def _close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._transport is not None:
            # A loop that was closed without closing its connections cannot do it any more.
            (self._sock.close if self._loop.is_closed() else self._transport.abort)()

    async def secure(self, layer: "TLSLayer") -> None:
        """Shake hands, then encrypt with `layer`, inside any earlier layers. Raises OSError, ValueError or Fault."""
        while True:
            self._send(layer.shake_hands(), len(self._layers))
            if layer.is_ready:
                break
            layer.feed(await self.read())
        self._layers.append(layer)

    def keep_session(self, route: "Route") -> None:
        """Remember the TLS session for the next handshake. With TLS 1.3 there is one after the first answer."""
        if self._layers and not self._session_kept:
            self._session_kept = True
            route.keep_session(self.origin, self.context, self._layers[-1].session)

    # Internal.

    def _decrypt(self, data: "Union[bytes, memoryview]") -> bytes:
        """Pass `data` up through all layers; b"" if they need more to decrypt anything. Raises OSError."""
        for number, layer in enumerate(self._layers):
            layer.feed(data)
            data = layer.decrypt()
            self._send(layer.unsent(), number)
            if layer.is_over:
                self._ended = True
            if not data:
                break
        return bytes(data)

    def _send(self, data: bytes, above: int) -> None:
        """Encrypt `data` with the layers below number `above` and write it."""
        if data:
            for layer in reversed(self._layers[:above]):
                data = layer.encrypt(data)
            self._transport.write(data)

    async def _wait(self, phase: str) -> None:
        """Wait until the event loop reports something. Raises the Fault of the deadline.

        The event loop's clock says that the deadline has passed: tests that freeze time may have stopped ours.
        """
        self._check(phase)
        self._waiter = waiter = self._loop.create_future()
        if self.deadline is not None:
            self._until = self._loop.time() + self.deadline - monotonic()
            self._set_alarm(self._until)
        try:
            is_over = await waiter
        finally:
            self._waiter = None
        if is_over:
            raise _too_late(phase)

    def _set_alarm(self, until: float) -> None:
        """Set the connection's timer; it has only one, because a timer for every wait costs too much.

        A timer that is already set for an earlier time stays, and sets itself again when it goes off.
        """
        if self._timer is not None:
            if self._timer_at <= until:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(until, self._alarm)
        self._timer_at = until

    def _alarm(self) -> None:
        self._timer = None
        if self._waiter is not None:
            if self._timer_at < self._until:
                self._set_alarm(self._until)
            else:
                self._wake(True)

    def _check(self, phase: str) -> None:
        if self.deadline is not None and monotonic() >= self.deadline:
            raise _too_late(phase)

    def _fault(self, phase: str) -> Fault:
        failure = self._failure
        fault = Fault(phase, str(failure or "") or "the connection ended")
        fault.__cause__ = failure
        return fault

    def _wake(self, is_over: bool = False) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(is_over)


def _too_late(phase: str) -> Fault:
    return Fault(phase, "no answer" if phase == "read" else "no time left", deadline=True)
