"""Launches instances: collects all that a worker needs, and starts it."""

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from tencentserverless.local.environment import variables
from tencentserverless.local.environment.imports import Imports
from tencentserverless.local.environment.layers import Layers
from tencentserverless.local.environment.mounts import Root
from tencentserverless.local.environment.packed_code import PackedCode
from tencentserverless.local.environment.requirements import Requirements
from tencentserverless.local.environment.scratch import Scratch, utf8_locale
from tencentserverless.local.environment.variables import Machine, Paths
from tencentserverless.local.eventloop.background import BackgroundTasks
from tencentserverless.local.eventloop.in_thread import in_thread
from tencentserverless.local.http.certificates import Authority
from tencentserverless.local.http.instance_ports import PortRegistry
from tencentserverless.local.instances import debugged
from tencentserverless.local.instances.credential_lease import CredentialLease
from tencentserverless.local.instances.debug_ports import DebugPorts
from tencentserverless.local.instances.debugged import Debugged
from tencentserverless.local.instances.instance import Instance, Listener, new_id
from tencentserverless.local.model.counters import Counters
from tencentserverless.local.model.credentials import KeyRegistry
from tencentserverless.local.model.facts import Fact, Printed
from tencentserverless.local.model.function import Function
from tencentserverless.local.model.options import Options
from tencentserverless.local.processes.frames import TEXT_LIMIT_BYTES
from tencentserverless.local.processes.interpreters import CURRENT_INTERPRETER, Interpreter, Interpreters
from tencentserverless.local.processes.process import StartRequest, Workers

SHARED_FILES = (
    "functions can change your files: this system does not allow mount namespaces. /tmp is yours, too; "
    "TMPDIR leads to a folder of each instance's own"
)


