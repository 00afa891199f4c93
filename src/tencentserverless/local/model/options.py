"""The options of an endpoint. Pure."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from tencentserverless.local.model.credentials import LIFE_SECONDS
from tencentserverless.local.model.overrides import NO_OVERRIDES, Overrides

StartMethod = Literal["fork", "spawn", "connect"]
Debugger = Literal["pdb", "debugpy"]
DEBUGGERS: tuple[Debugger, ...] = ("pdb", "debugpy")
ADDRESS = "127.0.0.1"
# The address that SCF's host names have in functions and commands, where the system has more loopback addresses than
# one (macOS does not). Nothing else is there, so a connection to it is one to SCF, also if the port is another one.
SCF_ADDRESS = "127.83.67.70"


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a local endpoint.

    accept: ``ID:KEY`` and ``ID:KEY:TOKEN`` texts; or "any" to accept requests with unknown ids without a check of their
        signature.
    most_instances: the limit of instances of all functions together.
    idle_seconds: how long a warm instance is kept.
    queue_seconds: how long an invocation from outside waits for an instance when all are busy and no more may start.
    event_invocations: how many Event invocations may be executed at the same time.
    most_hops: the longest chain of invocations.
    scf_hosts: whether functions reach this endpoint under SCF's host names.
    start_method: how worker processes are started.
    most_records: how many ended invocations are kept, in the SQLite file `records`.
    record_seconds: how long they are kept. None: until the endpoint stops, or in `records` without a limit.
    in_process: whether functions from folders are executed in this interpreter, without worker processes.
    tls: whether the endpoint's own port uses TLS.
    credential_seconds: how long the temporary credentials of instances are valid.
    layers: the folders of layers, by name.
    debug: the debugger of workers; None for none. terminal: the path of the terminal that pdb uses. debug_port: the
        first port for debugpy; None for any free ones.
    interpreters: the paths of interpreters, by runtime.
    host: the address to listen on. host_names: further names of this machine, in lower case.
    overrides: settings of the functions that win over those of their files.
    """

    accept: Sequence[str] = field(default=(), repr=False)
    most_instances: int = 64
    idle_seconds: float = 600.0
    queue_seconds: float = 10.0
    event_invocations: int = 16
    most_hops: int = 16
    scf_hosts: bool = True
    start_method: StartMethod = "fork"
    most_records: int = 1000
    records: str | os.PathLike[str] | None = None
    record_seconds: float | None = None
    in_process: bool = False
    tls: bool = False
    credential_seconds: float = LIFE_SECONDS
    layers: Mapping[str, str | os.PathLike[str]] = field(default_factory=dict)
    debug: Debugger | None = None
    terminal: str = ""
    debug_port: int | None = None
    interpreters: Mapping[str, str | os.PathLike[str]] = field(default_factory=dict)
    host: str = ADDRESS
    host_names: tuple[str, ...] = ()
    overrides: Overrides = NO_OVERRIDES
