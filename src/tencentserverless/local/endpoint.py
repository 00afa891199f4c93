"""The local endpoint without its HTTP server. It connects the parts, and passes each request through them."""

import os
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from time import time  # tests patch `time.time`, and the endpoint is in their process
from typing import TypeVar

from tencentserverless.local.api import router
from tencentserverless.local.api.actions import Services
from tencentserverless.local.api.authentication import Gate, stated
from tencentserverless.local.api.call import Answer, Call, PendingCall
from tencentserverless.local.doubles.stubs import StubRunner, Stubs
from tencentserverless.local.environment.layers import resolve_layers
from tencentserverless.local.environment.scratch import Scratch
from tencentserverless.local.eventloop.background import BackgroundTasks
from tencentserverless.local.eventloop.delivery import Delivery
from tencentserverless.local.eventloop.in_thread import in_thread
from tencentserverless.local.eventloop.turn_batch import TurnBatch
from tencentserverless.local.functions.live_catalog import LiveCatalog
from tencentserverless.local.http.certificates import Authority
from tencentserverless.local.http.instance_ports import COMMAND, PortRegistry
from tencentserverless.local.http.request import Request
from tencentserverless.local.instances.dispatcher import Dispatcher
from tencentserverless.local.instances.in_process.runner import InProcess
from tencentserverless.local.instances.launch import InstanceLauncher
from tencentserverless.local.invocations.lifecycle import Invocations
from tencentserverless.local.invocations.record_file import Limits
from tencentserverless.local.invocations.records import Records
from tencentserverless.local.invocations.refusals import Refusals
from tencentserverless.local.model.api_errors import Refusal
from tencentserverless.local.model.bounded_text import one_line
from tencentserverless.local.model.counters import Counters
from tencentserverless.local.model.credentials import ACCEPT_ANY, KeyRegistry, accepted, new_credential
from tencentserverless.local.model.facts import Fact, Refused, kept_bytes
from tencentserverless.local.model.function import DEFAULT_NAMESPACE
from tencentserverless.local.model.invocation import Invocation, Record
from tencentserverless.local.model.options import Options

_DEFAULT_LANGUAGE = "en-US"
IN_PROCESS_SECONDS = 1.0

_SHOWN = 100  # characters of a name that a client has sent
READER_SECONDS = 1.0

T = TypeVar("T")

Notify = Callable[[str], None]


