"""``tencentserverless logs``: what functions printed, and how they ended."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tencentserverless._cli import output
from tencentserverless._cli.looking import cloud_logs, following, sources, times
from tencentserverless.local.invocations import search
from tencentserverless.local.invocations.search import Wanted

if TYPE_CHECKING:
    from tencentserverless._cli.looking.record_files import Source
    from tencentserverless.local.model.invocation import Record


class _Json:
    """Shows records as lines of JSON."""

    def __call__(self, record: "Record") -> None:
        output.write_json(record.as_data())

    def learn(self, database: sqlite3.Connection, records: "list[Record]") -> None:
        """There is nothing to learn."""


class _Text:
    """Shows records as text."""

    def __init__(self) -> None:
        from tencentserverless._cli.screen import Screen

        self._screen = Screen(output.columns(), colour=output.has_colours(), looks_back=True)

    def __call__(self, record: "Record") -> None:
        output.write_shown("\n".join(self._screen.entry(record)))

    def learn(self, database: sqlite3.Connection, records: "list[Record]") -> None:
        """Learn why invocations failed from those that they made, which may not be shown."""
        failed = [each.request_id for each in records if each.outcome and not each.outcome.succeeded]
        for record in search.failed_below(database, failed) if failed else ():
            self._screen.learn(record)


@click.command()
@click.argument("name", required=False)
@click.option("--follow", "-f", "follows", is_flag=True, help="Print the last ones, then each new one, until Ctrl-C.")
@click.option("-n", "most", type=click.IntRange(0), default=100, show_default=True, help="The number of invocations.")
@click.option("--since", metavar="TIME", help="Only what came after this: 30m, 2h, 7d, or 2026-01-31T09:00.")
@click.option("--failed", is_flag=True, help="Only invocations that failed.")
@click.option(
    "--request", "request_id", metavar="ID", help="Only the invocation with this request id, or its beginning."
)
@click.option("--search", "text", metavar="TEXT", help="Only invocations with this text in their log, result or error.")
@sources.options
@output.options
def logs(
    name: str | None,
    follows: bool,
    most: int,
    since: str | None,
    failed: bool,
    request_id: str | None,
    text: str | None,
    as_json: bool,
    **place: Any,
) -> None:
    """Print the last invocations, of the function NAME or of all: how each ended, what it printed, why it failed.

    The local endpoint keeps records of invocations. They are used if there are some for this folder, otherwise the
    cloud is asked. An invocation appears when it has ended.
    """
    wanted = Wanted(
        name=name,
        region=place["region"],
        namespace=place["namespace"],
        since=_since(since),
        failed=failed,
        request_id=request_id,
        text=text,
    )
    show: _Json | _Text = _Json() if as_json else _Text()
    source = sources.chosen(place)
    with output.until_the_reader_goes():
        if source is None:
            cloud_logs.show(wanted, most, show, follows=follows, **place)
        else:
            _of_file(source, wanted, most, show, follows=follows)


def _since(text: str | None) -> float | None:
    try:
        return None if text is None else times.parsed(text, time.time())
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--since") from None


def _of_file(source: "Source", wanted: Wanted, most: int, show: _Json | _Text, *, follows: bool) -> None:
    sources.flush(source)
    try:
        with search.opened(source.path) as database:
            last = search.last_number(database)
            found = search.newest(database, wanted, most)
            oldest = search.oldest_time(database)
            show.learn(database, found)
    except FileNotFoundError:
        last, found, oldest = 0, [], None
    for record in found:
        show(record)
    if not found and most:
        output.tell(_nothing(source.path, wanted, oldest))
    if follows:
        for record in _new_ones(source.path, wanted, last, show):
            show(record)


def _new_ones(path: Path, wanted: Wanted, last: int, show: _Json | _Text) -> Iterator["Record"]:
    """The records that are written from now on, also to a new file in the place of this one."""
    found: list[Record] = []
    while True:
        following.pause()
        is_more = True
        while is_more:
            found, is_more = [], False
            with suppress(OSError, sqlite3.Error), search.opened(path) as database:  # it may be gone, or locked
                found, last, is_more = search.after(database, last, wanted)
                show.learn(database, found)
            yield from found


def _nothing(path: Path, wanted: Wanted, oldest: float | None) -> str:
    """That nothing was found, and where."""
    start = max(filter(None, (wanted.since, oldest)), default=None)
    since = f"from {times.shown(start)} to {times.shown(time.time())}" if start and oldest else "which is empty"
    return f"No record{_conditions(wanted)} was found in {path}, {since}."


def _conditions(wanted: Wanted) -> str:
    words = [
        f"of {wanted.name}" if wanted.name else "",
        f"in {wanted.region}" if wanted.region else "",
        f"in the namespace {wanted.namespace}" if wanted.namespace else "",
        "of a failure" if wanted.failed else "",
        f"with the id {wanted.request_id}" if wanted.request_id else "",
        f"with the text {wanted.text!r}" if wanted.text else "",
    ]
    return "".join(f" {word}" for word in words if word)
