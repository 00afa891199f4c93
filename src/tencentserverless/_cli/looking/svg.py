"""The picture of a chain as an SVG: one file without scripts, for pages and issues. Pure.

It has a background of its own, dark where the reader's page is, so that its text can be read everywhere.
"""

from collections.abc import Iterator
from html import escape

from tencentserverless._cli.language import text
from tencentserverless._cli.looking import words
from tencentserverless._cli.looking.times import shown
from tencentserverless._cli.looking.waterfall import Axis, Chain, Hop, duration

MOST_ROWS = 500
_WIDTH, _ROW, _TOP, _LEFT, _BAR, _FOLD, _MARGIN = 960, 24, 72, 230, 480, 110, 16
_COLOURS = {  # by class: on a light page, on a dark one
    "page": ("#ffffff", "#0d1117"),
    "text": ("#1f2328", "#f0f6fc"),
    "dim": ("#59636e", "#9198a1"),
    "fold": ("#eff2f5", "#212830"),
    "waiting": ("#b6bfca", "#656c76"),
    "cold-start": ("#bf8700", "#d29922"),
    "running": ("#1a7f37", "#3fb950"),
    "failed": ("#cf222e", "#f85149"),
}
_FONT = 'text { font: 13px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace }'


def picture(chain: Chain) -> str:
    """The text of the file."""
    hops = chain.hops[:MOST_ROWS]
    height = _TOP + _ROW * (len(hops) + 2)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" '
            f'height="{height}" role="img">',
            f"<title>{_safe(_title(chain))}</title>",
            f"<style>{_FONT} {_rules(0)} @media (prefers-color-scheme: dark) {{ {_rules(1)} }}</style>",
            f'<rect class="page" width="{_WIDTH}" height="{height}" rx="6"/>',
            *_parts(chain, hops, height),
            "</svg>\n",
        ]
    )


def _rules(page: int) -> str:
    return " ".join(f".{name} {{ fill: {colours[page]} }}" for name, colours in _COLOURS.items())


def _parts(chain: Chain, hops: list[Hop], height: int) -> Iterator[str]:
    axis = Axis(chain, _BAR, _FOLD)
    yield _text(_MARGIN, 26, _title(chain))
    yield _text(_LEFT, 56, "0", "dim")
    yield _text(_LEFT + _BAR, 56, duration(chain.seconds), "dim", anchor="end")
    for start, end in chain.idle:
        yield _rect(_LEFT + axis.at(start), _TOP - 10, axis.at(end) - axis.at(start), height - _TOP - 30, "fold")
        middle = _LEFT + (axis.at(start) + axis.at(end)) / 2
        yield _text(middle, 56, text("{time} idle", time=duration(end - start)), "dim", anchor="middle")
    for number, hop in enumerate(hops):
        yield from _row(hop, axis, _TOP + _ROW * number)
    if len(hops) < len(chain.hops):
        yield _text(
            _MARGIN, _TOP + _ROW * len(hops) + 8, text("and {count} more", count=len(chain.hops) - len(hops)), "dim"
        )
    yield from _legend(height - 14)


def _row(hop: Hop, axis: Axis, y: int) -> Iterator[str]:
    yield _text(_MARGIN + 14 * min(hop.depth, 8), y + 8, hop.record.function_name)
    for kind, start, end in hop.parts():
        name = "failed" if kind == "running" and not hop.outcome.succeeded else kind.replace(" ", "-")
        yield _rect(_LEFT + axis.at(start), y - 3, max(axis.at(end) - axis.at(start), 2), 14, name)
    yield _text(_LEFT + _BAR + 74, y + 8, duration(hop.ended - hop.came), anchor="end")
    yield _text(_LEFT + _BAR + 138, y + 8, hop.outcome.memory, anchor="end")
    yield _text(_LEFT + _BAR + 148, y + 8, words.verdict(hop.outcome.verdict))


def _legend(y: int) -> Iterator[str]:
    names = {**words.kinds(), "failed": words.verdict("failed")}
    for number, (name, label) in enumerate(names.items()):
        x = _LEFT + 120 * number
        yield _rect(x, y - 10, 12, 12, name.replace(" ", "-"))
        yield _text(x + 18, y, label, "dim")


def _title(chain: Chain) -> str:
    first = chain.hops[0].record
    return f"{first.function_name}  {first.request_id}  {shown(chain.began_at)}"


def _rect(x: float, y: float, width: float, height: float, name: str) -> str:
    return f'<rect class="{name}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"/>'


def _text(x: float, y: float, content: str, name: str = "text", *, anchor: str = "start") -> str:
    return f'<text class="{name}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{_safe(content)}</text>'


def _safe(content: str) -> str:
    """Text for XML, which cannot have control characters."""
    return escape("".join(each if each.isprintable() else "?" for each in content))