class Endpoint:
    """A local endpoint. Create it on the event loop that runs it, and await `stop` at the end.

    paths: folders of functions.
    notify: is called with each notice for the user, one line.
    on_record: is called with the record of each invocation that has ended.
    watch: is called with each fact.
    delivery: calls these three.
    ports: the ports through which instances reach this endpoint.
    url: the address at which handlers in this process reach this endpoint.

    Raises `FunctionFolderError` and ValueError.
    """

    def __init__(
        self,
        paths: Iterable[str | os.PathLike[str]],
        options: Options,
        notify: Notify,
        on_record: Callable[[Record], None] | None,
        watch: Callable[[Fact], None] | None,
        delivery: Delivery,
        scratch: Scratch,
        authority: Authority,
        ports: PortRegistry,
        url: str,
    ) -> None:
        self.options = options
        self._delivery = delivery
        self.notify = notify = _delivered(notify, delivery)
        self._watch = watch = self._reader(watch, kept_bytes)
        self.refusals = Refusals()
        self.credential = new_credential()
        self.counters = Counters()
        self.batch = TurnBatch()
        self.layer_folders = resolve_layers(options.layers)
        self.catalog = LiveCatalog(
            paths, notify, self.layer_folders, since=lambda: self.batch.began, overrides=options.overrides
        )
        self._scratch = scratch
        limits = Limits(options.most_records, most_seconds=options.record_seconds)
        self.records = Records(self.records_path, notify, limits)
        if options.records:  # fail now if this file cannot be used, not at the first invocation
            self.records.check()
        self._keys = keys = KeyRegistry([self.credential, *accepted(options.accept)])
        self._gate = Gate(router.KNOWN, keys, accept_any=ACCEPT_ANY in options.accept)
        self._command_gate = Gate(router.KNOWN, keys, accept_any=True)  # such programs have their keys in the source
        self._launcher = InstanceLauncher(options, keys, ports, authority, scratch, self.counters, notify, watch)
        self._launcher.prepare()
        self._dispatcher = Dispatcher(
            self._launcher,
            notify,
            self.batch,
            most_instances=options.most_instances,
            idle_seconds=options.idle_seconds,
            queue_seconds=options.queue_seconds,
        )
        self._in_process = InProcess(keys, options.credential_seconds, url)
        self.stubs = Stubs(self.catalog)
        self.invocations = Invocations(
            options,
            self.records,
            self._dispatcher,
            StubRunner(self.stubs, self._in_process),
            self._running_on,
            self._reader(on_record, lambda record: record.kept_bytes),
            watch,
        )
        self._background = BackgroundTasks()
        self._services = Services(self.stubs, self.invocations, self.records, self._background)
        self._report_unused_layers()

    def respond(self, request: Request, answer: Answer, sent_by: str = "") -> None:
        """Serve an API request. `answer` is called once, now or later: see `Answer`.

        Notices and records are delivered before the answer, if their reader is not too slow.

        The HTTP status of the answer is 200, also for errors.
        sent_by: the id of the instance through whose ports the request came, "" for the endpoint's own port, `COMMAND`
            for the ports of a program outside.
        """
        self.counters.requests += 1
        language = stated(request, "Language") or _DEFAULT_LANGUAGE
        is_official = stated(request, "RequestClient").startswith("SDK_")  # programs compare its messages
        after_readers = lambda *parts: self._delivery.after(partial(answer, *parts))  # noqa: E731
        pending = PendingCall(language, after_readers, with_hint=not is_official)
        call = None
        try:
            if sent_by == COMMAND:
                call = self._command_gate.admit(request, time())
            else:
                call = self._gate.admit(request, time(), sent_by)
            router.perform(self._services, call, pending)
        except Exception as error:  # noqa: BLE001  a mistake of ours gets an answer too
            if isinstance(error, Refusal):
                self.refused(_refused(error, request, call))
            pending.fail(error)

    def refused(self, fact: Refused) -> None:
        """Record that a request was refused."""
        self.refusals.add(fact)
        self.records.refuse(fact)
        if self._watch is not None:
            self._watch(fact)

    def renew_keys(self) -> None:
        """Replace the endpoint's own key pair, so that requests with the old one are refused."""
        self._keys.discard(self.credential)
        self.credential = new_credential()
        self._keys.add(self.credential)

    def reset(self) -> None:
        """Return to the state of the start, as far as functions see it. Nothing is waited for.

        The functions are those of the start. There are no stubs, records and instances, and the key pair is new.
        """
        self.renew_keys()
        self.invocations.drop_events()
        self._dispatcher.end_all()
        self._in_process.forget()
        self.catalog.reset()
        self.stubs.clear()
        self.records.forget()
        self.refusals.clear()

    async def stop(self) -> None:
        """Kill every worker and remove the endpoint's files. Handlers in this process have a second to end."""
        await self._background.stop()
        await self.invocations.stop()
        await self._in_process.stop(IN_PROCESS_SECONDS)
        await self._dispatcher.stop()
        await in_thread(partial(self.records.close, is_kept=self.options.record_seconds is not None))
        self._scratch.remove()  # it may contain the records; fork servers that find it when they end remove it
        await self._launcher.stop()
        await self._delivery.end(READER_SECONDS)

    def records_path(self) -> Path:
        """The SQLite file of the records."""
        return Path(self.options.records or self._scratch.folder / "records.db")

    def _running_on(self, instance_id: str) -> Invocation | None:
        if not instance_id:
            return None
        instance = self._launcher.instances.get(instance_id)
        return instance.running if instance else self._in_process.running.get(instance_id)

    def _reader(self, read: Callable[[T], None] | None, size: Callable[[T], int]) -> Callable[[T], None] | None:
        """Wrap a reader of records or facts, so that the caller does not wait for it. size: the bytes of one."""
        if read is None:
            return None
        return lambda value: self._delivery.add(partial(read, value), size(value))

    def _report_unused_layers(self) -> None:
        used = {layer for function in self.catalog for layer in function.layer_folders}
        for name, folder in self.layer_folders.items():
            if len(self.catalog) and folder not in used:
                self.notify(f"layer `{name}` is not used: no serverless.yml names it")


def _refused(error: Refusal, request: Request, call: Call | None) -> Refused:
    parameters = call.parameters if call is not None else {}
    namespace, name = parameters.get("Namespace") or DEFAULT_NAMESPACE, parameters.get("FunctionName")
    return Refused(
        time(),
        error.code,
        error.text("en-US"),
        call.action if call is not None else stated(request, "Action")[:_SHOWN],
        call.region if call is not None else stated(request, "Region")[:_SHOWN],
        str(namespace)[:_SHOWN] if name else "",
        str(name)[:_SHOWN] if name else "",
    )


def _delivered(notify: Notify, delivery: Delivery) -> Notify:
    """Wrap `notify`: the notice becomes one line, and the caller does not wait until it is read."""

    def call(notice: str) -> None:
        line = one_line(notice)
        delivery.add(partial(notify, line), len(line))

    return call
