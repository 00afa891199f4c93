"""The endpoint without its HTTP server: requests in, answers out, instances behind."""

import asyncio
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from tencentserverless.local.api import actions, functions, invoke
from tencentserverless.local.api.authentication import Gate
from tencentserverless.local.api.call import Answer, Asked, Call
from tencentserverless.local.environment import variables as environment
from tencentserverless.local.environment.layers import Layers, existing
from tencentserverless.local.environment.mounts import View
from tencentserverless.local.environment.requirements import Requirements
from tencentserverless.local.environment.scratch import Scratch, utf8_locale
from tencentserverless.local.eventloop.background import Tasks
from tencentserverless.local.eventloop.turn_batch import Batch
from tencentserverless.local.functions import code_info
from tencentserverless.local.functions.live_catalog import LiveCatalog
from tencentserverless.local.http.certificates import Authority
from tencentserverless.local.http.hosts import own_names
from tencentserverless.local.http.instance_ports import Doors
from tencentserverless.local.http.request import Request
from tencentserverless.local.instances import debugged
from tencentserverless.local.instances.debugged import Debugged
from tencentserverless.local.instances.dispatcher import Dispatcher
from tencentserverless.local.instances.in_process import InProcess
from tencentserverless.local.instances.instance import Instance, new_id
from tencentserverless.local.instances.ticket import Done
from tencentserverless.local.invocations import log
from tencentserverless.local.invocations.records import Records
from tencentserverless.local.model import api_errors, event_json, outcomes
from tencentserverless.local.model.credentials import (
    ACCEPT_ANY,
    Credential,
    KeyRegistry,
    accepted,
    needs_renewal,
    new_credential,
)
from tencentserverless.local.model.function import Function
from tencentserverless.local.model.invocation import Invocation, Outcome, Record
from tencentserverless.local.model.options import Options
from tencentserverless.local.processes.frames import TEXT_LIMIT_BYTES
from tencentserverless.local.processes.interpreters import CURRENT_INTERPRETER, Interpreter, Interpreters
from tencentserverless.local.processes.process import Start, Workers
from tencentserverless.local.processes.worker_handle import Worker

_UNKNOWN_LANGUAGE = "en-US"
IN_PROCESS_SECONDS = 1.0

Notify = Callable[[str], None]


@dataclass(slots=True)
class Counters:
    """What an endpoint has done so far."""

    requests: int = 0
    connections: int = 0
    processes: int = 0


