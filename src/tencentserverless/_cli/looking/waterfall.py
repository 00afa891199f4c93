"""A chain of invocations on an axis of time: the part that the terminal's picture and the SVG share. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from tencentserverless.local.model.invocation import Outcome, Record

FOLDED_SHARE = 0.15  # an idle stretch that is a smaller part of the chain keeps its length
KINDS = ("waiting", "cold start", "running")


class Hop(NamedTuple):
    """One invocation of a chain. depth: 0 for the first one. Times are seconds after the chain began.

    It came at `came`, was waiting until `cold`, had a cold start until `running`, and ended at `ended`.
    """

    record: Record
    outcome: Outcome
    depth: int
    came: float
    cold: float
    running: float
    ended: float

    def parts(self) -> Iterator[tuple[str, float, float]]:
        """Its parts as (kind, start, end), without those that took no time."""
        times = (self.came, self.cold, self.running, self.ended)
        for kind, start, end in zip(KINDS, times, times[1:], strict=False):
            if end > start or kind == "running":
                yield kind, start, end

    def as_data(self) -> dict[str, Any]:
        """The hop as a dict that can be written as JSON."""
        return {
            **self.record.as_data(),
            "depth": self.depth,
            "start_ms": _ms(self.came),
            "waiting_ms": _ms(self.cold - self.came),
            "cold_start_ms": _ms(self.running - self.cold),
            "running_ms": _ms(self.ended - self.running),
            "end_ms": _ms(self.ended),
        }


class Chain:
    """A chain of invocations that have ended.

    hops: each caller before those that it invoked. seconds: from the beginning to the end. idle: the stretches in
    which nothing ran, as (start, end). Only long ones are listed; they are folded in pictures.
    """

    def __init__(self, records: Iterable[Record]) -> None:
        ended = [record for record in records if record.outcome is not None and record.ended_at is not None]
        self.began_at = min(record.invocation.received_at for record in ended)
        self.hops = list(_hops(ended, self.began_at))
        self.seconds = max(1e-6, *(hop.ended for hop in self.hops))
        self.idle = list(_idle(self.hops, self.seconds))

    def as_data(self) -> dict[str, Any]:
        """The chain as a dict that can be written as JSON."""
        return {
            "request_id": self.hops[0].record.request_id,
            "began_at": self.began_at,
            "total_ms": _ms(self.seconds),
            "idle": [{"start_ms": _ms(start), "end_ms": _ms(end)} for start, end in self.idle],
            "hops": [hop.as_data() for hop in self.hops],
        }


class Axis:
    """Where a time of a chain is on a line of some length. A folded stretch takes `fold` of that length."""

    def __init__(self, chain: Chain, length: float, fold: float) -> None:
        self._idle = chain.idle
        self._fold = fold
        shown = chain.seconds - sum(end - start for start, end in chain.idle)
        self._scale = max(length - fold * len(chain.idle), 1.0) / max(shown, 1e-6)

    def at(self, time: float) -> float:
        """The place of a time."""
        place = time * self._scale
        for start, end in self._idle:
            inside = min(max(time - start, 0.0), end - start)
            place += self._fold * inside / (end - start) - inside * self._scale
        return place


def duration(seconds: float) -> str:
    """A duration, in the unit that suits it."""
    if seconds < 1:
        return f"{seconds * 1000:.3g} ms" if seconds < 0.001 else f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.2f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def _hops(records: Sequence[Record], began: float) -> Iterator[Hop]:
    known = {record.request_id for record in records}
    callees: dict[str | None, list[Record]] = {}
    for record in sorted(records, key=lambda each: (each.invocation.received_at, each.number), reverse=True):
        callees.setdefault(record.parent if record.parent in known else None, []).append(record)
    todo = [(record, 0) for record in callees.pop(None, records[:1])]
    while todo:
        record, depth = todo.pop()
        yield _hop(record, depth, began)
        todo += [(callee, depth + 1) for callee in callees.pop(record.request_id, ())]


def _hop(record: Record, depth: int, began: float) -> Hop:
    """Its cold start and its run are known by their lengths. They are at its end; before them it waited."""
    outcome = record.outcome
    assert outcome is not None
    assert record.ended_at is not None
    came, ended = record.invocation.received_at - began, record.ended_at - began
    ended = max(came, ended)
    ran_ms = outcome.duration_ms if outcome.busy_ms is None else outcome.busy_ms
    running = max(came, ended - ran_ms / 1000)
    cold = max(came, running - (outcome.init_ms or 0.0) / 1000)
    return Hop(record, outcome, depth, came, cold, running, ended)


def _idle(hops: Sequence[Hop], seconds: float) -> Iterator[tuple[float, float]]:
    busy_until = 0.0
    for hop in sorted(hops, key=lambda each: each.cold):
        if hop.cold - busy_until > seconds * FOLDED_SHARE and len(hops) > 1:
            yield busy_until, hop.cold
        busy_until = max(busy_until, hop.ended)


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)
