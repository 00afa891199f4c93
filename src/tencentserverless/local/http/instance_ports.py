"""The ports of instances. Each instance has its own, so that the endpoint knows which instance sent a request.

This works for all clients, in any language and with any credentials. Each instance has a port without TLS and a port
with TLS. Inside the worker SCF's host names lead to the port with TLS. This port opens when the worker first uses TLS
and requests `AUTHORITY_PATH`. The command of `local exec` has such ports too.
"""

import socket
import ssl
import sys
from collections.abc import Callable
from dataclasses import dataclass, field

from tencentserverless.local.http.certificates import Authority
from tencentserverless.local.http.listener import Listener
from tencentserverless.local.model.options import ADDRESS, SCF_ADDRESS

AUTHORITY_PATH = "/authority"
NO_INSTANCE = ""  # the id for ports of no instance: there the credentials show which instance sent a request
COMMAND = "command"  # the id for ports to which SCF's host names lead in programs outside

Listen = Callable[[socket.socket, "ssl.SSLContext | None"], Listener]


@dataclass(slots=True)
class InstancePorts:
    """The ports of one instance.

    tls_port: 0 if SCF's host names do not lead to the endpoint. scf_address: its address.
    """

    instance_id: str
    port: int
    tls_port: int
    scf_address: str
    listening: list[Listener] = field(default_factory=list)
    bound: socket.socket | None = None

    @property
    def url(self) -> str:
        return f"http://{ADDRESS}:{self.port}"

    def hosts(self, trust: str) -> str:
        """Where SCF's host names lead, for `worker/redirect.py`. trust: the folder with the certificates to trust."""
        return f"{self.scf_address} {self.port} {self.tls_port} {trust}"

    def close(self) -> None:
        for listener in self.listening:
            listener.close()
        if self.bound is not None:
            self.bound.close()


class PortRegistry:
    """The ports of all instances.

    listen: begins to accept connections on a bound socket, with TLS if it gets a context.
    tls: whether instances have ports for TLS.
    """

    def __init__(self, listen: Listen, tls: bool) -> None:
        self._listen = listen
        self._tls = tls
        self._scf_address = _scf_address()
        self._by_instance: dict[str, InstancePorts] = {}
        self._by_port: dict[int, InstancePorts] = {}

    def open(self, instance_id: str) -> InstancePorts:
        """Create the ports of an instance. Raises OSError."""
        plain = bind_socket(ADDRESS, 0)
        ports = InstancePorts(instance_id, plain.getsockname()[1], 0, self._scf_address)
        ports.listening.append(self._listen(plain, None))
        if self._tls:
            try:
                # At two addresses both have the same number, by which `at` finds them.
                ports.bound = bind_socket(self._scf_address, 0 if self._scf_address == ADDRESS else ports.port)
            except OSError:
                ports.close()
                raise
            ports.tls_port = ports.bound.getsockname()[1]
        self._by_instance[instance_id] = ports
        self._by_port.update(dict.fromkeys(filter(None, (ports.port, ports.tls_port)), ports))
        return ports

    async def open_tls(self, ports: InstancePorts, authority: Authority) -> None:
        """Accept connections on the port for TLS from now on. Raises `AuthorityError`."""
        context = await authority.context()
        bound, ports.bound = ports.bound, None
        if bound is not None:
            ports.listening.append(self._listen(bound, context))

    def at(self, port: int) -> InstancePorts | None:
        """The ports of the instance to which this port belongs, None for the endpoint's own port."""
        return self._by_port.get(port)

    def close(self, instance_id: str) -> None:
        """Close the ports of this instance. Nothing happens if it has none."""
        ports = self._by_instance.pop(instance_id, None)
        if ports is not None:
            ports.close()
            for port in (ports.port, ports.tls_port):
                self._by_port.pop(port, None)

    def close_all(self) -> None:
        for instance_id in list(self._by_instance):
            self.close(instance_id)


def _scf_address() -> str:
    """`SCF_ADDRESS` if this system has it."""
    try:
        bind_socket(SCF_ADDRESS, 0).close()
    except OSError:
        return ADDRESS
    return SCF_ADDRESS


def bind_socket(address: str, port: int) -> socket.socket:
    """Return a bound socket. Raises OSError if the port is in use."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    # The protocol is named: else asyncio leaves Nagle's algorithm on, and a second answer waits 40 ms for the client.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        # Not for port 0: then the system could choose a port that is bound and does not listen yet.
        # Not on Windows: there this option lets two sockets use the same port.
        if port and sys.platform != "win32":
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((address, port))
    except OSError:
        bound.close()
        raise
    return bound
