"""`LocalSCF`, a local endpoint inside a program. It has a thread and an event loop of its own."""

import asyncio
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tencentserverless.local.endpoint import Endpoint
from tencentserverless.local.environment.command import command_environment, program_environment
from tencentserverless.local.eventloop.delivery import to_stderr
from tencentserverless.local.eventloop.loop_thread import LoopThread
from tencentserverless.local.functions import folders
from tencentserverless.local.http.hosts import check_names
from tencentserverless.local.instances import debugged
from tencentserverless.local.local_scf_in_tests import InTests
from tencentserverless.local.model.counters import Counters
from tencentserverless.local.model.credentials import LIFE_SECONDS
from tencentserverless.local.model.facts import Fact, Refused
from tencentserverless.local.model.function import DEFAULT_NAMESPACE, Function
from tencentserverless.local.model.invocation import Record
from tencentserverless.local.model.options import ADDRESS, Debugger, Options
from tencentserverless.local.model.overrides import Overrides
from tencentserverless.local.model.regions import DEFAULT_REGION
from tencentserverless.local.own_process import fill_standard_descriptors, return_large_blocks
from tencentserverless.local.server import Server, serve_endpoint

if TYPE_CHECKING:
    from tencentserverless.aio import AsyncClient
    from tencentserverless.scf import Client


