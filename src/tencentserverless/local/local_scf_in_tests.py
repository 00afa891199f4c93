"""The methods of `LocalSCF` that tests need: stubs, faults, what was invoked, and the way back to the start."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from tencentserverless.local.doubles import expectations
from tencentserverless.local.doubles.faults import Coped, FaultRun, chosen
from tencentserverless.local.doubles.stubs import new_stub
from tencentserverless.local.endpoint import Endpoint
from tencentserverless.local.eventloop.loop_thread import LoopThread
from tencentserverless.local.model.invocation import Record

PATIENCE_SECONDS = 1.0


class InTests:
    """The part of `LocalSCF` that is for tests."""

    _strict: bool
    _notify: Callable[[str], None]
    _loop: LoopThread | None = None
    _endpoint: Endpoint | None = None
    secret_id: str
    secret_key: str

    def stub(
        self,
        name: str,
        *,
        returns: Any = ...,
        raises: BaseException | type[BaseException] = ...,  # type: ignore[assignment]
        status: int = ...,  # type: ignore[assignment]
        fault: str = ...,  # type: ignore[assignment]
        calls: Callable[..., Any] = ...,  # type: ignore[assignment]
        times: int | range | None = None,
        optional: bool = False,
        region: str | None = None,
        namespace: str | None = None,
    ) -> None:
        """Answer invocations of this function from the test. A function of this name that is served is hidden.

        returns: the result. raises: an exception for the handler to raise. status: the platform's number of a failure,
            such as 433 for a function that ran out of time. fault: what goes wrong on the way: "throttled",
            "reset-before" and "reset-after" (the connection is reset before or after the function runs), "silence",
            "truncated" or "too-large". calls: a function that takes the event, or the event and the context, and
            returns the result. Give one of the five.
        times: how often the stub has to be used, a number or a range. By default it is once or more.
        optional: whether the stub may stay unused.
        region, namespace: where the function is, by default everywhere.

        Stubs of one function with `times` answer one after the other. The newest one without `times` answers the rest.
        """
        given = {"returns": returns, "raises": raises, "status": status, "fault": fault, "calls": calls}
        answers = {kind: value for kind, value in given.items() if value is not ...}
        place = {"region": region, "namespace": namespace}
        self._running().stubs.add(new_stub(name, answers, times, optional=optional, **place))

    def faults(
        self,
        name: str,
        program: Callable[[], Any],
        *,
        only: str | int | Iterable[str | int] = (),
        times: int | None = None,
    ) -> list[Coped]:
        """Run a program once without a fault of this function, then once with each. Return how it coped with each.

        program: takes nothing. Its value without a fault is what success is.
        only: the faults to try: status codes such as 433, and names such as "silence". By default all.
        times: how often the function fails in a run, before it answers again. By default always.
        """
        names = chosen(only)
        success = program()
        return [self._cope(name, program, success, fault, times) for fault in names]

    def _cope(self, name: str, program: Callable[[], Any], success: Any, fault: str, times: int | None) -> Coped:
        before = {record.request_id for record in self.invocations()}
        value, error = None, None
        with self._fault_run(name, fault, times).active() as run:
            try:
                value = program()
            except Exception as raised:  # noqa: BLE001  it is what is reported
                error = raised
        detail = f"returned {value!r}" if error is None else f"raised {type(error).__name__}: {error}"
        return self._coped(run, error, detail, before, is_same=error is None and value == success)

    def _coped(
        self, run: FaultRun, error: BaseException | None, detail: str, before: Iterable[str] = (), *, is_same: bool
    ) -> Coped:
        """How a program coped. before: the request ids of invocations that were made before."""
        self.wait_for_idle(PATIENCE_SECONDS)
        records = [record for record in self.invocations() if record.request_id not in before]
        return run.judge(records, error, detail, is_same=is_same)

    def _fault_run(self, name: str, fault: str, times: int | None = None) -> FaultRun:
        return FaultRun(self._running().stubs, name, fault, times)

    def invocations(self, name: str | None = None) -> list[Record]:
        """The records of the invocations since the start or `reset`, oldest first. name: of this function only."""
        records = self._running().records.own()
        if name is None:
            return records
        own = [record for record in records if record.function_name == name]
        others = (record.function_name for record in records if record.function_name != name)
        return expectations.Invocations(name, own, others)

    def wait_for_idle(self, seconds: float = 5.0) -> bool:
        """Wait until no invocation is running or waiting, at most so long. Returns whether that is so."""
        invocations = self._running().invocations
        if not invocations.is_idle:
            with suppress(asyncio.TimeoutError):
                self._running_loop().wait_for(asyncio.wait_for(invocations.idle(), seconds))
        return invocations.is_idle

    def account(self, *, strict: bool | None = None) -> str:
        """Everything that was not as expected since the start or `reset`, as text. "" if all was.

        Invocations that are still running are waited for, for a second at most.
        strict: used in the place of the argument of `LocalSCF`.
        """
        self.wait_for_idle(PATIENCE_SECONDS)
        stubs, names = self._running().stubs.all, {function.name for function in self._running().catalog}
        is_strict = self._strict if strict is None else strict
        return expectations.account(stubs, self.invocations(), self._running().refusals.all(), names, is_strict)

    def verify(self) -> None:
        """Raise `ExpectationError`, an AssertionError, with the `account` if not all was as expected.

        A stub that was not used as often as it says, a stub with `returns` or `calls` that failed, an invocation of a
        function that is not there, and an invocation that does not end are not as expected.
        """
        if found := self.account():
            raise expectations.ExpectationError(found)

    def refuse(self) -> None:
        """Refuse requests with the present key pair from now on. `secret_id` and `secret_key` are new."""
        self._running_loop().call(self._running().renew_keys)
        self._show_keys()

    def reset(self) -> None:
        """Return to the state of the start: functions, records, keys, stubs. All instances are ended.

        Invocations that are still running are broken off, but handlers in this interpreter run on.
        """
        self._running_loop().call(self._running().reset)
        self._show_keys()

    def _running(self) -> Endpoint:
        if self._endpoint is None:
            raise RuntimeError("LocalSCF has not started: use it in a with statement")
        if self._is_inherited():
            raise RuntimeError("LocalSCF runs in the parent of this process. After a fork only `client()` works here")
        return self._endpoint

    def _is_inherited(self) -> bool:
        """Whether this process is a fork of the one in which the endpoint runs."""
        return self._loop is not None and self._loop.is_inherited

    def _running_loop(self) -> LoopThread:
        if self._loop is None:
            raise RuntimeError("LocalSCF is not running")
        return self._loop

    def _verify_block(self, *, has_raised: bool) -> None:
        """Verify a block. If it has raised, that error must not be hidden, so the account is given as notices."""
        if not has_raised:
            self.verify()
        for line in self.account().splitlines():
            self._notify(line)

    def _show_keys(self) -> None:
        credential = self._running().credential
        self.secret_id, self.secret_key = credential.secret_id, credential.secret_key
