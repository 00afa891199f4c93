"""An invocation as plain data: what was asked, how it ended, and the record that is kept of both. Pure."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from tencentserverless.local.model.function import Function


class Invocation(NamedTuple):
    """One event on its way to a function.

    event: JSON text in UTF-8 in which lone surrogates pass. parent: the request id of the invocation that made this
    one, where that is known; callers: the names of the functions that lead here, the first one first.
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

    def child(self) -> tuple[str, tuple[str, ...]]:
        """`parent` and `callers` of an invocation that this one makes."""
        return self.request_id, (*self.callers, self.function.name)

    def loop(self) -> tuple[str, ...]:
        """The shortest way along the callers that has led to this function again; () where none has."""
        name = self.function.name
        if name not in self.callers:
            return ()
        start = len(self.callers) - 1 - self.callers[::-1].index(name)
        return (*self.callers[start:], name)


class Outcome(NamedTuple):
    """How an invocation ended.

    status_code: the platform's number, 200 for success. ret_msg: JSON text. error_message: "" on success.
    memory_bytes: the peak. output: what the function printed; init_output: what it printed while being loaded.
    init_ms: None unless this was a cold start.
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

    @property
    def succeeded(self) -> bool:
        return self.status_code == 200


@dataclass(slots=True)
class Record:
    """What is kept of an invocation; `outcome` is None while it runs. Times are Unix seconds. number: orders those that
    came at the same time."""

    invocation: Invocation
    number: int = 0
    started_at: float | None = None
    ended_at: float | None = None
    outcome: Outcome | None = None

    @property
    def kept_bytes(self) -> int:
        """Roughly what keeping this record costs."""
        outcome = self.outcome
        texts = (outcome.ret_msg, outcome.output, outcome.init_output) if outcome else ()
        return len(self.invocation.event) + sum(map(len, texts)) + 1000

    def as_data(self) -> dict[str, Any]:
        """The record as JSON takes it."""
        asked, ended = self.invocation, self.outcome
        return {
            "request_id": asked.request_id,
            "parent": asked.parent,
            "callers": list(asked.callers),
            "region": asked.function.region,
            "namespace": asked.function.namespace,
            "function_name": asked.function.name,
            "qualifier": asked.qualifier,
            "invocation_type": asked.invocation_type,
            "event": asked.event.decode("utf-8", "surrogatepass"),
            "received_at": asked.received_at,
            "started_at": self.started_at,
            "ended_at": self.ended_at,
            "status_code": ended and ended.status_code,
            "ret_msg": ended and ended.ret_msg,
            "error_message": ended and ended.error_message,
            "duration_ms": ended and ended.duration_ms,
            "memory_bytes": ended and ended.memory_bytes,
            "output": ended and ended.init_output + ended.output,
            "cold_start": bool(ended and ended.init_ms is not None),
            "init_ms": ended and ended.init_ms,
            "instance_id": ended and ended.instance_id,
        }
