"""What `local start` shows of the endpoint's work: facts in, lines of text out. Pure, but for its memory.

All characters are in GBK too, the encoding of Chinese Windows terminals.
"""

import json
import textwrap
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from tencentserverless._cli.language import text
from tencentserverless._cli.text_width import SECOND_COLUMN, WIDE, width_of
from tencentserverless._failures.remote_trace import RUNTIME, Part, folded, parts_of
from tencentserverless.local.model.facts import Begun, Ended, Fact, Noticed, Printed, Refused
from tencentserverless.local.model.function import DEFAULT_NAMESPACE
from tencentserverless.local.model.invocation import Invocation, Outcome, Record
from tencentserverless.local.model.regions import DEFAULT_REGION

TIME_COLUMNS = len("14:03:07.112  ")
ENTRY_COLUMNS = 4  # before the lines below the first one of an entry
LEAST_COLUMNS = 40
MOST_TRACE_LINES = 60
MOST_PRINTED_LINES = 1000  # of one invocation
MOST_CHARACTERS = 8192  # that wait for the end of their line
MOST_REMEMBERED = 1000
_BOLD, _DIM, _RED, _GREEN, _YELLOW = "1", "2", "31", "32", "33"
_CODE_FOLDER = "/var/user"
_OF_CLIENT = ("FunctionError", "InvocationError", "TencentServerlessSDKException")


class _Words(NamedTuple):
    """The words of each invocation's lines, in which values get their places later.

    A screen looks them up once, because the language stays the same.
    """

    begins: str
    begins_as: str
    ok: str
    failed: str
    time: str
    cold_start: str
    comma: str

    @classmethod
    def here(cls) -> "_Words":
        """Those of the chosen language."""
        return cls(
            begins=text("begins"),
            begins_as=text("begins ({how})", how="{how}"),
            ok=text("ok"),
            failed=text("failed ({code})", code="{code}"),
            time=text(" in {time}", time="{time}"),
            cold_start=text("cold start {time}", time="{time}"),
            comma=text(", "),
        )


@dataclass(slots=True)
class _Shown:
    """What a running invocation has printed: the number of lines, and the last one without its end."""

    lines: int = 0
    unfinished: str = ""


