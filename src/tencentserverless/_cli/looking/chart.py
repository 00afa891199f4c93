"""The picture of a chain in a terminal. Pure.

Bars are ASCII: other characters are as wide as two letters in some terminals.
"""

from collections.abc import Iterator, Sequence

from tencentserverless._cli.language import text
from tencentserverless._cli.looking import words
from tencentserverless._cli.looking.times import shown
from tencentserverless._cli.looking.waterfall import KINDS, Axis, Chain, Hop, duration
from tencentserverless._cli.text_width import width_of

MOST_ROWS = 200
MOST_FAILED = 20  # that are shown beyond the first rows
LEAST_BAR, MOST_NAME = 16, 32
MARKS = dict(zip(KINDS, ".-=", strict=True))
_FOLD_MARK = ":"
_STYLES = {"waiting": "2", "cold start": "33", "running": "32"}
_RED, _DIM, _BOLD = "31", "2", "1"


def lines(chain: Chain, width: int, *, colour: bool = False) -> Iterator[str]:
    """The lines of the picture. width: the columns of the terminal. colour: whether to use its colours."""
    return _Chart(chain, width, colour=colour).lines()


class _Chart:
    def __init__(self, chain: Chain, width: int, *, colour: bool) -> None:
        self._chain = chain
        self._colour = colour
        self._hops = _chosen(chain.hops)
        self._facts = [_facts(hop) for hop in self._hops]
        self._widths = [max(map(width_of, column)) for column in zip(*self._facts, strict=True)]
        self._name = min(max(len(_name(hop)) for hop in self._hops), MOST_NAME)
        rest = self._name + 4 + sum(self._widths) + 2 * len(self._widths)
        self._labels = [f" {duration(end - start)} " for start, end in chain.idle]
        fold = max(map(len, self._labels), default=0)
        self._bar = max(min(width, 160) - rest, LEAST_BAR, 2 * fold * len(self._labels))
        self._axis = Axis(chain, self._bar, fold)

    def lines(self) -> Iterator[str]:
        yield self._head()
        yield ""
        yield self._scale()
        for hop, facts in zip(self._hops, self._facts, strict=True):
            yield self._row(hop, facts)
        if len(self._hops) < len(self._chain.hops):
            yield text("and {count} more", count=len(self._chain.hops) - len(self._hops))
        yield ""
        marks = [f"{MARKS[kind]} {name}" for kind, name in words.kinds().items()]
        marks += [f"{_FOLD_MARK} {text('idle, folded')}"] if self._labels else []
        yield self._styled("   ".join(marks), _DIM)

    def _head(self) -> str:
        first, number = self._hops[0].record, len(self._chain.hops)
        facts = {
            "outcome": f"{self._styled(first.function_name, _BOLD)} {self._verdict(self._hops[0])}",
            "time": duration(self._chain.seconds),
            "at": shown(self._chain.began_at),
        }
        head = (
            text("{outcome}, 1 invocation in {time}, at {at}", **facts)
            if number == 1
            else text("{outcome}, {count} invocations in {time}, at {at}", count=number, **facts)
        )
        return f"{head}\nid {first.request_id}"

    def _scale(self) -> str:
        """The line above the bars: the beginning, the folded stretches, the end."""
        line = "0".ljust(self._bar)
        for (start, _), label in zip(self._chain.idle, self._labels, strict=True):
            place = max(int(self._axis.at(start)), 1)
            line = line[:place] + label + line[place + len(label) :]
        end = duration(self._chain.seconds)
        line = line[: self._bar].rstrip()
        end = end.rjust(self._bar - len(line)) if len(line) + len(end) < self._bar else ""
        return f"{' ' * self._name}  {line}{end}"

    def _row(self, hop: Hop, facts: Sequence[str]) -> str:
        name = _name(hop)
        name = name if len(name) <= self._name else f"{name[: self._name - 3]}..."
        took, memory = (fact.rjust(width) for fact, width in zip(facts[:2], self._widths, strict=False))
        return f"{name:{self._name}} |{self._bar_of(hop)}| {took}  {memory}  {self._verdict(hop)}".rstrip()

    def _bar_of(self, hop: Hop) -> str:
        cells = [(" ", "")] * self._bar
        for start, end in self._chain.idle:
            for column in range(int(self._axis.at(start)), min(int(self._axis.at(end)), self._bar)):
                cells[column] = (_FOLD_MARK, _DIM)
        for kind, start, end in hop.parts():
            first = min(int(self._axis.at(start)), self._bar - 1)
            last = min(max(int(self._axis.at(end)), first + 1), self._bar)
            style = _RED if kind == "running" and not hop.outcome.succeeded else _STYLES[kind]
            for column in range(first, last):
                if kind != "waiting" or cells[column][0] != _FOLD_MARK:
                    cells[column] = (MARKS[kind], style)
        return self._joined(cells)

    def _joined(self, cells: Sequence[tuple[str, str]]) -> str:
        if not self._colour:
            return "".join(mark for mark, _ in cells)
        found: list[list[str]] = []
        for mark, style in cells:
            if not found or found[-1][1] != style:
                found.append(["", style])
            found[-1][0] += mark
        return "".join(self._styled(marks, style) for marks, style in found)

    def _verdict(self, hop: Hop) -> str:
        return self._styled(words.verdict(hop.outcome.verdict), _style(hop))

    def _styled(self, part: str, style: str) -> str:
        return f"\x1b[{style}m{part}\x1b[0m" if self._colour and style and part.strip() else part


def _chosen(hops: Sequence[Hop]) -> list[Hop]:
    """The first hops, and of the others some that failed."""
    failed = [hop for hop in hops[MOST_ROWS:] if not hop.outcome.succeeded]
    return [*hops[:MOST_ROWS], *failed[:MOST_FAILED]]


def _facts(hop: Hop) -> tuple[str, str, str]:
    return duration(hop.ended - hop.came), hop.outcome.memory, words.verdict(hop.outcome.verdict)


def _name(hop: Hop) -> str:
    how = " (Event)" if hop.record.invocation.invocation_type == "Event" else ""
    return f"{'  ' * hop.depth}{hop.record.function_name}{how}"


def _style(hop: Hop) -> str:
    return _STYLES["running"] if hop.outcome.succeeded else _RED
