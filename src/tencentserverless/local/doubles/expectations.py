"""The account of what a test expected and did not get. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from tencentserverless._failures import remote_trace
from tencentserverless.local.doubles.stubs import Stub
from tencentserverless.local.model.bounded_text import few_lines, few_names
from tencentserverless.local.model.facts import Refused
from tencentserverless.local.model.invocation import Record

_NOT_FOUND = "ResourceNotFound.Function"
_NOTHING = "There are neither functions nor stubs here."
_LEFT = "was still running after the end of the test. wait_for_idle() waits for its end."


class ExpectationError(AssertionError):
    """A test did not get what it expected of stubs and functions. The text is the whole account."""


class Invocations(list[Record]):
    """The records of one function's invocations, oldest first. The error of a missing index names the other functions.

    others: the names of the other functions that were invoked.
    """

    def __init__(self, name: str, records: Iterable[Record], others: Iterable[str]) -> None:
        super().__init__(records)
        self._name = name
        self._others = dict.fromkeys(others)

    def __getitem__(self, index: Any) -> Any:
        try:
            return super().__getitem__(index)
        except IndexError:
            count = f"invoked {_times(len(self))}" if self else "not invoked"
        raise IndexError(f"{self._name} was {count}, so there is no [{index}]. {_invoked(self._others)}")


def account(
    stubs: Sequence[Stub],
    records: Sequence[Record],
    refusals: Iterable[tuple[Refused, int]],
    served: Iterable[str],
    strict: bool = True,
) -> str:
    """Everything that was not as expected, one paragraph for each; "" if all was.

    records, refusals: those of the test. served: the names of the functions that the endpoint serves.
    strict: whether stubs have to be used as often as they say, and only known functions may be invoked.
    """
    names = sorted({*served, *(stub.name for stub in stubs)})
    answers = {record.request_id: record for record in records}
    found = [text for stub in stubs if (text := _broken(stub, answers))]
    found += [f"{record.invocation.summary} {_LEFT}" for record in records if record.outcome is None]
    if strict:
        found += [text for stub in stubs if (text := _miscounted(stub, records, refusals))]
        found += [_unexpected(refused, count, names) for refused, count in refusals if refused.code == _NOT_FOUND]
    return "\n\n".join(found)


def chain_text(records: Sequence[Record], told: str = "") -> str:
    """The invocations of a test with their events, results, errors and logs. Each stands below the one that made it.

    told: text that the reader knows already. Tracebacks in it are not repeated.
    """
    children: dict[str | None, list[Record]] = {}
    ids = {record.request_id for record in records}
    for record in records:
        children.setdefault(record.parent if record.parent in ids else None, []).append(record)
    return "\n".join(_tree(children, told, None, ""))


def _tree(children: Mapping[str | None, list[Record]], told: str, parent: str | None, indent: str) -> list[str]:
    lines = []
    for record in children.get(parent, ()):
        lines.append(f"{indent}{record.summary}")
        lines += [f"{indent}    | {line}" for line in few_lines(record.log.rstrip("\n")).split("\n") if line]
        trace = _trace(record)
        if not told or _indented(trace) not in told:
            lines += [f"{indent}    {line}" for line in trace.split("\n") if line]
        lines += _tree(children, told, record.request_id, indent + "  ")
    return lines


def _trace(record: Record) -> str:
    """The traceback of an invocation. Frames of the client are folded; the error of an inner invocation is one line."""
    lines: list[str] = []
    trace = record.error.stack_trace if record.error else ""
    for part in remote_trace.parts_of(trace) if trace else ():
        lines += [*remote_trace.folded(part.frames), part.raised]
        lines += [] if part.raised.startswith("tencentserverless.") else part.more
    return few_lines("\n".join(lines).rstrip("\n"))


def _broken(stub: Stub, answers: Mapping[str, Record]) -> str:
    """The first failure of a stub that was not to fail."""
    if stub.status is not None or stub.way is not None or stub.raises:
        return ""
    for request_id in stub.request_ids:
        record = answers.get(request_id)
        if record and record.error:
            reason = _trace(record) or str(record.error.message)
            return f"{_said(stub, 'raised an exception by itself')}:\n{_indented(reason)}"
    return ""


def _miscounted(stub: Stub, records: Sequence[Record], refusals: Iterable[tuple[Refused, int]]) -> str:
    count = len(stub.request_ids)
    if count < stub.least:
        used = "was never used" if not count else f"was used {_times(count)}, not {_wanted(stub)}"
        advice = "" if count else " If that is right, give it optional=True."
        return f"{_said(stub, used)}. {_instead(stub, records, refusals)}{advice}"
    if stub.most is not None and count > stub.most:
        return f"{_said(stub, f'was used {_times(count)}, not {_wanted(stub)}')}."
    return ""


def _instead(stub: Stub, records: Sequence[Record], refusals: Iterable[tuple[Refused, int]]) -> str:
    invoked = dict.fromkeys(record.function_name for record in records)
    invoked.update(dict.fromkeys(refused.function_name for refused, _ in refusals if refused.code == _NOT_FOUND))
    others = [name for name in invoked if name != stub.name]
    return _invoked(others)


def _invoked(others: Iterable[str]) -> str:
    return f"The test invoked {few_names(others) or 'no other function'}."


def _unexpected(refused: Refused, count: int, names: Sequence[str]) -> str:
    name = refused.function_name
    by_small = {other.lower(): other for other in names}
    near = [by_small[found] for found in get_close_matches(name.lower(), by_small, 3, 0.6)]
    place = f"{refused.region}, {refused.namespace}"
    if name in near:
        hint = f"{name} is in another region or namespace."
    else:
        others = f"There are: {few_names(names)}." if names else _NOTHING
        hint = f"Near names: {', '.join(near)}." if near else others
    return f"{name} ({place}) was invoked {_times(count)}, but it is neither a function nor a stub. {hint}"


def _said(stub: Stub, what: str) -> str:
    return f'stub("{stub.name}") {what}' + (f" ({stub.made_at})" if stub.made_at else "")


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _wanted(stub: Stub) -> str:
    if stub.most is None or stub.least == stub.most:
        return _times(stub.least) if stub.least else "never"
    return f"{stub.least} to {stub.most} times"


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.split("\n"))
