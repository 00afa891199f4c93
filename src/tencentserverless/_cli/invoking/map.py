"""``tencentserverless map``: invoke a function with each line of a file."""

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from tencentserverless._cli import exit_codes, output, target
from tencentserverless._cli.invoking import event_lines
from tencentserverless._cli.invoking.progress import Count, Progress, duration
from tencentserverless._cli.invoking.results import Results, StandardOutput, journal_of, line_of
from tencentserverless._cli.language import text

if TYPE_CHECKING:
    from tencentserverless._functions.blocking import Function
    from tencentserverless._functions.journal import Journal


@click.command("map")
@click.argument("name")
@click.argument("events", metavar="EVENTS")
@click.option(
    "-o", "--output", "path", type=click.Path(dir_okay=False, path_type=Path), help="Default: standard output."
)
@click.option("--concurrency", type=click.IntRange(1), default=32, show_default=True, help="Invocations at a time.")
@click.option("--retries", type=click.IntRange(0), default=0, show_default=True, help="Of events that did not run.")
@click.option("--resume", is_flag=True, help="Go on with the results in -o: do not repeat what is there.")
@target.options
@output.options
def map_events(
    name: str,
    events: str,
    path: Path | None,
    concurrency: int,
    retries: int,
    resume: bool,
    namespace: str,
    qualifier: str,
    idempotent: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Invoke the function NAME with each line of the file EVENTS; - is standard input.

    Each line is one event, as JSON. Results are lines of JSON too, in the order in which they come: index (the number
    of the event, from 0), value or error, executed, request_id and duration_ms.

    With -o results.jsonl there is also results.jsonl.journal, which --resume needs to go on after Ctrl-C or a crash,
    and results.failed.jsonl, the events without an answer, which are EVENTS of another run. An event that was under
    way has an error with executed "maybe". It is sent again only with --idempotent.

    A failure that every event would meet, such as wrong credentials, ends the run. With --json and -o the last line on
    standard output is an object with the numbers.
    """
    if resume and path is None:
        raise click.UsageError(text("--resume needs -o, the file of the results"))
    survey = _survey(events)
    count = Count(None if survey is None else survey.events)
    with target.client_of(**options, max_connections=max(concurrency, 256)) as client:
        function = client.function(name, namespace=namespace, qualifier=qualifier, idempotent=idempotent)
        results = StandardOutput() if path is None else Results(path, resume)
        journal = None if path is None else _journal(function, path, survey)
        run = Run(function, results, journal, count)
        run.go(events, concurrency, retries)
    if as_json and path is not None:
        output.write_json(run.as_data())
    sys.exit(run.code)


def _survey(events: str) -> event_lines.Survey | None:
    """What is known of the file of events; None for one that can be read only once."""
    if events == "-" or not Path(events).is_file():
        return None
    try:
        return event_lines.survey(events)
    except OSError as error:
        raise exit_codes.Failure(f"{events}: {error.strerror}", exit_codes.WRONG_USE) from None


def _journal(function: "Function[Any]", path: Path, survey: event_lines.Survey | None) -> "Journal":
    from tencentserverless._functions.journal import Journal
    from tencentserverless.exception import SettingsError

    about = {**function._about(), "events": None if survey is None else survey.digest}
    try:
        return Journal(journal_of(path), about)
    except SettingsError as error:
        raise exit_codes.Failure(str(error.message), exit_codes.WRONG_USE) from None
    except OSError as error:
        raise exit_codes.Failure(f"{journal_of(path)}: {error.strerror}") from None


class Run:
    """One run over all events. code: the exit code, once it is over."""

    def __init__(
        self, function: "Function[Any]", results: StandardOutput | Results, journal: "Journal | None", count: Count
    ) -> None:
        self._function = function
        self._results = results
        self._journal = journal
        self._count = count
        self._stop = _Stop()
        self._sources: dict[int, bytes] = {}  # of the events that have no outcome yet
        self._codes: set[int] = set()
        self.code = exit_codes.OK

    def go(self, events: str, concurrency: int, retries: int) -> None:
        began = time.monotonic()
        options = {"concurrency": concurrency, "retries": retries, "ordered": False, "return_exceptions": True}
        try:
            with self._stop.on_ctrl_c(), Progress(self._count):
                outcomes = self._function._map(self._events(events), self._journal, True, **options)
                for index, outcome in outcomes:
                    self._take(index, outcome)
        except KeyboardInterrupt:
            raise self._interrupted() from None
        except OSError as error:
            where = "" if self._journal is None else f"{self._journal.path}: "
            raise exit_codes.Failure(f"{where}{error.strerror or error}", exit_codes.NOT_WRITTEN) from None
        finally:
            self._results.close()
            output.tell(self._summary(time.monotonic() - began))
        if self._stop.is_asked and self._count.done != self._count.total:
            raise self._interrupted()
        self.code = min(self._codes, default=exit_codes.OK)

    def _events(self, events: str) -> Iterator[object]:
        with _opened(events) as file:
            for index, line in enumerate(event_lines.read(file, events)):
                if self._stop.is_asked:
                    return
                self._sources[index] = line.source
                if self._journal is not None and self._journal.is_finished(index):
                    self._count.recalled += 1
                yield line.event

    def _take(self, index: int, outcome: Any) -> None:
        from tencentserverless._functions.fanout import is_hopeless

        source = self._sources.pop(index)
        failure = outcome if isinstance(outcome, Exception) else None
        if failure is not None and (is_hopeless(failure) or not self._is_finished(index)):
            return
        self._results.add(index, line_of(index, outcome))
        self._count.done += 1
        if failure is None:
            return
        self._results.add_failed(source)
        self._codes.add(exit_codes.code_of(failure))
        if getattr(failure, "executed", "maybe") == "maybe":
            self._count.maybe += 1
        else:
            self._count.failed += 1

    def _is_finished(self, index: int) -> bool:
        """Whether the outcome stays. Others belong to events that a resumed run sends again."""
        return self._journal is None or self._journal.is_finished(index)

    def _interrupted(self) -> exit_codes.Interrupted:
        under_way = len(self._sources)
        message = text("Interrupted.")
        if under_way:
            message += " " + text("{count} invocations were under way and may go on.", count=under_way)
        if self._journal is not None:
            message += " " + text("--resume goes on.")
        return exit_codes.Interrupted(message)

    def _summary(self, seconds: float) -> str:
        count = self._count
        values = {"answers": count.answers, "failed": count.failed, "maybe": count.maybe, "time": duration(seconds)}
        message = text("{answers} answers, {failed} failures, {maybe} maybe, in {time}", **values)
        if isinstance(self._results, Results) and count.failed + count.maybe:
            message += text("; the events without an answer: {name}", name=self._results.failures)
        return message

    def as_data(self) -> dict[str, Any]:
        count = self._count
        return {"events": count.done, "answers": count.answers, "failures": count.failed, "maybe": count.maybe}


class _Stop:
    """Ctrl-C: the first one ends the sending of events, the second one ends the program."""

    def __init__(self) -> None:
        self.is_asked = False

    @contextmanager
    def on_ctrl_c(self) -> Iterator[None]:
        before = signal.signal(signal.SIGINT, self._handle)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        if self.is_asked:
            raise KeyboardInterrupt
        self.is_asked = True
        output.tell("\n" + text("Waiting for the invocations under way. Ctrl-C again leaves them."))


@contextmanager
def _opened(events: str) -> Iterator[Any]:
    if events == "-":
        yield sys.stdin.buffer
        return
    try:
        file = open(events, "rb")  # noqa: SIM115
    except OSError as error:
        raise exit_codes.Failure(f"{events}: {error.strerror}", exit_codes.WRONG_USE) from None
    with file:
        yield file