class InstanceLauncher:
    """Launches instances, and releases their ports, layers and credentials after they have ended.

    `instances` contains those that have not ended, by id.
    """

    def __init__(
        self,
        options: Options,
        keys: KeyRegistry,
        ports: PortRegistry,
        authority: Authority,
        scratch: Scratch,
        counters: Counters,
        notify: Callable[[str], None],
        watch: Callable[[Fact], None] | None = None,
    ) -> None:
        self._options = options
        self._keys = keys
        self._ports = ports
        self._authority = authority
        self._scratch = scratch
        self._counters = counters
        self._notify = notify
        self._watch = watch
        self.instances: dict[str, Instance] = {}
        self._interpreters = Interpreters(notify, options.interpreters)
        self._requirements = Requirements(notify)
        self._imports = Imports(notify, self._requirements.path_of)
        self._layers = Layers(scratch)
        self._packed_code = PackedCode(scratch)
        self._machine = Machine(utf8_locale(), dict(os.environ))
        self._leases: dict[str, CredentialLease] = {}
        self._notified_of_sdk: set[tuple[str, Path]] = set()  # names and folders
        self._workers = Workers(options.start_method)
        self._debug_ports = DebugPorts(options.debug_port, notify) if options.debug_port else None
        self._background = BackgroundTasks()

    def prepare(self) -> None:
        """Begin to start the fork server before the first instance is needed. This does not wait for it."""
        self._workers.prepare(CURRENT_INTERPRETER, variables.common_variables(self._machine), str(self._scratch.folder))
        self._background.start(self._report_shared_files())

    async def _report_shared_files(self) -> None:
        """Give a notice if instances do not have root folders of their own."""
        with suppress(OSError):  # the first start of an instance fails with the same error and reports it
            if not await self._has_roots(CURRENT_INTERPRETER):
                self._notify(SHARED_FILES)

    async def _has_roots(self, interpreter: Interpreter) -> bool:
        common = variables.common_variables(self._machine)
        return await self._workers.has_namespaces(interpreter, common, str(self._scratch.folder))

    async def launch(self, function: Function, source_version: int, listener: Listener) -> Instance:
        """Start the worker of a new instance, and return the instance. Raises OSError."""
        interpreter = await self._interpreter(function)
        instance_id = new_id()
        self._leases[instance_id] = CredentialLease(self._keys, instance_id, self._options.credential_seconds)
        try:
            instance = await self._launched(instance_id, function, source_version, interpreter, listener)
        except BaseException:
            self._release(instance_id)
            raise
        self.instances[instance_id] = instance
        return instance

    def loaded(self, instance: Instance) -> None:
        """Give a notice if the function uses the SDK of the endpoint, which the platform may not have."""
        function = instance.function
        told = (function.name, function.code)
        if instance.cold_start.lent_sdk and told not in self._notified_of_sdk:
            self._notified_of_sdk.add(told)
            has_old = function.runtime == "Python3.6"
            on_platform = "may have the old release 0.1.x" if has_old else "has it for Python3.6 only"
            self._notify(
                f"{function.name} imports tencentserverless, which its folder does not contain. The platform "
                f"{on_platform}, so install it into the function's folder before you deploy the function"
            )

    def forget(self, instance: Instance) -> None:
        """Release the resources of an instance whose processes have ended."""
        self.instances.pop(instance.id, None)
        self._release(instance.id)

    async def stop(self) -> None:
        """End the fork servers. Call this after the workers have ended."""
        if self._debug_ports is not None:
            await self._debug_ports.stop()
        await self._background.stop()
        await self._workers.stop()

    async def _interpreter(self, function: Function) -> Interpreter:
        interpreter = self._interpreters.known(function.runtime)
        if interpreter is None:
            interpreter = await in_thread(self._interpreters.find, function.runtime)
        if self._requirements.needs_check(function, interpreter):
            await in_thread(self._requirements.check, function, interpreter)
        if self._imports.needs_check(function, interpreter):
            await in_thread(self._imports.check, function, interpreter)
        return interpreter

    async def _launched(
        self, instance_id: str, function: Function, source_version: int, interpreter: Interpreter, listener: Listener
    ) -> Instance:
        paths, root = await self._disk(function, interpreter, source_version, instance_id)
        ports = self._ports.open(instance_id)
        trust = os.path.join(paths.provided, self._authority.folder.name)
        bundle = os.path.join(trust, self._authority.bundle.name) if ports.tls_port else ""
        environ = variables.variables(
            function,
            self._leases[instance_id].credential,
            paths,
            replace(self._machine, bundle=bundle),
            interpreter.path,
            function.runtime or interpreter.runtime,
            ports.url,
        )
        request = StartRequest(
            interpreter,
            environ,
            str(function.code) if root else paths.folder,
            f"HOSTNAME={instance_id}",
            memory_mb=function.memory_mb,
            scratch=str(self._scratch.folder),
            root=root,
        )
        worker = await self._workers.start(request)
        self._counters.processes += 1
        hosts = ports.hosts(trust) if bundle else ""
        settings = variables.settings(function, environ, paths, TEXT_LIMIT_BYTES, hosts)
        instance = self._instance(
            paths=paths,
            instance_id=instance_id,
            function=function,
            worker=worker,
            settings=settings,
            source_version=source_version,
            listener=listener,
            renewed=partial(self._renewed, instance_id, function.timeout),
            notify=self._notify,
        )
        if self._watch is not None:
            instance.output.on_text = partial(_tell, self._watch, instance)
        return instance

    async def _disk(
        self, function: Function, interpreter: Interpreter, source_version: int, instance_id: str
    ) -> tuple[Paths, dict[str, Any]]:
        """Return the paths of a new instance, and its root folder for `StartRequest`."""
        self._scratch.check()
        root = None
        if await self._has_roots(interpreter):
            root = await self._root(function, interpreter, source_version)
        layers = await self._layers.content(function.layer_folders, root.needed_of_opt if root else (), instance_id)
        packed = await self._packed_code.content(function, source_version, instance_id, in_place=root is not None)
        hosts = str(self._scratch.hosts) if self._options.scf_hosts else ""
        code = function.code if root or not packed else Path(packed)
        paths = self._scratch.paths(code, interpreter.version, root, layers, instance_id)
        return paths, root.request(str(code), layers, self._options.terminal, hosts, packed) if root else {}

    async def _root(self, function: Function, interpreter: Interpreter, source_version: int) -> Root:
        used = [str(self._authority.bundle)] if self._options.scf_hosts else []
        find = partial(
            self._scratch.root, function, interpreter, source_version, used, debugged.shared_files(self._options.debug)
        )
        if self._scratch.is_known(function, interpreter, source_version):
            return find()
        return await in_thread(find)

    def _instance(self, paths: Paths, **made: Any) -> Instance:
        debugger = self._options.debug
        if debugger is None:
            return Instance(**made)
        function, settings = made["function"], made["settings"]
        settings["debug"] = debugged.settings(debugger, self._options.terminal, paths, function.code)
        return Debugged(
            callers=lambda running: debugged.callers(running, self.instances.values()), lead=self._lead, **made
        )

    def _lead(self, function: Function, port: int) -> int:
        return port if self._debug_ports is None else self._debug_ports.lead(function, port)

    def _renewed(self, instance_id: str, timeout: int) -> Mapping[str, str]:
        credential = self._leases[instance_id].renewed(timeout)
        return variables.credential_variables(credential) if credential else {}

    def _release(self, instance_id: str) -> None:
        self._ports.close(instance_id)
        self._layers.release(instance_id)
        self._packed_code.release(instance_id)
        if self._scratch.has_folders(instance_id):
            self._background.start(in_thread(self._scratch.release, instance_id))
        self._leases.pop(instance_id).end()


def _tell(watch: Callable[[Fact], None], instance: Instance, text: str) -> None:
    """Tell what an instance prints. A notice tells what it prints between two events."""
    if instance.running is not None:
        watch(Printed(instance.running, text))
