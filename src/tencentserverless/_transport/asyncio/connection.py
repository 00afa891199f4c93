"""One connection on an asyncio event loop: plain TCP, with TLS on top in memory.

asyncio's own TLS does not tell how much of a request the kernel took, and is slower.
"""

import asyncio
import sys
from time import monotonic

from tencentserverless._protocol.effects import READ, Fault
from tencentserverless._protocol.tunnel import tunnel
from tencentserverless._transport.readiness import Readiness
from tencentserverless._transport.socket_options import set_options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, List, Optional, Union

    from tencentserverless._protocol.effects import Origin
    from tencentserverless._transport.route import Route
    from tencentserverless._transport.tls_layer import TLSLayer

_IS_WINDOWS = sys.platform == "win32"
_BUFFER_BYTES = 32768  # ours, because the event loop would make one of 256 KiB for every read
_MOST_UNREAD = 64  # reads; who waits for an answer takes each as it comes


class Connection(getattr(asyncio, "BufferedProtocol", asyncio.Protocol)):  # type: ignore[misc]  # 3.6 has no buffered one
    """Reads and writes within `deadline` (monotonic, or None), one coroutine at a time."""

    def __init__(self, loop: "asyncio.AbstractEventLoop", origin: "Origin") -> None:
        self.origin = origin
        self.deadline = None  # type: Optional[float]
        self.is_idle = False
        self.is_paused = False  # the kernel has not taken everything
        self._loop = loop
        self._transport = None  # type: Any
        self._wait_for = None  # type: Any
        self._layers = []  # type: List[TLSLayer]
        self._buffer = memoryview(bytearray(_BUFFER_BYTES))
        self._data = []  # type: List[bytes]
        self._waiter = None  # type: Optional[asyncio.Future[None]]
        self._timer = None  # type: Optional[asyncio.TimerHandle]
        self._timer_at = 0.0
        self._session_kept = False
        self._ended = False  # nothing more will come
        self._lost = False  # nothing more will go
        self._failure = None  # type: Optional[BaseException]

    # what the event loop calls

    def connection_made(self, transport: "Any") -> None:
        self._transport = transport
        transport.set_write_buffer_limits(high=0)  # paused means that the kernel has not taken everything
        sock = transport.get_extra_info("socket")
        set_options(sock)
        self._wait_for = Readiness(sock)

    def get_buffer(self, size_hint: int) -> memoryview:  # noqa: ARG002  # as asyncio calls it
        return self._buffer

    def buffer_updated(self, count: int) -> None:
        self.data_received(self._buffer[:count])

    def data_received(self, data: "Union[bytes, memoryview]") -> None:
        try:
            decrypted = self._decrypt(data)
        except OSError as failure:
            self._failure = failure
        else:
            if decrypted:
                self._data.append(decrypted)
                if self.is_idle or len(self._data) > _MOST_UNREAD:  # nobody asked for it: do not let it pile up
                    self._transport.abort()
        self._wake()

    def eof_received(self) -> bool:
        self._ended = True
        self._wake()
        return True  # closing here would go on sending what it holds, after we said that it was not taken

    def connection_lost(self, failure: "Optional[BaseException]") -> None:
        self._ended = self._lost = True
        self._failure = self._failure or failure
        self._wake()

    def pause_writing(self) -> None:
        self.is_paused = True

    def resume_writing(self) -> None:
        self.is_paused = False
        self._wake()

    # what the transport of exchanges calls

    def write(self, data: bytes) -> None:
        """Hand `data` to the kernel, all of it unless `is_paused` then. A Fault means that some of it was not taken."""
        self._check("write")
        if self._ended:  # since it was taken: nothing has left, so nothing is lost
            raise self._fault("write")
        self._send(data, len(self._layers))
        if self._transport.is_closing():  # a write that fails closes at once and tells later
            raise self._fault("write")

    async def drain(self) -> None:
        """Wait until the kernel has taken the rest of what was written."""
        while self.is_paused:
            await self._wait("write")
            if self._lost or self._failure is not None:
                raise self._fault("write")

    async def read(self) -> bytes:
        """The bytes that come next; b"" at the end of the connection."""
        while not self._data:
            if self._failure is not None:
                raise self._fault("read")
            if self._ended:
                return b""
            await self._wait("read")
        return self.take()

    def take(self) -> bytes:
        """What came and was not read yet."""
        data = self._data[0] if len(self._data) == 1 else b"".join(self._data)
        self._data.clear()
        return data

    def is_quiet(self) -> bool:
        """Whether the other side has neither closed nor said anything since the last answer."""
        if self._ended or self._data or self._failure is not None or self._transport.is_closing():
            return False
        return _IS_WINDOWS or not self._wait_for.is_readable()  # its event loop reads before we could

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._transport is not None and not self._loop.is_closed():
            self._transport.abort()

    async def secure(self, layer: "TLSLayer") -> None:
        """Shake hands, and put `layer` on top of what is there. Raises OSError, ValueError or Fault."""
        while True:
            self._send(layer.shake_hands(), len(self._layers))
            if layer.is_ready:
                break
            layer.feed(await self.read())
        self._layers.append(layer)

    async def tunnel(self) -> None:
        """Ask the proxy at the other end for a connection to the origin."""
        steps = tunnel(self.origin)
        try:
            effect = next(steps)  # type: Any
            while True:
                answer = None
                try:
                    if effect is READ:
                        answer = await self.read()
                    else:
                        self.write(effect.data)
                        await self.drain()
                except Fault as fault:
                    effect = steps.throw(fault)
                else:
                    effect = steps.send(answer)
        except StopIteration:
            return

    def keep_session(self, route: "Route") -> None:
        """Remember the TLS session for the next handshake; on TLS 1.3 it is there after the first answer."""
        if self._layers and not self._session_kept:
            self._session_kept = True
            session = self._layers[-1].session
            if session is not None:
                route.sessions[self.origin] = session

    # in between

    def _decrypt(self, data: "Union[bytes, memoryview]") -> bytes:
        """What the layers make of `data`; b"" where they need more. Raises OSError."""
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
        """Encrypt `data` by the layers below number `above` and hand it over."""
        if data:
            for layer in reversed(self._layers[:above]):
                data = layer.encrypt(data)
            self._transport.write(data)

    async def _wait(self, phase: str) -> None:
        """Wait until something happens, or raise the Fault of the deadline."""
        self._check(phase)
        self._waiter = waiter = self._loop.create_future()
        if self.deadline is not None:
            self._set_alarm(self.deadline)
        try:
            await waiter
        finally:
            self._waiter = None

    def _set_alarm(self, deadline: float) -> None:
        """One timer for a connection: an earlier one that goes off in between is set anew, a later one is replaced."""
        if self._timer is not None:
            if self._timer_at <= deadline:
                return
            self._timer.cancel()
        self._timer = self._loop.call_later(deadline - monotonic(), self._alarm)
        self._timer_at = deadline

    def _alarm(self) -> None:
        self._timer = None
        if self._waiter is not None and self.deadline is not None:
            if monotonic() < self.deadline:
                self._set_alarm(self.deadline)
            else:
                self._wake()

    def _check(self, phase: str) -> None:
        if self.deadline is not None and monotonic() >= self.deadline:
            raise Fault(phase, "no answer" if phase == "read" else "no time left", deadline=True)

    def _fault(self, phase: str) -> Fault:
        failure = self._failure
        fault = Fault(phase, str(failure or "") or "the connection ended")
        fault.__cause__ = failure
        return fault

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