class LocalSCF(InTests):
    """A local endpoint: an SCF on this machine. It starts and stops with the ``with`` block, or `start` and `stop`.

    paths: folders. Each of them is a function, or contains folders that are functions.
    port: the port of the endpoint, 0 for any free port.
    host: the address to listen on, or "localhost". If it is not loopback, other machines that have a key can invoke the
        functions. A notice says so.
    host_names: more names for the Host header of requests, such as "host.docker.internal". Others are refused.
    accept: ``ID:KEY`` or ``ID:KEY:TOKEN`` texts to accept beside the endpoint's own pair. Without TOKEN any token may
        come with the pair. "any" accepts unknown ids without checking.
    most_instances: the largest number of instances, of all functions together.
    queue_seconds: how long an invocation waits when all instances are busy. Then it fails with status 432. An
        invocation that a function makes does not wait: it fails at once.
    idle_seconds: how long an instance without invocations is kept.
    most_hops: the longest chain of functions. A longer one is refused with `LimitExceeded.Quota`, which names the loop.
    scf_hosts: whether SCF's host names lead to this endpoint inside functions. Then SDKs without a setting for the
        endpoint work too, and no function invokes the real cloud by accident.
    records: an SQLite file for the records of invocations. By default they are removed when the endpoint stops. If
        the file exists, new records are added to it. Several endpoints may use one file.
    most_records: how many records are kept, the newest ones. The file has at most 64 MB.
    record_seconds: the age at which records are removed, by default none.
    in_process: run the functions in this interpreter, so that pdb, coverage and monkeypatching work. Then there are no
        limits of time and memory, and the log does not contain the output of the functions.
    tls: use TLS. The certificate is valid for 127.0.0.1, localhost and SCF's host names. Its authority is new at each
        start. Clients trust it by `ca_file`, the authority alone, or `bundle`, which also has those of the system.
    layers: the folders of layers, by their names in serverless.yml. A function finds its layers in /opt.
    credential_seconds: how long temporary credentials of instances are valid. An instance gets new ones in time.
    debug: "pdb" lets `breakpoint()` and pdb in functions use a terminal. With "debugpy" each instance listens for a
        debugger, and a notice names the port. Time limits are paused while a function is stopped in a debugger.
    debug_port: with "debugpy", the port for the debugger. It leads to the newest instance of the function that starts
        first. Other functions have the ports after it. By default the port is another one for each instance.
    terminal: the path of the terminal for pdb, by default the terminal of this program.
    interpreters: paths of interpreters by runtime, as ``{"Python3.9": "/usr/bin/python3.9"}``; others are searched for.
    settings: settings of the functions in `paths`, which win over those of their files: `environment` (added to their
        own), `timeout` in seconds, `memory_mb`, and for one function alone `name` and `handler`. With a handler a
        folder needs neither a serverless.yml nor an index.py.
    strict: whether `verify` wants stubs to be used, and only known functions to be invoked. A ``with`` block in which
        stubs were made is verified at its end.
    notify: is called with each notice, one line. By default notices are printed to standard error.
    on_record: is called with the record of each invocation that has ended.
    watch: is called with each fact: a `Begun`, `Printed`, `Ended` or `Refused`.

    `notify`, `on_record` and `watch` are called on a thread of their own, in order, before the answer to the
    invocation. An answer waits a quarter of a second for them, not longer. If they raise, that is logged. If they are
    too slow, up to 1,000 calls with 16 MB wait, and others are left out.

    Attributes, once it has started:

    endpoint: its address, such as ``http://127.0.0.1:9000``.
    secret_id, secret_key: its key pair, which is new at each start.
    ca_file, bundle: paths of certificates to trust, "" without `tls`. records_file: the path of the records.

    Raises `FunctionFolderError` if a folder cannot be read, OSError if the port is in use, and `AuthorityError` (a
    RuntimeError) if no certificate can be made. Raises ValueError if `host` is not an address, there is no terminal
    for pdb, an interpreter is not of its runtime's version, a value in `settings` is not possible, or `records` cannot
    be opened.
    """

    endpoint: str = ""
    secret_id: str = ""
    secret_key: str = ""
    ca_file: str = ""
    bundle: str = ""
    records_file: str = ""
    _loop: LoopThread | None = None
    _starting: "asyncio.Task[None] | None" = None
    _server: Server | None = None
    _endpoint: Endpoint | None = None

    def __init__(
        self,
        *paths: str | os.PathLike[str],
        port: int = 0,
        host: str = ADDRESS,
        host_names: str | Sequence[str] = (),
        accept: str | Sequence[str] = (),
        most_instances: int = 64,
        queue_seconds: float = 10.0,
        idle_seconds: float = 600.0,
        most_hops: int = 16,
        scf_hosts: bool = True,
        records: str | os.PathLike[str] | None = None,
        most_records: int = 1000,
        record_seconds: float | None = None,
        in_process: bool = False,
        tls: bool = False,
        layers: Mapping[str, str | os.PathLike[str]] | None = None,
        credential_seconds: float = LIFE_SECONDS,
        debug: Debugger | None = None,
        debug_port: int | None = None,
        terminal: str | os.PathLike[str] | None = None,
        interpreters: Mapping[str, str | os.PathLike[str]] | None = None,
        settings: Mapping[str, Any] | None = None,
        strict: bool = True,
        notify: Callable[[str], None] | None = None,
        on_record: Callable[[Record], None] | None = None,
        watch: Callable[[Fact], None] | None = None,
    ) -> None:
        host = ADDRESS if host == "localhost" else host
        ip_address(host)
        debugged.check(debug, debug_port)
        self._options = Options(
            accept=(accept,) if isinstance(accept, str) else tuple(accept),
            most_instances=most_instances,
            queue_seconds=queue_seconds,
            idle_seconds=idle_seconds,
            most_hops=most_hops,
            scf_hosts=scf_hosts,
            records=os.path.realpath(records) if records else None,
            most_records=most_records,
            record_seconds=record_seconds,
            in_process=in_process,
            tls=tls,
            layers=dict(layers or {}),
            credential_seconds=credential_seconds,
            host=host,
            host_names=check_names((host_names,) if isinstance(host_names, str) else host_names),
            interpreters=dict(interpreters or {}),
            overrides=Overrides(**(settings or {})),
            debug=debug,
            debug_port=debug_port,
            terminal=debugged.terminal(terminal) if debug == "pdb" else "",
        )
        self._strict = strict
        self._paths = paths
        self._port = port
        self._notify = notify or to_stderr
        self._on_record = on_record
        self._watch = watch
        self._stopping = threading.RLock()  # a signal handler may call `stop` while it runs

    def __repr__(self) -> str:
        return f"<LocalSCF {self.endpoint or 'not running'}>"

    def __enter__(self) -> "LocalSCF":
        return self.start()

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if self._endpoint is not None and self._endpoint.stubs.all and not self._is_inherited():
                self._verify_block(has_raised=kind is not None)
        finally:
            self.stop()

    def start(self) -> "LocalSCF":
        """Start the endpoint, and return it. If it runs, it goes on."""
        if self._loop is not None and not self._loop.is_inherited:
            return self
        fill_standard_descriptors()
        return_large_blocks()
        self._loop = LoopThread("LocalSCF")
        try:
            self._loop.wait_for(self._start())
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Stop the endpoint and end all its processes. A second call does nothing, nor does one in a forked process."""
        if self._is_inherited():
            return
        with self._stopping:
            loop, self._loop = self._loop, None
            if loop is not None:
                try:
                    loop.wait_for(self._stop())
                finally:
                    loop.end()

    @property
    def counters(self) -> Counters:
        """The numbers of requests served, connections accepted and processes started."""
        return self._running().counters

    @property
    def records(self) -> list[Record]:
        """The records of the last invocations, oldest first. Invocations that are still running are included."""
        return self._running().records.all()

    @property
    def refusals(self) -> list[tuple[Refused, int]]:
        """The requests that were refused, each with the number of times. Their `at` is 0."""
        return self._running().refusals.all()

    @property
    def functions(self) -> list[Function]:
        """The functions that the endpoint serves, as they were at the last request."""
        return list(self._running().catalog)

    def deploy(
        self,
        source: str | os.PathLike[str] | Callable[[Any, dict[str, Any]], Any],
        *,
        name: str | None = None,
        region: str = DEFAULT_REGION,
        namespace: str = DEFAULT_NAMESPACE,
        environment: Mapping[str, str] | None = None,
    ) -> list[Function]:
        """Serve more functions from now on, and return them. They replace functions of the same names.

        source: a folder that is a function or contains functions, or a handler. A handler runs in this interpreter,
            see `in_process`. The other arguments are for a handler only.
        name: the name of the function, by default the name of the handler.
        region, namespace: where the function is.
        environment: the environment variables of the function, by default none.

        Raises `FunctionFolderError` if the functions cannot be served, RuntimeError if the endpoint has not started.
        """
        running = self._running()
        if callable(source):
            functions, root = [folders.from_handler(source, name, region, namespace, environment or {})], None
        else:
            root = Path(os.path.abspath(source))
            functions = list(folders.read([root], self._notify, running.layer_folders))
        self._running_loop().call(running.catalog.deploy, functions, root)
        return functions

    def undeploy(self, name: str) -> None:
        """Serve the functions of this name no more, as if they were deleted. Raises KeyError if there are none."""
        if not self._running_loop().call(self._running().catalog.undeploy, name):
            raise KeyError(name)

    def client(self, region: str | None = None, **arguments: Any) -> "Client":
        """A client for this endpoint. arguments: others of `tencentserverless.scf.Client`."""
        from tencentserverless.scf import Client

        return Client(region, **self._client_arguments(arguments))

    def async_client(self, region: str | None = None, **arguments: Any) -> "AsyncClient":
        """A client for asyncio. arguments: others of `tencentserverless.aio.AsyncClient`."""
        from tencentserverless.aio import AsyncClient

        return AsyncClient(region, **self._client_arguments(arguments))

    @property
    def environ(self) -> dict[str, str]:
        """Variables to set in `os.environ`, so that the client in this program uses this endpoint. Some are blank.

        Keys, tokens and profiles of the developer are hidden by them.
        """
        self._running()
        return program_environment(os.environ, self.endpoint, self.secret_id, self.secret_key, self.bundle)

    def environment(self, variables: Mapping[str, str] | None = None, scf_hosts: bool = True) -> dict[str, str]:
        """Return environment variables with which a program uses this endpoint, and not the cloud.

        variables: those that the program has otherwise, by default `os.environ`. Keys and tokens in it are replaced.
        scf_hosts: whether SCF's host names lead to this endpoint in Python programs, with any keys. Then programs
            without a setting for the endpoint use it too. The option `scf_hosts` of the endpoint must be true for it.

        Raises RuntimeError if the endpoint has not started.
        """
        self._running()
        loop, hosts = self._running_loop(), ""
        if self._server is not None and scf_hosts and self._options.scf_hosts:
            hosts = loop.wait_for(self._server.command_hosts())
        given = os.environ if variables is None else variables
        return command_environment(given, self.endpoint, self.secret_id, self.secret_key, self.bundle, hosts)

    def _client_arguments(self, arguments: dict[str, Any]) -> dict[str, Any]:
        keys = {"secret_id": self.secret_id, "secret_key": self.secret_key}
        return {"endpoint": self.endpoint, **keys, "proxy": "", "ca_file": self.ca_file or None, **arguments}

    async def _start(self) -> None:
        self._starting = asyncio.current_task()
        readers = self._notify, self._on_record, self._port, self._watch
        self._server = server = await serve_endpoint(self._paths, self._options, *readers)
        self._endpoint = server.endpoint
        self.endpoint, self.records_file = server.url, str(server.endpoint.records_path())
        self._show_keys()
        if self._options.tls:
            self.ca_file, self.bundle = str(server.authority.ca_file), str(server.authority.bundle)

    async def _stop(self) -> None:
        if self._starting is not None:  # Ctrl-C has ended the wait for it, perhaps not the start itself
            await asyncio.wait([self._starting])
        server, self._server = self._server, None
        if server is not None:
            await server.stop()
