"""`LocalSCF`: the endpoint inside a program, on a thread and an event loop of its own."""

import asyncio
import os
import sys
import threading
from collections.abc import Callable, Coroutine, Mapping, Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Any, TypeVar

from tencentserverless.local.endpoint import Endpoint
from tencentserverless.local.functions import folders
from tencentserverless.local.instances import debugged
from tencentserverless.local.model.counters import Counters
from tencentserverless.local.model.credentials import LIFE_SECONDS
from tencentserverless.local.model.function import DEFAULT_NAMESPACE, Function
from tencentserverless.local.model.invocation import Record
from tencentserverless.local.model.options import ADDRESS, Debugger, Options
from tencentserverless.local.model.regions import DEFAULT_REGION
from tencentserverless.local.server import Server, serve_endpoint

T = TypeVar("T")


class LocalSCF:
    """A local endpoint that runs as long as the ``with`` block.

    paths: folders that are functions or hold some. port: 0 picks one. host: the address to listen on; where it is not
    loopback, whoever reaches this machine there and has a key can run the functions, and a notice says so.
    accept: ``ID:KEY`` pairs of programs that bring their own keys, or "any".
    most_instances: of all functions together. queue_seconds: how long an invocation waits where there are as many as
    there may be; then it gets status 432, as do those at once that functions make.
    idle_seconds: how long a warm instance is kept. most_hops: how often one invocation may lead to the next; a longer
    chain is refused with `LimitExceeded.Quota`, whose text names the loop.
    scf_hosts: inside functions, have the host names of SCF lead here, so that SDKs that know no other endpoint work and
    nothing reaches the real cloud by accident.
    records: the SQLite file of the records, by default one that goes with the endpoint; one that is there is gone on
    with, and endpoints may share one. most_records: how many are kept; with 64 MB of events, results and logs they are
    bounded in any case.
    in_process: run the functions in this interpreter, where pdb, coverage and monkeypatching reach them; without limits
    of time and memory, and without a log of what they print.
    tls: speak TLS, with a certificate for 127.0.0.1, localhost and SCF's host names that an authority made for this run
    has signed: clients trust it by `ca_file` (the authority alone) or `bundle` (the system's authorities with it).
    layers: the folders of layers by the names that serverless.yml has for them; a function finds its own in /opt.
    credential_seconds: how long the temporary credentials of instances last; each instance gets new ones before.
    debug: "pdb" has `breakpoint()` and pdb in functions talk on a terminal, "debugpy" has each instance listen for a
    debugger on a port that a notice tells; time limits stand still while a function is held. terminal: the path of the
    one for pdb, by default this program's own.
    interpreters: paths by runtime (``{"Python3.9": "/usr/bin/python3.9"}``) that go before those that are found.
    notify: gets notices of one line, default standard error. on_record: gets the record of every invocation that has
    ended, on the endpoint's thread.

    Attributes once it runs: `endpoint` (``http://127.0.0.1:PORT``), `secret_id` and `secret_key` (made for this run),
    `ca_file` and `bundle` (paths, "" without TLS), `counters`, `records`, `functions`.

    Raises `FunctionFolderError` for folders that cannot be read, OSError where the port is taken,
    `AuthorityError` (a RuntimeError) where no certificate can be made, ValueError where `host` is no address, pdb
    has no terminal, an interpreter is not what its runtime says, or `records` cannot be opened.
    """

    def __init__(
        self,
        *paths: str | os.PathLike[str],
        port: int = 0,
        host: str = ADDRESS,
        accept: str | Sequence[str] = (),
        most_instances: int = 64,
        queue_seconds: float = 10.0,
        idle_seconds: float = 600.0,
        most_hops: int = 16,
        scf_hosts: bool = True,
        records: str | os.PathLike[str] | None = None,
        most_records: int = 1000,
        in_process: bool = False,
        tls: bool = False,
        layers: Mapping[str, str | os.PathLike[str]] | None = None,
        credential_seconds: float = LIFE_SECONDS,
        debug: Debugger | None = None,
        terminal: str | os.PathLike[str] | None = None,
        interpreters: Mapping[str, str | os.PathLike[str]] | None = None,
        notify: Callable[[str], None] | None = None,
        on_record: Callable[[Record], None] | None = None,
    ) -> None:
        accept = (accept,) if isinstance(accept, str) else tuple(accept)
        ip_address(host)
        debugged.check(debug)
        self._options = Options(
            accept=accept,
            most_instances=most_instances,
            queue_seconds=queue_seconds,
            idle_seconds=idle_seconds,
            most_hops=most_hops,
            scf_hosts=scf_hosts,
            records=records,
            most_records=most_records,
            in_process=in_process,
            tls=tls,
            layers=dict(layers or {}),
            credential_seconds=credential_seconds,
            host=host,
            interpreters=dict(interpreters or {}),
            debug=debug,
            terminal=debugged.terminal(terminal) if debug == "pdb" else "",
        )
        self._paths = paths
        self._port = port
        self._notify = notify or to_stderr
        self._on_record = on_record
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._endpoint: Endpoint | None = None
        self.endpoint: str = ""
        self.secret_id: str = ""
        self.secret_key: str = ""
        self.ca_file: str = ""
        self.bundle: str = ""

    def __repr__(self) -> str:
        return f"<LocalSCF {self.endpoint or 'not running'}>"

    def __enter__(self) -> "LocalSCF":
        self._loop = asyncio.SelectorEventLoop() if sys.platform == "win32" else asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, args=(self._loop,), name="LocalSCF", daemon=True)
        self._thread.start()
        try:
            self._server = self._await(self._started())
        except BaseException:
            self._end_loop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End the endpoint and every worker. May be called again."""
        if self._loop is not None:
            try:
                self._await(self._server.stop())
            finally:
                self._end_loop()

    @property
    def counters(self) -> Counters:
        """Requests served, connections accepted, processes started."""
        return self._running().counters

    @property
    def records(self) -> list[Record]:
        """The last invocations, oldest first, running ones included."""
        return self._running().records.all()

    @property
    def functions(self) -> list[Function]:
        """The functions that are served, as the last request found them."""
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
        """Serve more functions from now on, in the place of those of the same names, and return them.

        source: a folder that is a function or holds some, which says all the rest itself; or a handler, which then
        runs in this interpreter, as `in_process` describes. name, environment: of a handler's function, by default the
        handler's own name and no variables.

        Raises `FunctionFolderError` for what cannot be served, RuntimeError where the endpoint does not run.
        """
        running = self._running()
        if callable(source):
            functions, root = [folders.from_handler(source, name, region, namespace, environment or {})], None
        else:
            root = Path(source).resolve()
            functions = list(folders.read([root], self._notify, running.layer_folders))
        assert self._loop is not None
        self._loop.call_soon_threadsafe(running.catalog.deploy, functions, root)
        return functions

    def _running(self) -> Endpoint:
        if self._endpoint is None:
            raise RuntimeError("LocalSCF is not running: use it in a with statement")
        return self._endpoint

    async def _started(self) -> Server:
        server = await serve_endpoint(self._paths, self._options, self._notify, self._on_record, self._port)
        self._endpoint = server.endpoint
        self.endpoint = server.url
        self.secret_id = server.endpoint.credential.secret_id
        self.secret_key = server.endpoint.credential.secret_key
        if self._options.tls:
            self.ca_file, self.bundle = str(server.authority.ca_file), str(server.authority.bundle)
        return server

    def _await(self, work: Coroutine[Any, Any, T]) -> T:
        assert self._loop is not None
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    @staticmethod
    def _run(loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        try:
            loop.run_forever()
        finally:
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()

    def _end_loop(self) -> None:
        assert self._loop is not None
        assert self._thread is not None
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop = None


def to_stderr(notice: str) -> None:
    sys.stderr.write(notice + "\n")
    sys.stderr.flush()
