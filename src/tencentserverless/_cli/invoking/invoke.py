"""``tencentserverless invoke``: invoke one function, in the cloud or on a local endpoint."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from tencentserverless._cli import exit_codes, names, output, target
from tencentserverless._cli.invoking import event_text
from tencentserverless._cli.language import joined, text

if TYPE_CHECKING:
    from tencentserverless._protocol.trace import Step
    from tencentserverless.scf import InvokeResult

TYPES = ("RequestResponse", "Event")


@click.command()
@target.name_argument
@event_text.data_option
@click.option(
    "--type", "kind", type=click.Choice(TYPES), default=TYPES[0], show_default=True, help="Event: do not wait."
)
@click.option("--log", "--log-tail", "log", is_flag=True, help="Print the end of the execution log to standard error.")
@click.option("--pretty", is_flag=True, help="Print the result on several lines, indented.")
@click.option("--routing-key", metavar="JSON", help="An object for aliases that route by rule.")
@target.options
@output.options
def invoke(
    name: str,
    data: str | None,
    kind: str,
    log: bool,
    pretty: bool,
    routing_key: str | None,
    namespace: str,
    qualifier: str,
    idempotent: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Invoke the function NAME and print what it returned.

    A running local endpoint is also used without --local if no option, variable or file names credentials or an
    endpoint.

    The result goes to standard output, everything else to standard error. With --json the output is an object that
    has the result as `value`, and request_id, duration_ms, billed_ms, memory_bytes and log_tail. With --type Event it
    is an object with the request_id.
    """
    event = event_text.event_of(data)
    key = None if routing_key is None else event_text.parsed(routing_key)
    with ctrl_c() as trace, target.client_of(**options, trace=trace) as client:
        result = client.invoke(
            name, namespace, "Tail" if log else "None", qualifier, kind, event, routing_key=key, idempotent=idempotent
        )
    names.remember([name])
    if log:
        output.tell(result.log_tail.rstrip("\n"))
    show(result, kind == "Event", as_json, pretty)


class _Trace:
    """Notes whether a request was sent."""

    def __init__(self) -> None:
        self.was_sent = False

    def __call__(self, step: "Step") -> None:
        self.was_sent = self.was_sent or step.name == "write"


@contextmanager
def ctrl_c(sent: str = "") -> Iterator[_Trace]:
    """Make Ctrl-C in this block say whether the invocation may go on. Gives the trace for the client.

    sent: what to say if the request was sent.
    """
    trace = _Trace()
    try:
        yield trace
    except KeyboardInterrupt:
        sent = sent or text("The request was sent: the function may go on running.")
        went = sent if trace.was_sent else text("Nothing was sent.")
        raise exit_codes.Interrupted(joined(text("Interrupted."), went)) from None


def show(result: "InvokeResult", is_event: bool, as_json: bool, pretty: bool) -> None:
    """Print a result to standard output."""
    sent = {"request_id": result.function_request_id or result.request_id}
    shown: Any = as_data(result) if as_json else sent if is_event else None
    if shown is None and not pretty:
        output.write_json_text(result)
    elif pretty:
        output.write_json_text(json.dumps(result.value if shown is None else shown, ensure_ascii=False, indent=2))
    else:
        output.write_json(shown)


def as_data(result: "InvokeResult") -> dict[str, Any]:
    """What is known of a result, as JSON takes it."""
    fields = ("request_id", "function_request_id", "duration_ms", "billed_ms", "memory_bytes", "log_tail")
    return {"value": result.value, **{name: getattr(result, name) for name in fields}}
