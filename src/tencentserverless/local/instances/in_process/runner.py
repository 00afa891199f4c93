"""Runs handlers in this interpreter, so that debuggers, coverage and monkeypatching work.

Each invocation has a thread. There are no limits of time and memory, and the log does not contain printed output.
Functions share the modules and the environment of the interpreter. If several invocations run, the environment has the
variables of the one that began last.
"""

import asyncio
import ctypes
import importlib.util
import os
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from tencentserverless.local.environment import variables
from tencentserverless.local.eventloop.background import BackgroundTasks
from tencentserverless.local.eventloop.in_thread import in_thread
from tencentserverless.local.functions.source_versions import SourceVersions
from tencentserverless.local.instances.credential_lease import CredentialLease
from tencentserverless.local.instances.in_process.environ_overlay import Overlay
from tencentserverless.local.instances.in_process.imported_modules import ImportedModules
from tencentserverless.local.instances.instance import new_id
from tencentserverless.local.instances.ticket import Done
from tencentserverless.local.instances.worker_replies import answered_outcome
from tencentserverless.local.model import outcomes
from tencentserverless.local.model.credentials import KeyRegistry
from tencentserverless.local.model.function import Function, Key
from tencentserverless.local.model.invocation import Invocation, Outcome
from tencentserverless.local.processes.frames import TEXT_LIMIT_BYTES, Frame, Kind
from tencentserverless.local.processes.worker_file import BOOTSTRAP

_environment = Overlay(os.environ)  # one for the process, because the process has one environment
_modules = ImportedModules()  # one for the process, as `sys.modules` is
_OWN_FOLDER = 0x200  # CLONE_FS


@dataclass(frozen=True)
class _Loaded:
    """A function that is loaded in this interpreter. worker: decodes its events and encodes its results."""

    function: Function
    version: int
    worker: Any


