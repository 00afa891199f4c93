"""The logs in a file of records, for ``tencentserverless logs``."""

import shlex
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tencentserverless._cli import output
from tencentserverless._cli.language import joined, text
from tencentserverless._cli.looking import following, sources, times
from tencentserverless.local.invocations import record_file, refused_rows, search
from tencentserverless.local.invocations.search import Wanted

if TYPE_CHECKING:
    from tencentserverless._cli.looking.record_files import Source
    from tencentserverless.local.invocations.refusals import Repeated
    from tencentserverless.local.model.facts import Refused
    from tencentserverless.local.model.invocation import Record

MOST_REFUSED = 3


class Json:
    """Shows records as lines of JSON."""

    def __call__(self, record: "Record") -> None:
        output.write_json(record.as_data())

    def learn(self, database: sqlite3.Connection, records: "list[Record]") -> None:
        """There is nothing to learn."""


class Text:
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


def show(source: "Source", wanted: Wanted, most: int, show_record: Json | Text, *, follows: bool) -> None:
    """Show the newest invocations that are wanted, then each new one if `follows`. Raises `Failure`."""
    sources.flush(source)
    last, found, oldest, refused = 0, list["Record"](), None, list["Repeated"]()
    if source.path.exists():  # an endpoint writes it at its first invocation
        with sources.reading(source) as database:
            last = record_file.last_number(database)
            found = search.newest(database, wanted, most)
            oldest = search.oldest_time(database)
            show_record.learn(database, found)
            refused = refused_rows.read(database)
    for record in found:
        show_record(record)
    if not found and most:
        output.tell(_nothing(source.path, wanted, oldest))
    _tell_refused(refused, wanted)
    if follows:
        for record in _new_ones(source.path, wanted, last, show_record):
            show_record(record)


def _new_ones(path: Path, wanted: Wanted, last: int, show_record: Json | Text) -> Iterator["Record"]:
    """The records that are written from now on, also to a new file in the place of this one."""
    found: list[Record] = []
    while True:
        following.pause()
        is_more = True
        while is_more:
            found, is_more = [], False
            with suppress(OSError, sqlite3.Error), search.opened(path) as database:  # it may be gone, or locked
                found, last, is_more = search.after(database, last, wanted)
                show_record.learn(database, found)
            yield from found


def _tell_refused(refused: "list[Repeated]", wanted: Wanted) -> None:
    """Tell the newest refused requests: they did not become invocations, so they have no record."""
    from tencentserverless._cli.screen import Screen

    if wanted.request_id or wanted.text:
        return
    screen = Screen(output.columns(sys.stderr), looks_back=True)
    for each in [one for one in refused if _is_wanted(one.refused, wanted)][-MOST_REFUSED:]:
        output.tell(output.plain("\n".join(screen.refusal(each.refused, each.number)), sys.stderr))


def _is_wanted(refused: "Refused", wanted: Wanted) -> bool:
    places = {"function_name": wanted.name, "region": wanted.region, "namespace": wanted.namespace}
    given = {name: value for name, value in places.items() if value}
    return refused.at >= (wanted.since or 0.0) and given.items() <= refused._asdict().items()


def _nothing(path: Path, wanted: Wanted, oldest: float | None) -> str:
    """That nothing was found, and where."""
    if oldest is None:
        return text("There are no records in {path} yet.", path=path)
    span = {"start": times.shown(max(wanted.since or 0.0, oldest)), "end": times.shown(time.time())}
    message = text("No record from {start} to {end} was found in {path}.", path=path, **span)
    conditions = " ".join(_conditions(wanted))
    return joined(message, text("Conditions: {conditions}", conditions=conditions)) if conditions else message


def _conditions(wanted: Wanted) -> Iterator[str]:
    if wanted.name:
        yield wanted.name
    if wanted.failed:
        yield "--failed"
    options = {"region": wanted.region, "namespace": wanted.namespace}
    for option, value in {**options, "request": wanted.request_id, "search": wanted.text}.items():
        if value:
            yield f"--{option} {shlex.quote(value)}"
