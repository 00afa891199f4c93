"""How a program copes with the faults of a function that it invokes."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import NamedTuple

from tencentserverless.exception import ServerlessError
from tencentserverless.local.doubles.status_codes import STATUS_CODES
from tencentserverless.local.doubles.stubs import Stub, Stubs, Times, new_stub
from tencentserverless.local.doubles.ways import WAYS
from tencentserverless.local.model.bounded_text import one_line, shortened
from tencentserverless.local.model.invocation import Record

_EXECUTED = {str(code): found.executed for code, found in STATUS_CODES.items()}
_EXECUTED.update((name, way.executed) for name, way in WAYS.items())
FAULTS = tuple(_EXECUTED)

HANDLED = "handled"
PASSED_ON = "passed on"
MISTAKEN = "mistaken for a success"
WRONG_EXECUTED = "passed on with a wrong executed"
NOT_TOLD = "not told"
NOT_MET = "not met"
RIGHT = (HANDLED, PASSED_ON, NOT_TOLD)

DETAIL_CHARACTERS = 120
_TIMEOUT = "TENCENTSERVERLESS_TIMEOUT"
_TIMEOUT_SECONDS = "1"


class Coped(NamedTuple):
    """How a program coped with a fault of a function.

    fault: a status code such as "433", or a fault of the way such as "silence".
    how: "handled": the program noticed the fault and ended in a way of its own, or the function answered in the end.
        "passed on": an error of this package came out, and its `executed` is right.
        "passed on with a wrong executed": the error says that the handler ran or did not, but that is not so.
        "mistaken for a success": the program ended as it does without a fault.
        "not told": all were Event invocations, whose failures no caller is told.
        "not met": the program did not invoke the function.
    detail: the value or the error with which the program ended, one line.
    """

    fault: str
    how: str
    detail: str

    def __str__(self) -> str:
        return f"{self.fault}: {self.how} ({self.detail})"

    @property
    def is_right(self) -> bool:
        """Whether the program coped. It did not if it was mistaken, or did not meet the fault."""
        return self.how in RIGHT


class FaultRun:
    """One run of a program in which a function has a fault.

    made: the stub that makes the fault.
    """

    def __init__(self, stubs: Stubs, name: str, fault: str, times: Times = None) -> None:
        self._stubs = stubs
        self.name = name
        self.fault = fault
        self.made: Stub | None = None
        self._answer = {"fault": fault} if fault in WAYS else {"status": int(fault)}
        self._times = times

    @contextmanager
    def active(self) -> "Iterator[FaultRun]":
        """Within this block the function has the fault. With silence, clients of this program give up after a second,
        unless they are given a timeout."""
        self.made = new_stub(self.name, self._answer, self._times, is_first=True, optional=True)
        self._stubs.add(self.made)
        try:
            with _variable(_TIMEOUT, _TIMEOUT_SECONDS) if self.fault == "silence" else nullcontext():
                yield self
        finally:
            self._stubs.discard(self.made)

    def judge(self, records: Sequence[Record], error: BaseException | None, detail: str, *, is_same: bool) -> Coped:
        """How the program coped.

        records: those of the run. error: with which the program ended. is_same: whether it ended as without the fault.
        """
        how = self._how(records, error, is_same=is_same)
        return Coped(self.fault, how, shortened(one_line(detail), DETAIL_CHARACTERS))

    def complaint(self, coped: Coped) -> str:
        """What a test reports of a program that did not cope. "" if it did."""
        texts = {
            MISTAKEN: f"The test passed although {self.name} failed ({self.fault}): the program took the failure for a "
            "success. If the test allows for faults, let it take the fixture scf_fault, the name of the fault or None.",
            WRONG_EXECUTED: f"The error says the wrong thing in `executed`: after this fault ({self.fault}) of "
            f'{self.name} it is "{_EXECUTED[self.fault]}".',
            NOT_MET: f"{self.name} was not invoked, so its fault ({self.fault}) was not met.",
        }
        return texts.get(coped.how, "")

    def _how(self, records: Sequence[Record], error: BaseException | None, *, is_same: bool) -> str:
        assert self.made is not None
        met = set(self.made.request_ids)
        if not met:
            return NOT_MET
        if isinstance(error, ServerlessError) and not is_same:
            return PASSED_ON if self._is_right(error) else WRONG_EXECUTED
        if not is_same or self._has_answered(records, met):
            return HANDLED
        types = [record.invocation.invocation_type for record in records if record.request_id in met]
        return NOT_TOLD if types and set(types) == {"Event"} else MISTAKEN

    def _is_right(self, error: ServerlessError) -> bool:
        """Whether the error says of this function what is so. One that is about another function does not say wrong."""
        claims = [hop.executed for hop in error.chain if hop.function_name == self.name]
        return not claims or claims[-1] in ("maybe", _EXECUTED[self.fault])

    def _has_answered(self, records: Sequence[Record], met: set[str]) -> bool:
        mine = (record for record in records if record.function_name == self.name and record.request_id not in met)
        return any(record.outcome is not None and record.outcome.succeeded for record in mine)


def chosen(only: str | int | Iterable[str | int] = ()) -> list[str]:
    """The names of these faults, by default of all. Raises ValueError for one that does not exist."""
    names = [str(name) for name in ([only] if isinstance(only, (str, int)) else only)]
    for name in names:
        if name not in FAULTS:
            raise ValueError(f"there is no fault {name}. There are: {', '.join(FAULTS)}")
    return names or list(FAULTS)


@contextmanager
def _variable(name: str, text: str) -> Iterator[None]:
    before = os.environ.get(name)
    os.environ[name] = text
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