class InProcess:
    """Runs functions in this interpreter.

    credential_seconds: how long the temporary credentials of an invocation are valid.
    endpoint: the URL of the endpoint for clients in handlers.
    `running` contains the invocations that are running, by the instance id of their credentials.
    """

    def __init__(self, keys: KeyRegistry, credential_seconds: float, endpoint: str) -> None:
        self._keys = keys
        self._credential_seconds = credential_seconds
        self._endpoint = endpoint
        self.running: dict[str, Invocation] = {}
        self._loaded: dict[Key, _Loaded] = {}
        self._versions = SourceVersions()
        self._tasks = BackgroundTasks()

    def run(self, invocation: Invocation, done: Done) -> None:
        """Run one invocation. `done` is called once: with its outcome, a `Refusal`, or an internal error."""
        self._tasks.start(self._run(invocation, done))

    def forget(self) -> None:
        """Load the code of functions again at their next invocation."""
        has_imported = any(loaded.function.call is None for loaded in self._loaded.values())
        self._loaded.clear()
        if has_imported:
            _modules.end(self)

    async def stop(self, patience_seconds: float) -> None:
        """Wait this long for running handlers. Their threads cannot be ended, so they may run on after that."""
        await self._tasks.stop(patience_seconds)
        await in_thread(_modules.end, self)
        self._versions.close()

    async def _run(self, invocation: Invocation, done: Done) -> None:
        instance_id = new_id()
        lease = CredentialLease(self._keys, instance_id, self._credential_seconds)
        found: Outcome | Exception = outcomes.platform_failed("the local endpoint is stopping")
        try:
            values = variables.in_process_variables(invocation.function, lease.credential, self._endpoint)
            found = await self._outcome(invocation, instance_id, values)
        except Exception as error:  # noqa: BLE001  logged where the invocation is answered
            found = error
        finally:
            lease.end()
            done(found)

    async def _outcome(self, invocation: Invocation, instance_id: str, variables: Mapping[str, str]) -> Outcome:
        """Run one invocation on a new thread. Raises `Refusal` if the event is not JSON."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[tuple[Frame | None, float | None]] = loop.create_future()

        def work() -> None:
            if not invocation.function.call:
                _enter_folder(invocation.function.code)
            answer = self._answer(invocation, variables)
            with suppress(RuntimeError):  # the event loop has ended
                loop.call_soon_threadsafe(_resolve, done, answer)

        self.running[instance_id] = invocation
        try:
            threading.Thread(target=work, name=f"{invocation.function.name} (SCF)", daemon=True).start()
            frame, init_ms = await done
        except RuntimeError as error:  # "can't start new thread"
            return outcomes.not_set_up(invocation, str(error))
        finally:
            del self.running[instance_id]
        outcome = _outcome_of(invocation, frame)
        duration_ms = float(frame.head.get("duration_ms", 0.0)) if frame else 0.0
        return outcome._replace(duration_ms=duration_ms, init_ms=init_ms, instance_id=instance_id)

    def _answer(self, invocation: Invocation, variables: Mapping[str, str]) -> tuple[Frame | None, float | None]:
        """Return the frame that a worker would send, and the milliseconds of loading.

        The frame is None if the handler has exited. The time is None if the function was loaded before.
        """
        started = time.perf_counter()
        worker_module = _worker_module()
        with _environment.over(dict(variables)):
            try:
                loaded, is_new = self._current(invocation.function)
            except SystemExit as error:
                worker_module.print_exit(error)
                return None, None
            except BaseException:  # noqa: BLE001  any exception of the code counts as its failure
                trace = worker_module.Tracebacks([]).whole()
                return Frame(Kind.NOT_STARTED, {}, trace), (time.perf_counter() - started) * 1000
            init_ms = (time.perf_counter() - started) * 1000 if is_new else None
            try:
                kind, head, body = loaded.worker.run(invocation.request_id, invocation.event)
            except _HandlerExit:
                return None, init_ms
        return Frame(Kind(kind), head, body), init_ms

    def _current(self, function: Function) -> tuple[_Loaded, bool]:
        """Return the function with its present code, and whether it is new. Raises the exceptions of its code."""
        with _modules.lock:
            version = 0 if function.call else self._versions.of_function(function)
            loaded = self._loaded.get(function.key)
            if loaded is not None and loaded.function is function and loaded.version == version:
                return loaded, False
            loaded = _Loaded(function, version, _new_worker(function))
            loaded.worker.handler = function.call or self._imported(function)
            self._loaded[function.key] = loaded
            return loaded, True

    def _imported(self, function: Function) -> Any:
        """Import the handler from the function's folder."""
        folders = [str(folder) for folder in (function.code, *reversed(function.layer_folders))]  # the last layer first
        _modules.begin(self, folders)
        # The bytecode of a file counts as current if the second of its time and its size are the same.
        before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
        try:
            return _worker_module().init_handler(function.handler, folders[0])
        finally:
            sys.dont_write_bytecode = before


class _HandlerExit(BaseException):
    """The handler has called `sys.exit`."""


def _worker_module() -> ModuleType:
    """The code of the worker, so that events, results and tracebacks are the same as in a worker."""
    name = f"{__name__}.worker"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, BOOTSTRAP)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        sys.modules[name] = module
    return sys.modules[name]


def _new_worker(function: Function) -> Any:
    settings: dict[str, Any] = {
        "context": variables.context(function),
        "handler": function.handler,
        "folder": str(function.code),
        "lent": "",
        "shown_paths": [],
        "hidden_files": getattr(function.call, "hidden_files", ()),
        "result_limit_bytes": TEXT_LIMIT_BYTES,
    }
    worker = _worker_module().LoadedFunction(None, None, settings)
    worker.leave = _leave
    return worker


def _leave(error: SystemExit) -> None:
    _worker_module().print_exit(error)
    raise _HandlerExit


def _enter_folder(folder: Path) -> None:
    """Make this the working folder of the current thread. Linux only: elsewhere a process has one for all threads."""
    if sys.platform == "linux" and ctypes.CDLL(None).unshare(_OWN_FOLDER) == 0:
        with suppress(OSError):  # the import fails with the same error
            os.chdir(folder)


def _outcome_of(invocation: Invocation, frame: Frame | None) -> Outcome:
    if frame is None:
        return outcomes.exited(invocation)
    if frame.kind is Kind.NOT_STARTED:
        return outcomes.not_started(invocation, frame.body.decode("utf-8", "surrogatepass"))
    return answered_outcome(invocation, frame)


def _resolve(
    done: "asyncio.Future[tuple[Frame | None, float | None]]", answer: tuple[Frame | None, float | None]
) -> None:
    if not done.done():
        done.set_result(answer)
