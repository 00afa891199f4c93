"""How an endpoint is to be. Pure."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tencentserverless.local.credentials import LIFE_SECONDS
from tencentserverless.local.debugged import Debugger
from tencentserverless.local.doors import ADDRESS
from tencentserverless.local.process import StartMethod


@dataclass(frozen=True, slots=True)
class Options:
    """accept: ``ID:KEY`` pairs, or "any" to let unknown ids in unverified. most_instances: of all functions together.

    idle_seconds: how long a warm instance is kept. queue_seconds: how long an invocation that no function makes waits
    where there are as many instances as there may be. event_invocations: how many Event invocations run at once.
    most_hops: how often one invocation may lead to the next. scf_hosts: whether the host names of SCF lead to this
    endpoint inside functions. most_records: how many ended invocations are kept, in the SQLite file `records`.
    in_process: whether functions of folders run in this interpreter. tls: whether the endpoint's own port speaks TLS.
    credential_seconds: how long the temporary credentials of instances last. layers: the folders of layers, by name.
    debug: the debugger of workers; terminal: the path of the one that pdb talks on. interpreters: paths by runtime.
    host: the address to listen on.
    """

    accept: Sequence[str] = ()
    most_instances: int = 64
    idle_seconds: float = 600.0
    queue_seconds: float = 10.0
    event_invocations: int = 16
    most_hops: int = 16
    scf_hosts: bool = True
    start_method: StartMethod = "fork"
    most_records: int = 1000
    records: str | os.PathLike[str] | None = None
    in_process: bool = False
    tls: bool = False
    credential_seconds: float = LIFE_SECONDS
    layers: Mapping[str, str | os.PathLike[str]] = field(default_factory=dict)
    debug: Debugger | None = None
    terminal: str = ""
    interpreters: Mapping[str, str | os.PathLike[str]] = field(default_factory=dict)
    host: str = ADDRESS
