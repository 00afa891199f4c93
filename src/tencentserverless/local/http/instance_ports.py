"""The ports of instances. What comes through them was sent by that instance.

So the invocation that made a request is known, whatever the client, its language and its credentials. Each instance has
two ports: a plain one, and one for TLS, to which SCF's host names lead inside the worker. The latter opens when the
worker first loads `ssl` and asks for the authority.
"""

import asyncio
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass, field

from tencentserverless.local.http.certificates import Authority
from tencentserverless.local.model.options import ADDRESS

AUTHORITY_PATH = "/authority"
NO_INSTANCE = ""  # for ports that belong to none: senders are known by their credentials alone
_BACKLOG = 128

Serve = Callable[[], asyncio.BaseProtocol]


@dataclass(slots=True)
class InstancePorts:
    """The ports of one instance. tls_port: 0 if SCF's host names are left alone."""

    instance_id: str
    port: int
    tls_port: int
    listening: list[asyncio.Server] = field(default_factory=list)
    bound: socket.socket | None = None

    @property
    def url(self) -> str:
        return f"http://{ADDRESS}:{self.port}"

    def close(self) -> None:
        for server in self.listening:
            server.close()
        if self.bound is not None:
            self.bound.close()


class PortRegistry:
    """The ports of all instances. serve: makes the protocol of a connection. tls: whether there are ports for TLS."""

    def __init__(self, serve: Serve, tls: bool) -> None:
        self._serve = serve
        self._tls = tls
        self._by_instance: dict[str, InstancePorts] = {}
        self._by_port: dict[int, InstancePorts] = {}

    async def open(self, instance_id: str) -> InstancePorts:
        """New ports for the instance of this id. Raises OSError."""
        plain = listener(ADDRESS, 0)
        ports = InstancePorts(instance_id, plain.getsockname()[1], 0)
        if self._tls:
            ports.bound = listener(ADDRESS, 0)
            ports.tls_port = ports.bound.getsockname()[1]
        ports.listening.append(
            await asyncio.get_running_loop().create_server(self._serve, sock=plain, backlog=_BACKLOG)
        )
        self._by_instance[instance_id] = ports
        self._by_port.update(dict.fromkeys(filter(None, (ports.port, ports.tls_port)), ports))
        return ports

    async def open_tls(self, ports: InstancePorts, authority: Authority) -> None:
        """Open the port for TLS. Raises `AuthorityError`."""
        context = await authority.context()
        bound, ports.bound = ports.bound, None
        if bound is not None:
            server = await asyncio.get_running_loop().create_server(
                self._serve, sock=bound, ssl=context, backlog=_BACKLOG
            )
            ports.listening.append(server)

    def at(self, port: int) -> InstancePorts | None:
        """The ports of the instance that has this one; None for the endpoint's own port."""
        return self._by_port.get(port)

    def close(self, instance_id: str) -> None:
        """Close the ports of this instance, if it has any."""
        ports = self._by_instance.pop(instance_id, None)
        if ports is not None:
            ports.close()
            for port in (ports.port, ports.tls_port):
                self._by_port.pop(port, None)

    def close_all(self) -> None:
        for instance_id in list(self._by_instance):
            self.close(instance_id)


def listener(address: str, port: int) -> socket.socket:
    """A bound socket. Raises OSError where the port is taken."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    # The protocol is named: else asyncio leaves Nagle's algorithm on, and a second answer waits 40 ms for the client.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        # Where the system picks, it must not pick a port that is bound and does not listen yet; Windows has another
        # meaning for this: that a port may be taken twice.
        if port and sys.platform != "win32":
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((address, port))
    except OSError:
        bound.close()
        raise
    return bound
