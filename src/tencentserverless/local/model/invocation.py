"""Plain data on invocations: the invocation itself, its outcome, and the record of both. Pure."""

from dataclasses import dataclass
from sys import getsizeof
from typing import Any, NamedTuple

from tencentserverless._protocol.failure import failure_of, named
from tencentserverless._protocol.invoke import decoded
from tencentserverless.exception import ServerlessError
from tencentserverless.local.model.bounded_text import shortened
from tencentserverless.local.model.function import Function

MB = 1024 * 1024


class Invocation(NamedTuple):
    """One event on its way to a function.

    event: JSON text in UTF-8; lone surrogates are encoded too.
    parent: the request id of the invocation that made this one; None if there is none, or it is unknown.
    callers: the names of the functions in the chain that leads to this invocation, the first one first.
    received_at: Unix seconds.
    """

    request_id: str
    function: Function
    event: bytes
    invocation_type: str = "RequestResponse"
    qualifier: str = "$LATEST"
    parent: str | None = None
    received_at: float = 0.0
    callers: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """The function, where it is, and the event, in one line."""
        function, event = self.function, self.event.decode("utf-8", "surrogatepass")
        return f"{function.name} ({function.region}, {function.namespace}) {shortened(event)}"

    def child(self) -> tuple[str, tuple[str, ...]]:
        """The `parent` and the `callers` of an invocation that this one makes."""
        return self.request_id, (*self.callers, self.function.name)

    def loop(self) -> tuple[str, ...]:
        """The part of the chain from this function to itself, the shortest if there are several; else ()."""
        name = self.function.name
        if name not in self.callers:
            return ()
        start = len(self.callers) - 1 - self.callers[::-1].index(name)
        return (*self.callers[start:], name)


class Outcome(NamedTuple):
    """How an invocation ended.

    status_code: the platform's number, 200 for success.
    ret_msg: the result or the error object as JSON text.
    error_message: "" on success.
    memory_bytes: the peak.
    output: what the function printed during the event. init_output: what it printed while it was loaded.
    init_ms: the time for loading; None if this was not a cold start.
    busy_ms: the time from sending the event to the instance until its answer; None if it was not sent.
    """

    status_code: int
    ret_msg: str
    error_message: str = ""
    duration_ms: float = 0.0
    memory_bytes: int = 0
    output: str = ""
    init_output: str = ""
    init_ms: float | None = None
    instance_id: str = ""
    busy_ms: float | None = None

    @property
    def succeeded(self) -> bool:
        return self.status_code == 200

    @property
    def memory(self) -> str:
        """The memory that it needed, "" if that is not known."""
        return f"{self.memory_bytes / MB:.0f} MB" if self.memory_bytes else ""

    @property
    def verdict(self) -> str:
        """Whether it succeeded, in a word or two."""
        return "ok" if self.succeeded else f"failed ({self.status_code})"

    @property
    def summary(self) -> str:
        """The result or the error, and the time, in one line."""
        text = self.ret_msg if self.succeeded else f"{self.status_code} {self.error_message}"
        return f"{shortened(text.splitlines()[0] if text else text)} in {self.duration_ms:.0f} ms"


@dataclass(slots=True, repr=False)
class Record:
    """The record of an invocation. `outcome` is None until it has ended. Times are Unix seconds.

    number: the order of invocations that came at the same time.
    """

    invocation: Invocation
    number: int = 0
    started_at: float | None = None
    ended_at: float | None = None
    outcome: Outcome | None = None

    def __repr__(self) -> str:
        return f"<{self.summary}>"

    @property
    def summary(self) -> str:
        """The invocation and how it ended, in one line."""
        return f"{self.invocation.summary} -> {self.outcome.summary if self.outcome else 'was still running'}"

    @property
    def request_id(self) -> str:
        """The id of the invocation."""
        return self.invocation.request_id

    @property
    def function_name(self) -> str:
        """The name of the function."""
        return self.invocation.function.name

    @property
    def parent(self) -> str | None:
        """The request id of the invocation that made this one. None if a program outside made it."""
        return self.invocation.parent

    @property
    def event(self) -> Any:
        """The event as a Python value, or its text if it is not JSON."""
        return decoded(self.invocation.event.decode("utf-8", "surrogatepass"))

    @property
    def result(self) -> Any:
        """The result as a Python value. None if the invocation failed, or has not ended."""
        return decoded(self.outcome.ret_msg) if self.outcome and self.outcome.succeeded else None

    @property
    def error(self) -> ServerlessError | None:
        """The error that a client raises for it, such as a FunctionError. None on success, and before its end."""
        outcome, function = self.outcome, self.invocation.function
        if outcome is None or outcome.succeeded:
            return None
        error = failure_of(outcome.ret_msg, outcome.status_code, self.request_id, outcome.error_message)
        return named(error, function.name, function.region, function.namespace)

    @property
    def log(self) -> str:
        """The output of the function, during this invocation and, after a cold start, while it was loaded."""
        return self.outcome.init_output + self.outcome.output if self.outcome else ""

    @property
    def duration_ms(self) -> float | None:
        """The time that the handler took. None if it has not ended."""
        return self.outcome.duration_ms if self.outcome else None

    @property
    def kept_bytes(self) -> int:
        """Roughly the memory that this record needs."""
        outcome = self.outcome
        texts = (outcome.ret_msg, outcome.error_message, outcome.output, outcome.init_output) if outcome else ()
        return len(self.invocation.event) + sum(map(getsizeof, texts)) + 1000

    def as_data(self) -> dict[str, Any]:
        """The record as a dict that can be written as JSON."""
        invocation, outcome = self.invocation, self.outcome
        return {
            "request_id": invocation.request_id,
            "parent": invocation.parent,
            "callers": list(invocation.callers),
            "region": invocation.function.region,
            "namespace": invocation.function.namespace,
            "function_name": invocation.function.name,
            "qualifier": invocation.qualifier,
            "invocation_type": invocation.invocation_type,
            "event": invocation.event.decode("utf-8", "surrogatepass"),
            "received_at": invocation.received_at,
            "started_at": self.started_at,
            "ended_at": self.ended_at,
            "status_code": outcome and outcome.status_code,
            "ret_msg": outcome and outcome.ret_msg,
            "error_message": outcome and outcome.error_message,
            "duration_ms": outcome and outcome.duration_ms,
            "memory_bytes": outcome and outcome.memory_bytes,
            "output": self.log if outcome else None,
            "cold_start": bool(outcome and outcome.init_ms is not None),
            "init_ms": outcome and outcome.init_ms,
            "instance_id": outcome and outcome.instance_id,
            "busy_ms": outcome and outcome.busy_ms,
        }
