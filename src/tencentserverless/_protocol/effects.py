"""The words that an exchange and a transport speak with each other.

An exchange is a generator. It yields effects; a transport performs each and sends the answer back, or throws a
`Fault` where the effect could not be performed:

=======================  ==========================================================  =====================
effect                   the transport                                               answers
=======================  ==========================================================  =====================
`Open(origin, ...)`      takes a kept-alive connection or makes one                  None
`Write(data)`            hands all of `data` to the kernel                           None
`READ`                   waits for bytes                                             bytes, b"" at the end
`KEEP`                   keeps the connection for the next exchange                  None
`CLOSE`                  closes it                                                   None
`Sleep(most, ...)`       waits between 0 and `most` seconds, drawn at random         a new `Moment`
=======================  ==========================================================  =====================

The transport owns the connection: one that was not released with `KEEP` is closed, however the exchange ends.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional, Tuple, Union

    Identity = Tuple[str, str, Optional[str]]  # secret id, secret key, token


class Moment(object):
    """The outside world as an attempt begins: monotonic clock, wall clock (Unix time), credentials."""

    __slots__ = ("now", "wall", "identity")

    def __init__(self, now: float, wall: float, identity: "Identity") -> None:
        self.now = now
        self.wall = wall
        self.identity = identity


class Proxy(object):
    """An HTTP proxy on the way to an origin; `authorization` is the value of the Proxy-Authorization header."""

    __slots__ = ("scheme", "host", "port", "authorization")

    def __init__(self, scheme: str, host: str, port: int, authorization: "Optional[str]" = None) -> None:
        self.scheme = scheme
        self.host = host
        self.port = port
        self.authorization = authorization

    def __repr__(self) -> str:
        return "%s://%s:%d" % (self.scheme, self.host, self.port)  # without who one is to it


class Origin(object):
    """Where a request goes: one scheme, host and port, and the proxy on the way where there is one.

    `authority` is the value of the Host header. One object stands for each, so that it can be the key of a pool.
    """

    __slots__ = ("scheme", "host", "port", "authority", "proxy", "clock_offset")

    def __init__(self, scheme: str, host: str, port: int, authority: str, proxy: "Optional[Proxy]" = None) -> None:
        self.scheme = scheme
        self.host = host
        self.port = port
        self.authority = authority
        self.proxy = proxy
        self.clock_offset = 0.0  # seconds that its clock is ahead of ours, learnt when it refused a signature

    def __repr__(self) -> str:
        return "%s://%s" % (self.scheme, self.authority)


class Open(object):
    __slots__ = ("origin", "deadline", "fresh")

    def __init__(self, origin: Origin, deadline: "Optional[float]", fresh: bool) -> None:
        self.origin = origin
        self.deadline = deadline  # on the monotonic clock; holds for the effects that follow too
        self.fresh = fresh  # no kept-alive connection will do


class Write(object):
    __slots__ = ("data",)

    def __init__(self, data: bytes) -> None:
        self.data = data


class Sleep(object):
    __slots__ = ("most", "deadline")

    def __init__(self, most: float, deadline: "Optional[float]") -> None:
        self.most = most
        self.deadline = deadline


class Signal(object):
    """An effect that needs no argument."""

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
    """An effect could not be performed. Thrown into the exchange by the transport; never reaches a user.

    phase: resolve, connect, proxy, tls, write, read or wait (for a free connection).
    reason: what went wrong, for people.
    deadline: it was the invocation's own deadline that ended it.
    final: trying again cannot help (a certificate that is not trusted).
    """

    def __init__(self, phase: str, reason: str, deadline: bool = False, final: bool = False) -> None:
        Exception.__init__(self, phase, reason)
        self.phase = phase
        self.reason = reason
        self.deadline = deadline
        self.final = final
