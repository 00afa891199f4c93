"""The interface between an exchange, which decides, and a transport, which does the I/O.

An exchange is a generator. It yields effects. A transport performs each one and sends the answer into the generator, or
throws a `Fault` into it where the effect failed:

=======================  ==========================================================  =====================
effect                   the transport                                               answers
=======================  ==========================================================  =====================
`Open(origin, ...)`      takes a kept-alive connection or makes one                  None
`Write(data)`            hands all of `data` to the kernel                           None
`READ`                   waits for bytes                                             bytes, b"" at the end
`KEEP`                   keeps the connection for the next exchange                  None
`CLOSE`                  closes the connection                                       None
`Sleep(most, ...)`       waits between 0 and `most` seconds, drawn at random         a new `Moment`
=======================  ==========================================================  =====================

The transport owns the connection. If the exchange ends without `KEEP`, for whatever reason, the transport closes it.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional, Union

    from tencentserverless._protocol.identity import Identity


class Moment:
    """The outside world when an attempt begins: monotonic clock, wall clock (Unix time), credentials."""

    __slots__ = ("now", "wall", "identity")

    def __init__(self, now: float, wall: float, identity: "Identity") -> None:
        self.now = now
        self.wall = wall
        self.identity = identity


class Proxy:
    """An HTTP proxy on the way to an origin; `authorization` is the value of the Proxy-Authorization header."""

    __slots__ = ("scheme", "host", "port", "authorization")

    def __init__(self, scheme: str, host: str, port: int, authorization: "Optional[str]" = None) -> None:
        self.scheme = scheme
        self.host = host
        self.port = port
        self.authorization = authorization

    def __repr__(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"  # without the credentials

    def hide(self, data: bytes) -> bytes:
        """`data` without the credentials: a wrong server may send our request back."""
        return data.replace(self.authorization.encode("ascii"), b"***") if self.authorization else data


class Origin:
    """Where requests go: scheme, host and port, and the proxy on the way if there is one.

    `authority` is the value of the Host header. There is one object for each origin (`_settings` sees to that), and
    connections are pooled by its identity.
    """

    __slots__ = ("scheme", "host", "port", "authority", "proxy", "clock_offset")

    def __init__(self, scheme: str, host: str, port: int, authority: str, proxy: "Optional[Proxy]" = None) -> None:
        self.scheme = scheme
        self.host = host
        self.port = port
        self.authority = authority
        self.proxy = proxy
        self.clock_offset = 0.0  # seconds that the server's clock is ahead of ours; set when it refused a signature

    def __repr__(self) -> str:
        return f"{self.scheme}://{self.authority}"


class Open:
    """Take a connection to `origin`: a kept-alive one, or a new one.

    deadline: on the monotonic clock, None for no limit. It holds for the effects that follow too.
    fresh: take a new connection, never a kept-alive one.
    """

    __slots__ = ("origin", "deadline", "fresh")

    def __init__(self, origin: Origin, deadline: "Optional[float]", fresh: bool) -> None:
        self.origin = origin
        self.deadline = deadline
        self.fresh = fresh


class Write:
    """Hand all of `data` to the kernel.

    A memoryview, because tools that show the variables of a traceback would show bytes, and requests have a token.
    """

    __slots__ = ("data",)

    def __init__(self, data: bytes) -> None:
        self.data: "Any" = memoryview(data)


class Sleep:
    """Wait between 0 and `most` seconds, drawn at random, but not beyond `deadline` (monotonic)."""

    __slots__ = ("most", "deadline")

    def __init__(self, most: float, deadline: "Optional[float]") -> None:
        self.most = most
        self.deadline = deadline


class Signal:
    """An effect without arguments."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


READ = Signal("READ")
KEEP = Signal("KEEP")
CLOSE = Signal("CLOSE")

if TYPE_CHECKING:
    Effect = Union[Open, Write, Sleep, Signal]
    Answer = Union[None, bytes, Moment]


class Fault(Exception):
    """An effect failed. The transport throws it into the exchange; users never see it.

    phase: resolve, connect, proxy, tls, write, read or wait (for a free connection).
    reason: what went wrong, as text for people.
    deadline: True if the effect failed because the invocation's own deadline passed.
    final: True if trying again cannot help (a certificate that is not trusted).
    is_ours: True if something failed on this side. The other side may then still wait for the rest of the request.
    """

    def __init__(self, phase: str, reason: str, deadline: bool = False, final: bool = False) -> None:
        Exception.__init__(self, phase, reason)
        self.phase = phase
        self.reason = reason
        self.deadline = deadline
        self.final = final
        self.is_ours = False
