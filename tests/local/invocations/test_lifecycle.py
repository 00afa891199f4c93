"""Invocations from their arrival to their record."""

import asyncio
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tencentserverless.local.invocations import lifecycle as module
from tencentserverless.local.invocations.lifecycle import Invocations
from tencentserverless.local.invocations.records import Records
from tencentserverless.local.model import api_errors
from tencentserverless.local.model.api_errors import Refusal
from tencentserverless.local.model.invocation import Outcome
from tencentserverless.local.model.options import Options
from tests.local.factories import invocation

DONE = Outcome(200, '"done"')


class Runner:
    """Keeps what it is to run, with the `done` of each; ends them at once where it is given an outcome."""

    def __init__(self, outcome=None):
        self.outcome = outcome
        self.running = []

    def run(self, invocation, done):
        if self.outcome is not None:
            done(self.outcome)
        else:
            self.running.append((invocation, done))


@pytest.fixture
def made(tmp_path):
    """`made(act, **parts)` runs `act(invocations, records)` on a loop."""
    numbers = iter(range(10000))

    def run(act, options=None, instances=None, in_process=None, on_record=None):
        async def main():
            path = tmp_path / f"{next(numbers)}.db"
            records = Records(lambda: path, pytest.fail)
            invocations = Invocations(
                options or Options(),
                records,
                instances or Runner(DONE),
                in_process or Runner(),
                lambda _: None,
                on_record,
            )
            try:
                return await asyncio.wait_for(act(invocations, records), 20)
            finally:
                await invocations.stop()
                records.close()

        return asyncio.run(main())

    return run


def test_the_record_of_one_that_ended(made):
    """An invocation is recorded from its beginning on, and whoever asked for it and who watches get its record."""
    runner, told, watched = Runner(), [], []

    async def act(invocations, records):
        invocations.invoke(invocation(), told.append)
        (record,) = records.all()
        assert record.started_at > 0
        assert (record.outcome, record.ended_at, told, watched) == (None, None, [], [])
        ((_, done),) = runner.running
        done(DONE)
        assert told == watched == [record]
        assert record.outcome == DONE
        assert record.ended_at >= record.started_at

    made(act, instances=runner, on_record=watched.append)


@pytest.mark.parametrize(
    ("error", "status"), [(api_errors.event_not_json(), 400), (KeyError("a mistake of ours"), 500)]
)
def test_one_that_did_not_come_about(made, error, status):
    """What was refused, or failed by a mistake of ours, is recorded as that and told as what it is."""
    told, watched = [], []

    async def act(invocations, records):
        invocations.invoke(invocation(), told.append)
        return [record.outcome.status_code for record in records.all()]

    assert made(act, instances=Runner(error), on_record=watched.append) == [getattr(error, "status_code", status)]
    assert (told, watched) == ([error], [])


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(["hello", "other", "third"]), max_size=5), st.integers(0, 5), st.booleans())
def test_chains_that_are_too_long(made, callers, most_hops, later):
    """A chain runs up to its limit and is refused beyond it, by either way, and then recorded and not run."""
    runner, told = Runner(DONE), []

    async def act(invocations, records):
        one = invocation()._replace(callers=tuple(callers))
        try:
            invocations.invoke_later(one) if later else invocations.invoke(one, told.append)
        except Refusal as refusal:
            return refusal.code, [record.outcome.status_code == 200 for record in records.all()]
        while not records.all() or records.all()[0].outcome is None:
            await asyncio.sleep(0)
        return "", [record.outcome.status_code == 200 for record in records.all()]

    code, succeeded = made(act, Options(most_hops=most_hops), runner)
    if len(callers) > most_hops:
        assert (code, succeeded, told) == (api_errors.chain_too_long(most_hops, ()).code, [False], [])
    else:
        assert (code, succeeded) == ("", [True])


@pytest.mark.parametrize(
    ("call", "in_process", "is_here"), [(None, False, False), (print, False, True), (None, True, True)]
)
def test_where_they_run(made, call, in_process, is_here):
    """Handlers that are objects run in this process; those of folders do where that was asked for."""
    here, there = Runner(), Runner()

    async def act(invocations, records):
        invocations.invoke(invocation(call=call), None)

    made(act, Options(in_process=in_process), there, here)
    assert (len(here.running), len(there.running)) == ((1, 0) if is_here else (0, 1))


def test_event_invocations_take_turns(made):
    """All Event invocations run, in the order in which they came, and no more at the same time than may be."""
    runner, begun = Runner(), []

    async def act(invocations, records):
        for number in range(7):
            invocations.invoke_later(invocation(request_id=f"{number}"))
        assert runner.running == []  # the answer comes first
        while len(begun) < 7:
            await asyncio.sleep(0)
            assert len(runner.running) <= 3
            if len(runner.running) == min(3, 7 - len(begun)):
                one, done = runner.running.pop(0)
                begun.append(one.request_id)
                done(DONE)
        while any(record.outcome is None for record in records.all()):
            await asyncio.sleep(0)
        return [record.invocation.request_id for record in records.all()]

    assert made(act, replace(Options(), event_invocations=3), runner) == begun == [f"{number}" for number in range(7)]


def test_event_invocations_that_are_no_json(made):
    """An Event invocation whose event is not JSON is refused at once, and neither run nor recorded."""
    runner = Runner()

    async def act(invocations, records):
        with pytest.raises(Refusal):
            invocations.invoke_later(invocation(b"NaN"))
        return records.all()

    assert made(act, instances=runner) == runner.running == []


def test_event_invocations_at_the_end(made):
    """What has not ended is dropped at the end; an outcome that comes later disturbs nobody."""
    runner = Runner()

    async def act(invocations, records):
        invocations.invoke_later(invocation())
        while not runner.running:
            await asyncio.sleep(0)
        await invocations.stop()
        runner.running[0][1](DONE)
        return [record.outcome for record in records.all()]

    assert made(act, instances=runner) == [DONE]


def test_a_mistake_of_ours_in_an_event_invocation(made, caplog):
    """Where nobody waits for it, a mistake of ours is logged with its traceback."""

    async def act(invocations, records):
        invocations.invoke_later(invocation())
        while not caplog.records:
            await asyncio.sleep(0)

    made(act, instances=Runner(KeyError("ours")))
    assert [record.exc_info[0] for record in caplog.records] == [KeyError]


def test_event_invocations_that_wait_are_bounded(made, monkeypatch):
    """More bytes of Event invocations than may wait are refused, and more are taken once some have ended."""
    monkeypatch.setattr(module, "WAITING_EVENTS_BYTES", 10 * (module.EVENT_BYTES + 2))
    runner = Runner()

    async def act(invocations, records):
        for _ in range(2):
            for number in range(10):
                invocations.invoke_later(invocation(request_id=f"{number}"))
            with pytest.raises(Refusal, match="RequestLimitExceeded"):
                invocations.invoke_later(invocation())
            ended = 0
            while ended < 10:
                await asyncio.sleep(0)
                while runner.running:
                    runner.running.pop()[1](DONE)
                    ended += 1
            while invocations._event_bytes:
                await asyncio.sleep(0)

    made(act, instances=runner)