class Screen:
    """Turns facts into lines.

    width: the columns of the terminal. colour: whether to use its colours. debugs: whether functions have a debugger.
    looks_back: whether what is shown has happened some time ago, so that its day is shown too.
    """

    def __init__(
        self, width: int = 80, *, colour: bool = False, debugs: bool = False, looks_back: bool = False
    ) -> None:
        self._words = _Words.here()
        self._width = width
        self._looks_back = looks_back
        self._margin = ENTRY_COLUMNS if looks_back else TIME_COLUMNS
        self._colour = colour
        self._debugs = debugs
        self._shown: dict[str, _Shown] = {}  # by request id
        self._causes: dict[str, str] = {}  # why an invocation below failed, by the request id of its caller
        self._refused: Refused | None = None  # the last refusal, if nothing else was shown since
        self._times = self._shown_times = 0

    def lines(self, fact: Fact) -> list[str]:
        """The lines that show this fact, without ends of lines."""
        if isinstance(fact, Refused):
            return list(self._of_refused(fact))
        return [*self.rest(), *self._of(fact)]

    def entry(self, record: Record) -> Iterator[str]:
        """The lines on an invocation that has ended: how, what it printed, why it failed. Its callees come before."""
        invocation, outcome = record.invocation, record.outcome
        assert outcome is not None
        yield from self._summary(record.ended_at or 0.0, invocation, outcome, f"id {record.request_id}")
        for line in record.log.removesuffix("\n").split("\n") if record.log else ():
            yield self._below(invocation, f"| {_without_returns(line)}".rstrip())
        below = self._causes.pop(invocation.request_id, "")
        if not outcome.succeeded:
            yield from self._failure(invocation, outcome, below)

    def learn(self, record: Record) -> None:
        """Remember why an invocation failed that is not shown: its caller may have failed because of it."""
        list(self.entry(record))

    def refusal(self, fact: Refused, times: int) -> Iterator[str]:
        """The lines on a request that was refused so many times."""
        place = f"{fact.function_name} ({fact.region}/{fact.namespace})" if fact.function_name else ""
        words = [fact.code, fact.action, place, f"× {times:,}" if times > 1 else ""]
        what = text("{place}: {why}", place=" ".join(filter(None, words)), why=fact.message)
        return self._wrapped(fact.at, text("refused: "), what)

    def rest(self) -> list[str]:
        """The lines that were held back, because refusals repeated themselves."""
        refused, times, is_shown = self._refused, self._times, self._times == self._shown_times
        self._refused, self._times, self._shown_times = None, 0, 0
        return [] if refused is None or is_shown else list(self.refusal(refused, times))

    def _of(self, fact: Fact) -> Iterator[str]:
        if isinstance(fact, Begun):
            self._shown[fact.invocation.request_id] = _Shown()
            yield self._begun(fact.invocation)
        elif isinstance(fact, Printed):
            yield from self._printed(fact.invocation, fact.text)
        elif isinstance(fact, Ended):
            yield from self._ended(fact.record)
        elif isinstance(fact, Noticed):
            yield from self._wrapped(fact.at, "", fact.text)

    # Invocations.

    def _begun(self, invocation: Invocation) -> str:
        is_event, words = invocation.invocation_type == "Event", self._words
        begins = words.begins_as.format(how="Event") if is_event else words.begins
        return f"{self._time(invocation.received_at)}{self._indent(invocation)}{self._name(invocation)} {begins}"

    def _printed(self, invocation: Invocation, printed: str) -> Iterator[str]:
        """The lines that are complete. The last one waits for its end, or for that of the invocation."""
        shown = self._shown.setdefault(invocation.request_id, _Shown())
        if shown.lines > MOST_PRINTED_LINES:
            return
        *whole, shown.unfinished = (shown.unfinished + printed).split("\n", MOST_PRINTED_LINES)
        if len(shown.unfinished) > MOST_CHARACTERS:
            whole, shown.unfinished = [*whole, shown.unfinished], ""
        shown.lines += len(whole)
        for line in whole:
            yield self._below(invocation, f"| {line.rstrip()}", invocation.function.name)
        if shown.lines > MOST_PRINTED_LINES:
            shown.unfinished = ""
            yield self._below(invocation, f"| {text('[more lines are in its record]')}", invocation.function.name)

    def _below(self, invocation: Invocation, line: str, name: str = "") -> str:
        """A line below that of the invocation. name: whose line it is, because several may run at the same time."""
        return f"{' ' * self._margin}{self._indent(invocation)}  {self._styled(f'{name} ' if name else '', _DIM)}{line}"

    def _ended(self, record: Record) -> Iterator[str]:
        invocation, outcome = record.invocation, record.outcome
        assert outcome is not None
        shown = self._shown.pop(invocation.request_id, None) or _Shown()
        if shown.unfinished:
            yield self._below(invocation, f"| {shown.unfinished.rstrip()}", invocation.function.name)
        more = [] if outcome.succeeded else [f"id {record.request_id}"]
        yield from self._summary(record.ended_at or 0.0, invocation, outcome, *more)
        below = self._causes.pop(invocation.request_id, "")
        if not outcome.succeeded:
            yield from self._failure(invocation, outcome, below)

    def _summary(self, at: float, invocation: Invocation, outcome: Outcome, *more: str) -> Iterator[str]:
        words = self._words
        failed = words.failed.format(code=outcome.status_code)
        how = self._styled(words.ok, _GREEN) if outcome.succeeded else self._styled(failed, _RED)
        facts = [words.time.format(time=_milliseconds(outcome.duration_ms))]
        facts += [] if outcome.init_ms is None else [words.cold_start.format(time=_milliseconds(outcome.init_ms))]
        facts += [outcome.memory] if outcome.memory else []
        head = f"{self._time(at)}{self._indent(invocation)}{self._name(invocation)} {how}"
        yield from _flowing(head, [*facts, *more], words.comma, self._width, self._margin + 2)

    # Failures.

    def _failure(self, invocation: Invocation, outcome: Outcome, below: str) -> Iterator[str]:
        trace = _trace_of(outcome).replace(f'File "{_CODE_FOLDER}/', f'File "{invocation.function.code}/')
        parts = parts_of(trace) if trace else []
        raised = parts[-1].raised if parts else outcome.error_message.partition("\n")[0]
        chain = " → ".join((*invocation.callers, invocation.function.name))
        is_from_below = bool(below) and raised.partition(":")[0].rpartition(".")[2] in _OF_CLIENT
        cause = below if is_from_below else text("{place}: {why}", place=chain, why=_printable(raised))
        if invocation.parent is not None:
            self._remember_cause(invocation.parent, cause)
        yield self._below(invocation, self._styled(cause, _RED))
        lines = list(folded(parts[-1].frames, _fold)) if is_from_below else list(_frames(parts))
        for line in _without_middle(lines):
            yield self._below(invocation, line.rstrip())
        if raised.startswith("bdb.BdbQuit") and not self._debugs:
            advice = text("breakpoint() needs a debugger: start the endpoint with --debug")
            yield self._below(invocation, self._styled(advice, _YELLOW))

    def _remember_cause(self, caller: str, cause: str) -> None:
        self._causes[caller] = cause
        if len(self._causes) > MOST_REMEMBERED:
            del self._causes[next(iter(self._causes))]

    # Refusals.

    def _of_refused(self, fact: Refused) -> Iterator[str]:
        """A line for the first refusal of its kind, and for each tenfold number of it."""
        kind = fact._replace(at=0.0)
        if self._refused is None or kind != self._refused._replace(at=0.0):
            yield from self.rest()
        self._refused = fact
        self._times += 1
        if self._times >= 10 * self._shown_times:
            self._shown_times = self._times
            yield from self.refusal(fact, self._times)

    def _wrapped(self, at: float, label: str, what: str) -> Iterator[str]:
        """Text after a label, in lines that are as wide as the terminal."""
        room = max(self._width - TIME_COLUMNS, LEAST_COLUMNS)
        wide = WIDE.sub(rf"\g<0>{SECOND_COLUMN}", label + _printable(what))
        lines = textwrap.wrap(wide, room, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
        first, *more = (line.replace(SECOND_COLUMN, "") for line in lines)
        yield f"{self._time(at)}{self._styled(label, _YELLOW)}{first[len(label) :]}"
        yield from (f"{' ' * TIME_COLUMNS}{line}" for line in more)

    # Words.

    def _time(self, at: float) -> str:
        day = "%Y-%m-%d " if self._looks_back else ""
        shown = f"{time.strftime(f'{day}%H:%M:%S', time.localtime(at))}.{int(at * 1000) % 1000:03}"
        return f"{self._styled(shown, _DIM)}  "

    def _indent(self, invocation: Invocation) -> str:
        return "" if self._looks_back else "  " * len(invocation.callers)

    def _name(self, invocation: Invocation) -> str:
        function = invocation.function
        is_usual = (function.region, function.namespace) == (DEFAULT_REGION, DEFAULT_NAMESPACE)
        place = "" if is_usual else f" ({function.region}/{function.namespace})"
        return self._styled(function.name, _BOLD) + place

    def _styled(self, words: str, style: str) -> str:
        return f"\x1b[{style}m{words}\x1b[0m" if self._colour and words else words


def json_line(fact: Fact) -> str:
    """The fact as one line of JSON."""
    data: dict[str, Any]
    if isinstance(fact, Ended):
        data = fact.record.as_data()
    elif isinstance(fact, Begun):
        data = Record(fact.invocation).as_data()
        data = {name: value for name, value in data.items() if value is not None and name != "cold_start"}
    elif isinstance(fact, Printed):
        data = {"request_id": fact.invocation.request_id, "text": fact.text}
    else:
        data = fact._asdict()
    return json.dumps({"fact": type(fact).__name__.lower(), **data})


def _without_returns(line: str) -> str:
    """A line of a log, in which a carriage return hides nothing."""
    return line.rstrip("\r").replace("\r", "\\r")


def _milliseconds(value: float) -> str:
    return f"{value:.0f} ms" if value >= 1 else f"{value:.1f} ms"


def _printable(raw: str) -> str:
    """Text in which control characters are escaped: a client has written it."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in raw)


def _flowing(head: str, words: Sequence[str], comma: str, width: int, margin: int) -> Iterator[str]:
    """Words after a head, with commas. Those that do not fit into the width stand below, after a margin."""
    line, columns = head, width_of(head)
    for number, word in enumerate(words, 1):
        piece = f"{word}{comma}" if number < len(words) else word
        more = width_of(piece.rstrip())
        if number > 1 and columns + more > width:
            yield line.rstrip()
            line, columns = " " * margin, margin
        line, columns = line + piece, columns + width_of(piece)
    yield line


def _trace_of(outcome: Outcome) -> str:
    """The traceback of a failure. That of a function that did not start is its message."""
    try:
        error = json.loads(outcome.ret_msg)
    except ValueError:
        return ""
    if not isinstance(error, dict):
        return ""
    message = error.get("errorMessage", "")
    return error.get("stackTrace") or (message if "\n" in message else "")


def _frames(parts: Iterable[Part]) -> Iterator[str]:
    """The exceptions of a traceback, the last one first: it ended the function."""
    for number, part in enumerate(reversed(list(parts))):
        if number:
            yield text("after {raised}", raised=part.raised)
        yield from folded(part.frames, _fold)
        yield from part.more


def _fold(owner: str, count: int) -> str:
    """What stands for the frames of the client, or of the platform's runtime."""
    of = text("the runtime") if owner == RUNTIME else owner
    if count == 1:
        return text("[1 frame of {owner}]", owner=of)
    return text("[{count} frames of {owner}]", count=count, owner=of)


def _without_middle(lines: list[str]) -> list[str]:
    left_out = len(lines) - MOST_TRACE_LINES
    if left_out <= 0:
        return lines
    middle = text("[{count} lines]", count=left_out)
    return [*lines[: MOST_TRACE_LINES // 3], middle, *lines[-(MOST_TRACE_LINES * 2 // 3) :]]
