"""Launches instances: collects all that a worker needs, and starts it."""

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from tencentserverless.local.environment import variables
from tencentserverless.local.environment.layers import Layers
from tencentserverless.local.environment.mounts import View
from tencentserverless.local.environment.requirements import Requirements
from tencentserverless.local.environment.scratch import Scratch, utf8_locale
from tencentserverless.local.environment.variables import Machine, Paths
from tencentserverless.local.eventloop.in_thread import in_thread
from tencentserverless.local.http.certificates import Authority
from tencentserverless.local.http.instance_ports import PortRegistry
from tencentserverless.local.instances import debugged
from tencentserverless.local.instances.credential_lease import CredentialLease
from tencentserverless.local.instances.debugged import Debugged
from tencentserverless.local.instances.instance import Instance, Listener, new_id
from tencentserverless.local.model.counters import Counters
from tencentserverless.local.model.credentials import KeyRegistry
from tencentserverless.local.model.function import Function
from tencentserverless.local.model.options import Options
from tencentserverless.local.processes.frames import TEXT_LIMIT_BYTES
from tencentserverless.local.processes.interpreters import CURRENT_INTERPRETER, Interpreter, Interpreters
from tencentserverless.local.processes.process import StartRequest, Workers


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
    ) -> None:
        self._options = options
        self._keys = keys
        self._ports = ports
        self._authority = authority
        self._scratch = scratch
        self._counters = counters
        self._notify = notify
        self.instances: dict[str, Instance] = {}
        self._interpreters = Interpreters(notify, options.interpreters)
        self._requirements = Requirements(notify)
        self._layers = Layers(scratch)
        self._machine = Machine(utf8_locale(), dict(os.environ))
        self._leases: dict[str, CredentialLease] = {}
        self._notified_of_sdk: set[tuple[str, Path]] = set()  # names and folders
        self._workers = Workers(options.start_method)

    def prepare(self) -> None:
        """Begin to start the fork server before the first instance is needed. This does not wait for it."""
        self._workers.prepare(CURRENT_INTERPRETER, variables.common_variables(self._machine), str(self._scratch.folder))

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
        if instance.cold_start.lent_sdk and told not in self._notified_of_sdk and function.runtime != "Python3.6":
            self._notified_of_sdk.add(told)
            self._notify(
                f"{function.name} imports tencentserverless, which its folder does not contain. The platform has it "
                "for Python3.6 only, so install it into the function's folder before you deploy the function"
            )

    def forget(self, instance: Instance) -> None:
        """Release the resources of an instance whose processes have ended."""
        self.instances.pop(instance.id, None)
        self._release(instance.id)

    async def stop(self) -> None:
        """End the fork servers. Call this after the workers have ended."""
        await self._workers.stop()

    async def _interpreter(self, function: Function) -> Interpreter:
        interpreter = self._interpreters.known(function.runtime)
        if interpreter is None:
            interpreter = await in_thread(self._interpreters.find, function.runtime)
        if self._requirements.needs_check(function, interpreter):
            await in_thread(self._requirements.check, function, interpreter)
        return interpreter

    async def _launched(
        self, instance_id: str, function: Function, source_version: int, interpreter: Interpreter, listener: Listener
    ) -> Instance:
        paths, mounts = await self._disk(function, interpreter, source_version, instance_id)
        ports = self._ports.open(instance_id)
        bundle = str(self._authority.bundle) if ports.tls_port else ""
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
            paths.code,
            f"HOSTNAME={instance_id}",
            memory_mb=function.memory_mb,
            scratch=str(self._scratch.folder),
            view=mounts,
        )
        worker = await self._workers.start(request)
        self._counters.processes += 1
        hosts = ports.hosts(self._authority.folder) if bundle else ""
        settings = variables.settings(function, environ, paths, TEXT_LIMIT_BYTES, hosts)
        return self._instance(
            instance_id=instance_id,
            function=function,
            worker=worker,
            settings=settings,
            source_version=source_version,
            listener=listener,
            renewed=partial(self._renewed, instance_id, function.timeout),
            notify=self._notify,
        )

    async def _disk(
        self, function: Function, interpreter: Interpreter, source_version: int, instance_id: str
    ) -> tuple[Paths, dict[str, Any]]:
        """Return the folders of a new instance, and its mounts."""
        scratch, common = self._scratch.folder, variables.common_variables(self._machine)
        has_mounts = await self._workers.has_namespaces(interpreter, common, str(scratch))
        view = self._scratch.view(function, interpreter, source_version) if has_mounts else View()
        layers = await self._layers.content(function.layer_folders, view.opt or (), instance_id)
        paths = self._scratch.paths(function.code, interpreter.version, view.layers_at(layers))
        own = self._scratch.visible_paths(debugged.shared_files(self._options.debug))
        hosts = str(self._scratch.hosts) if self._options.scf_hosts else ""
        return paths, view.mounts(paths.code, layers, own, hosts)

    def _instance(self, **made: Any) -> Instance:
        debugger = self._options.debug
        if debugger is None:
            return Instance(**made)
        code = made["function"].code
        made["settings"]["debug"] = debugged.settings(debugger, self._options.terminal, self._scratch.folder, code)
        return Debugged(callers=lambda running: debugged.callers(running, self.instances.values()), **made)

    def _renewed(self, instance_id: str, timeout: int) -> Mapping[str, str]:
        credential = self._leases[instance_id].renewed(timeout)
        return variables.credential_variables(credential) if credential else {}

    def _release(self, instance_id: str) -> None:
        self._ports.close(instance_id)
        self._layers.release(instance_id)
        self._leases.pop(instance_id).end()
