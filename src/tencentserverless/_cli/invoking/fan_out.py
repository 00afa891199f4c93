"""A function invoked with each line of a file: the results, what is told meanwhile, and the end."""

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from tencentserverless._cli import exit_codes, output
from tencentserverless._cli.invoking import event_lines
from tencentserverless._cli.invoking.progress import Count, Progress, duration
from tencentserverless._cli.invoking.results import Results, StandardOutput, journal_of, line_of
from tencentserverless._cli.language import joined, text
from tencentserverless._functions.fanout import is_hopeless
from tencentserverless._functions.journal import Journal
from tencentserverless.exception import SettingsError

if TYPE_CHECKING:
    from tencentserverless._functions.blocking import Function


def fan_out(function: "Function[Any]", events: str, output_path: str | None, *, is_resumed: bool, **how: int) -> "Run":
    """Invoke a function with all events, and return the run, which is over. how: `concurrency` and `retries`.

    events: a file, or - for standard input. output_path: the file of the results; None for standard output.
    """
    survey = _survey(events)
    count = Count(None if survey is None else survey.events)
    if output_path is None:
        run = Run(function, StandardOutput(), None, count)
    else:
        path = Path(output_path)
        run = Run(function, Results(path, is_resumed), _journal(function, path, survey), count)
    run.go(events, **how)
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
