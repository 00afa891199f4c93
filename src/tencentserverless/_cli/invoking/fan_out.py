"""Invokes a function with each line of a file: the results, what is told meanwhile, and the end."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from tencentserverless._cli import exit_codes, output
from tencentserverless._cli.invoking import event_lines
from tencentserverless._cli.invoking.event_lines import Line
from tencentserverless._cli.invoking.progress import Count, Progress, duration
from tencentserverless._cli.invoking.results import Results, StandardOutput, check, journal_of, line_of
from tencentserverless._cli.language import joined, text
from tencentserverless._functions.fanout import is_hopeless
from tencentserverless._functions.journal import Journal
from tencentserverless.exception import ConnectError, SettingsError

if TYPE_CHECKING:
    from tencentserverless._functions.blocking import Function


LEAST_UNREACHED = 10


def fan_out(
    function: "Function[Any]",
    events: str,
    output_path: str | None,
    *,
    is_resumed: bool,
    concurrency: int,
    retries: int,
) -> "Run":
    """Invoke a function with all events, and return the run, which is over.

    events: a file, or - for standard input. output_path: the file of the results; None for standard output.
    """
    survey = _survey(events)
    count = Count(None if survey is None else survey.events)
    if output_path is None:
        run = Run(function, StandardOutput(), None, count)
    else:
        path = Path(output_path)
        check(path, is_resumed, events)
        journal = _journal(function, path, survey)  # first, because its lock keeps others from the results
        run = Run(function, Results(path), journal, count)
    try:
        run.go(events, concurrency, retries)
    except BaseException:
        run.remove_blank_files()
        raise
    return run


def _survey(events: str) -> event_lines.Survey | None:
    """What is known of the file of events; None for one that can be read only once."""
    if events == "-" or (Path(events).exists() and not Path(events).is_file()):
        return None
    try:
        return event_lines.survey(events)
    except OSError as error:
        raise exit_codes.Failure(f"{events}: {error.strerror}", exit_codes.WRONG_USE) from None


def _journal(function: "Function[Any]", path: Path, survey: event_lines.Survey | None) -> Journal:
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
        self, function: "Function[Any]", results: StandardOutput | Results, journal: Journal | None, count: Count
    ) -> None:
        self._function = function
        self._results = results
        self._journal = journal
        self._count = count
        self._stop = _Stop()
        self._sources: dict[int, bytes] = {}  # of the events that have no outcome yet
        self._codes: set[int] = set()
        self._unreached: list[tuple[int, ConnectError, bytes]] = []  # events in a row that found no connection
        self._most_unreached = LEAST_UNREACHED
        self._is_down = False  # whether there were so many of them that the run ends
        self.code = exit_codes.OK

    def go(self, events: str, concurrency: int, retries: int) -> None:
        """Send all events. Raises `Failure`, and the failure that ends the run."""
        began = time.monotonic()
        self._most_unreached = max(concurrency, LEAST_UNREACHED)
        try:
            self._send(events, concurrency=concurrency, retries=retries)
        except KeyboardInterrupt:
            raise self._interrupted() from None
        except OSError as error:
            where = "" if self._journal is None else f"{self._journal.path}: "
            raise exit_codes.Failure(f"{where}{error.strerror or error}", exit_codes.NOT_WRITTEN) from None
        finally:
            self._results.close()
            if self._count.done or not self._count.total:
                output.tell(self._summary(time.monotonic() - began))
        if self._stop.is_asked and self._count.done != self._count.total:
            raise self._interrupted()
        self.code = min(self._codes, default=exit_codes.OK)

    def remove_blank_files(self) -> None:
        """Remove the files of a run that ended before it sent an event: the next one is perhaps of another function."""
        if isinstance(self._results, Results) and self._journal is not None and self._journal.is_blank:
            self._results.remove_if_empty()
            with suppress(OSError):
                os.unlink(self._journal.path)

    def _send(self, events: str, **options: int) -> None:
        options.update(ordered=False, return_exceptions=True)
        with self._stop.on_ctrl_c(), Progress(self._count, may_draw=self._results.may_draw):
            for index, outcome in self._function._map(self._events(events), self._journal, True, **options):
                self._take(index, outcome)
        self._settle_unreached()
        if self._is_down:
            raise self._unreached[-1][1]

    def _events(self, events: str) -> Iterator[object]:
        with _opened(events) as file:
            for index, line in enumerate(self._stop.until_asked(event_lines.read(file, events))):
                if self._is_down:
                    return
                self._sources[index] = line.source
                if self._journal is not None and self._journal.is_finished(index):
                    self._count.recalled += 1
                yield line.event

    def _take(self, index: int, outcome: Any) -> None:
        source = self._sources.pop(index)
        failure = outcome if isinstance(outcome, Exception) else None
        if failure is not None and (is_hopeless(failure) or not self._is_finished(index)):
            return
        if isinstance(failure, ConnectError) and not self._results.has(index):
            self._unreached.append((index, failure, source))
            if self._is_down or len(self._unreached) >= self._most_unreached:
                self._withdraw()
            return
        self._settle_unreached()
        self._settle(index, outcome, source)

    def _withdraw(self) -> None:
        """Send nothing more, because every event would find no connection. A resumed run sends these events again."""
        self._is_down = True
        if self._journal is not None:
            for index, _, _ in self._unreached:
                self._journal.withdraw(index)

    def _settle_unreached(self) -> None:
        if not self._is_down:
            unreached, self._unreached = self._unreached, []
            for each in unreached:
                self._settle(*each)

    def _settle(self, index: int, outcome: Any, source: bytes) -> None:
        self._results.add(index, line_of(index, outcome))
        self._count.done += 1
        if not isinstance(outcome, Exception):
            return
        self._results.add_failed(source)
        self._codes.add(exit_codes.code_of(outcome))
        if getattr(outcome, "executed", "maybe") == "maybe":
            self._count.maybe += 1
        else:
            self._count.failed += 1

    def _is_finished(self, index: int) -> bool:
        """Whether the outcome stays. Others belong to events that a resumed run sends again."""
        return self._journal is None or self._journal.is_finished(index)

    def _interrupted(self) -> exit_codes.Interrupted:
        under_way = len(self._sources)
        sentences = [text("Interrupted.")]
        if under_way:
            sentences.append(text("{count} invocations were under way and may go on.", count=under_way))
        if self._journal is not None:
            sentences.append(text("--resume goes on."))
        return exit_codes.Interrupted(joined(*sentences))

    def _summary(self, seconds: float) -> str:
        count = self._count
        values = {"answers": count.answers, "failed": count.failed, "maybe": count.maybe, "time": duration(seconds)}
        message = text("{answers} answers, {failed} failed, {maybe} maybe, in {time}", **values)
        if isinstance(self._results, Results) and count.failed + count.maybe:
            message += "\n" + text("Events without an answer: {name}", name=self._results.failures)
        return message

    def as_data(self) -> dict[str, Any]:
        count = self._count
        return {"events": count.done, "answers": count.answers, "failures": count.failed, "maybe": count.maybe}


class _Stop:
    """Ctrl-C: the first one ends the sending of events, the second one ends the program."""

    def __init__(self) -> None:
        self.is_asked = False
        self._is_reading = False

    def until_asked(self, lines: Iterator[Line]) -> Iterator[Line]:
        """The lines until Ctrl-C, which also ends the wait for the next one."""
        while not self.is_asked:
            try:
                self._is_reading = True
                line = next(lines, None)
                self._is_reading = False
            except _AskedError:
                return
            if line is None:
                return
            yield line

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
        if self._is_reading:
            raise _AskedError


class _AskedError(Exception):
    """Ctrl-C while the next event is being read."""


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