class Endpoint:
    """Made on the event loop that runs it; `serve_at` before the first request, `stop` at the end."""

    def __init__(
        self,
        paths: Iterable[str | os.PathLike[str]],
        options: Options,
        notify: Notify,
        on_record: Callable[[Record], None] | None = None,
    ) -> None:
        notify = _told(notify)
        self.layer_folders = existing(options.layers)
        self.batch = Batch()
        self.catalog = LiveCatalog(paths, notify, self.layer_folders, since=lambda: self.batch.began)
        self.credential = new_credential()
        self.counters = Counters()
        self.records = Records(self._records_place, notify, options.most_records)
        self.options = options
        if options.records:  # a file that was asked for is told about now, not at the first invocation
            self.records.check()
        self.notify = notify
        self._on_record = on_record
        self._keys = KeyRegistry([self.credential, *accepted(options.accept)])
        self._gate = Gate(actions.KNOWN, self._keys, accept_any=ACCEPT_ANY in options.accept)
        self._interpreters = Interpreters(notify, options.interpreters)
        self._requirements = Requirements(notify)
        self._scratch = Scratch()
        self._layers = Layers(self._scratch)
        self._workers = Workers(self.options.start_method)
        self._instances: dict[str, Instance] = {}
        self._in_process = InProcess()
        self._told_about_sdk: set[str] = set()
        self._event_tasks, self._in_process_tasks = Tasks(notify), Tasks(notify)
        self._machine = environment.Machine(utf8_locale(), dict(os.environ))
        self._authority: Authority | None = None
        self._tell_about_layers()

    def serve_through(self, doors: Doors, url: str) -> None:
        """Get ready; `doors` is what workers reach this endpoint through, `url` what handlers in this process do."""
        self._doors, self._url = doors, url
        common = environment.of_all(self._machine)
        self._workers.prepare(CURRENT_INTERPRETER, common, str(self._scratch.folder))
        self._event_slots = asyncio.Semaphore(self.options.event_invocations)
        self._dispatcher = Dispatcher(
            self._launch,
            self._forget,
            self.notify,
            self.batch,
            most_instances=self.options.most_instances,
            idle_seconds=self.options.idle_seconds,
            queue_seconds=self.options.queue_seconds,
        )

    async def stop(self) -> None:
        """Kill every worker and remove what was written. What runs in this process has a second to end."""
        await self._event_tasks.stop()
        await self._in_process_tasks.stop(IN_PROCESS_SECONDS)
        await self._dispatcher.stop()
        await asyncio.to_thread(self.records.close)  # before the fork servers end, with whom the folder goes
        await self._workers.stop()
        self._scratch.remove()

    @property
    def authority(self) -> Authority:
        """The certificate authority of this run."""
        if self._authority is None:
            self._authority = Authority(self._scratch.trust, own_names(self.options.host))
        return self._authority

    def respond(self, request: Request, answer: Answer, holder: str | None = None) -> None:
        """Have `answer` called, now or later, with the request id and the body that answer `request`.

        holder: the instance through whose door the request came. HTTP status 200, whatever the body says.
        """
        self.counters.requests += 1
        asked = Asked(request.headers.get("x-tc-language", _UNKNOWN_LANGUAGE), answer, self.notify)
        try:
            call = self._gate.admit(request, time.time())
            asked.language = call.language
            self._perform(call, asked, holder)
        except Exception as error:  # noqa: BLE001  a mistake of ours is an answer too
            asked.fail(error)

    def _perform(self, call: Call, asked: Asked, holder: str | None) -> None:
        parameters = actions.checked_parameters(call)
        if call.action == "ListFunctions":
            asked.answer(
                functions.list_functions(call.region, parameters, self.catalog, code_info.shown_time(time.time()))
            )
            return
        if call.action == "GetFunction":
            asked.answer(self._get_function(call, parameters))
            return
        wanted = invoke.wanted(call, parameters, self.catalog)
        made_by = self._caller(call.credential, holder)
        parent, callers = made_by.child() if made_by else (None, ())
        invocation = Invocation(
            asked.request_id,
            wanted.function,
            wanted.event,
            wanted.invocation_type,
            wanted.qualifier,
            parent,
            time.time(),
            callers,
        )
        if len(callers) > self.options.most_hops:
            self._refuse(invocation, api_errors.chain_too_long(self.options.most_hops, invocation.loop()))
        if wanted.invocation_type == "Event":
            asked.answer({"Result": self._invoke_later(invocation)})
        else:
            self._invoke(invocation, partial(_answer, asked, wanted.log_type))

    def _records_place(self) -> Path:
        return Path(self.options.records or self._scratch.folder / "records.db")

    def _refuse(self, invocation: Invocation, error: api_errors.Refusal) -> NoReturn:
        """An invocation that is recorded and does not come about."""
        record = self.records.begin(invocation)
        self.records.end(record, _outcome_of(error, invocation), time.time())
        raise error

    def _invoke(self, invocation: Invocation, done: Callable[[Record | Exception], None]) -> None:
        """Run and record it. `done` gets the record once it has ended, or why it has not come about."""
        record = self.records.begin(invocation)
        record.started_at = time.time()
        ended = partial(self._ended, record, done)
        if invocation.function.call is None and not self.options.in_process:
            self._dispatcher.run(invocation, ended)
        else:
            self._in_process_tasks.start(self._run_here(invocation, ended))

    def _ended(self, record: Record, done: Callable[[Record | Exception], None], outcome: Outcome | Exception) -> None:
        found: Record | Exception = record
        if isinstance(outcome, Exception):
            found, outcome = outcome, _outcome_of(outcome, record.invocation)
        self.records.end(record, outcome, time.time())
        if self._on_record is not None and found is record:
            try:
                self._on_record(record)
            except Exception as error:  # noqa: BLE001  of who is told, who is to hear of it
                found = error
        done(found)

    async def _run_here(self, invocation: Invocation, done: Done) -> None:
        """In this process."""
        holder = new_id()
        credential = self._temporary(holder)
        self._keys.add(credential)
        outcome: Outcome | Exception = outcomes.platform_failed("the local endpoint is being stopped")
        try:
            variables = environment.in_process_variables(invocation.function, credential, self._url)
            outcome = await self._in_process.run(invocation, holder, variables)
        except Exception as error:  # noqa: BLE001  it is told
            outcome = error
        finally:
            self._keys.forget(holder)
            done(outcome)

    def _invoke_later(self, invocation: Invocation) -> dict[str, Any]:
        """An Event invocation: runs once, is logged and recorded, and is not tried again if it fails."""
        event_json.check_event(invocation.event)
        self._event_tasks.start(self._invoke_in_turn(invocation))
        return log.event_result(invocation.request_id)

    async def _invoke_in_turn(self, invocation: Invocation) -> None:
        found: asyncio.Future[Record | Exception] = asyncio.get_running_loop().create_future()
        async with self._event_slots:
            self._invoke(invocation, lambda ended: None if found.done() else found.set_result(ended))
            error = await found
        if isinstance(error, Exception):  # nobody waits for it
            self.notify(f"{invocation.function.name}: Event invocation {invocation.request_id}: {error!r}")

    def _get_function(self, call: Call, parameters: dict[str, Any]) -> dict[str, Any]:
        if not parameters.get("FunctionName"):
            raise api_errors.function_name_required()
        function = functions.find(call.region, parameters, self.catalog)
        if parameters.get("Qualifier", functions.LATEST) not in functions.UNPUBLISHED:
            raise api_errors.qualifier_not_found(parameters["Qualifier"])
        code = code_info.entry_text(function) if parameters.get("ShowCode") == "TRUE" else None
        modified = code_info.shown_time(code_info.modified(function))
        return functions.get_function(function, code, code_info.size_bytes(function), modified)

    def _caller(self, credential: Credential | None, holder: str | None) -> Invocation | None:
        """The invocation that sent this through its instance's door, or signed with its credentials."""
        if not holder and credential is not None:
            holder = credential.instance_id
        if not holder:
            return None
        instance = self._instances.get(holder)
        return instance.running if instance else self._in_process.running.get(holder)

    async def _launch(self, function: Function, source_version: int) -> Instance:
        """A new instance of `function`, its worker running. Raises OSError."""
        interpreter = self._interpreters.known(function.runtime)
        if interpreter is None:
            interpreter = await asyncio.to_thread(self._interpreters.find, function.runtime)
        if self._requirements.unseen(function, interpreter):
            await asyncio.to_thread(self._requirements.check, function, interpreter)
        credential = self._temporary(new_id())
        try:
            return await self._made(function, source_version, interpreter, credential)
        except BaseException:
            self._doors.close(credential.instance_id)
            self._layers.release(credential.instance_id)
            raise

    async def _made(
        self, function: Function, source_version: int, interpreter: Interpreter, credential: Credential
    ) -> Instance:
        places, mounts = await self._disk(function, interpreter, source_version, credential.instance_id)
        runtime = function.runtime or interpreter.runtime
        door = await self._doors.open(credential.instance_id)
        bundle = str(self.authority.bundle) if door.tls_port else ""
        machine = replace(self._machine, bundle=bundle)
        variables = environment.variables(function, credential, places, machine, interpreter.path, runtime, door.url)
        worker = await self._workers.start(
            Start(
                interpreter,
                variables,
                places.code,
                f"HOSTNAME={credential.instance_id}",
                memory_mb=function.memory_mb,
                scratch=str(self._scratch.folder),
                view=mounts,
            )
        )
        self.counters.processes += 1
        led = {"port": door.port, "tls_port": door.tls_port, "bundle": bundle} if bundle else None
        settings = environment.settings(function, variables, places, TEXT_LIMIT_BYTES, led)
        instance = self._instance(function, worker, settings, credential, source_version)
        instance.on_ready = self._tell_about_sdk
        instance.on_event = self._renewed
        self._instances[instance.id] = instance
        self._keys.add(credential)
        return instance

    async def _disk(
        self, function: Function, interpreter: Interpreter, source_version: int, holder: str
    ) -> tuple[environment.Places, dict[str, Any]]:
        """Where a new instance finds its things, and the mounts by which it does."""
        scratch, common = self._scratch.folder, environment.of_all(self._machine)
        has_mounts = await self._workers.has_namespaces(interpreter, common, str(scratch))
        view = self._scratch.view(function, interpreter, source_version) if has_mounts else View()
        layers = await self._layers.content(function.layers, view.opt or (), holder)
        places = self._scratch.places(function.code, interpreter.version, view.layers_at(layers))
        own = self._scratch.own(debugged.shared(self.options.debug))
        return places, view.mounts(places.code, layers, own)

    def _instance(
        self, function: Function, worker: Worker, settings: dict[str, Any], credential: Credential, source_version: int
    ) -> Instance:
        made = (function, worker, settings, credential, source_version, self.notify)
        debug, scratch = self.options.debug, self._scratch.folder
        if debug is None:
            return Instance(*made)
        settings["debug"] = debugged.settings(debug, self.options.terminal, scratch, function.code)
        return Debugged(*made, callers=lambda running: debugged.callers(running, self._instances.values()))

    def _forget(self, instance: Instance) -> None:
        self._instances.pop(instance.id, None)
        self._doors.close(instance.id)
        self._layers.release(instance.id)
        self._keys.forget(instance.id)

    def _temporary(self, holder: str) -> Credential:
        return new_credential(holder, time.time() + self.options.credential_seconds)

    def _renewed(self, instance: Instance) -> dict[str, str]:
        """The variables of a new credential, once the one that the instance has is in the last part of its life."""
        now = time.time()
        if not needs_renewal(instance.credential, instance.function.timeout, now):
            return {}
        self._keys.forget(instance.id, now)
        instance.credential = self._temporary(instance.id)
        self._keys.add(instance.credential)
        return environment.credential_variables(instance.credential)

    def _tell_about_layers(self) -> None:
        used = {folder for function in self.catalog for folder in function.layers}
        for name, place in self.layer_folders.items():
            if len(self.catalog) and place not in used:
                self.notify(f"layer `{name}`: no function names it in its serverless.yml")

    def _tell_about_sdk(self, instance: Instance) -> None:
        function = instance.function
        if instance.lent_sdk and function.name not in self._told_about_sdk and function.runtime != "Python3.6":
            self._told_about_sdk.add(function.name)
            self.notify(
                f"{function.name} imports the SDK, which is lent to it here; the platform has it for Python3.6 only, "
                "so pack tencentserverless into the function before you deploy it"
            )


def _told(notify: Notify) -> Notify:
    """`notify`, of which nothing comes back: whoever has something to tell goes on."""
    loop = asyncio.get_running_loop()

    def tell(notice: str) -> None:
        try:
            notify(notice)
        except Exception as error:  # noqa: BLE001  of the caller's own
            loop.call_exception_handler({"message": f"in {notify}, told `{notice}`", "exception": error})

    return tell


def _answer(asked: Asked, log_type: str, found: Record | Exception) -> None:
    try:
        if isinstance(found, Exception):
            raise found
        result = log.result(found, log_type)
    except Exception as error:  # noqa: BLE001
        asked.fail(error)
    else:
        asked.answer({"Result": result})


def _outcome_of(error: Exception, invocation: Invocation) -> Outcome:
    """What is recorded of an invocation that has not come about."""
    if isinstance(error, api_errors.Refusal):
        return outcomes.failure(invocation, error.status_code, error.message)
    return outcomes.platform_failed(f"the local endpoint failed: {error!r}")
