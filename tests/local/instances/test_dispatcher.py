"""Invocations on their way to instances whose workers are played: what each end of a worker means for its event."""

import asyncio
import json
import sys

import pytest

from tencentserverless.local.eventloop.turn_batch import TurnBatch
from tencentserverless.local.instances.dispatcher import Dispatcher
from tencentserverless.local.model.invocation import Invocation
from tests.local.factories import REQUEST_ID, function
from tests.local.instances.played_workers import PlayedLauncher

FUNCTION = function()
only_linux = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a reset does not say that it was unread")


def outcomes_of(play, events, most_instances=1):
    """The outcomes of these events, one after the other, and the launcher of the workers that play this part."""

    async def main():
        launcher = PlayedLauncher(play)
        dispatcher = Dispatcher(
            launcher,
            pytest.fail,
            TurnBatch(),
            most_instances=most_instances,
            idle_seconds=600,
            queue_seconds=10,
        )
        outcomes = []
        for event in events:
            ended = asyncio.get_running_loop().create_future()
            dispatcher.run(Invocation(REQUEST_ID, FUNCTION, event), ended.set_result)
            outcomes.append(await asyncio.wait_for(ended, 20))
        await dispatcher.stop()
        await launcher.stop()
        return outcomes, launcher

    return asyncio.run(main())


def leaves(unread, read=()):
    """Workers of which those of these numbers leave with their event unread, or after they have read it."""

    async def play(worker):
        await worker.load()
        while True:
            if worker.number in unread:
                await worker.arrival()
                return
            if worker.number in read:
                await worker.frame()
                return
            await worker.answer()

    return play


@only_linux
def test_an_unread_event_runs_elsewhere():
    """An event that its worker has left unread runs on another instance, and nobody hears of it."""
    (outcome, again), launcher = outcomes_of(leaves(unread={0}), [b"1", b"2"])
    assert (outcome.status_code, outcome.ret_msg) == (200, "1")
    assert (again.status_code, again.ret_msg) == (200, "2")
    assert outcome.instance_id == again.instance_id == launcher.launched[1].id
    assert len(launcher.launched) == 2
    assert launcher.gone[0] is launcher.launched[0]


@only_linux
def test_an_unread_event_runs_elsewhere_once():
    """An event that two workers have left unread is not tried a third time: it may be what ends them."""
    (outcome, again), launcher = outcomes_of(leaves(unread={0, 1}), [b"1", b"2"])
    assert json.loads(outcome.ret_msg)["statusCode"] == 439
    assert (again.status_code, len(launcher.launched)) == (200, 3)


def test_an_event_that_was_read_does_not_run_again():
    """After an end of file the event has begun: it is a failure, and runs on no other instance."""
    (outcome, again), launcher = outcomes_of(leaves(unread=(), read={0}), [b"1", b"2"])
    assert json.loads(outcome.ret_msg)["statusCode"] == 439
    assert (again.status_code, len(launcher.launched)) == (200, 2)


@only_linux
def test_an_event_that_was_left_unread_and_then_read():
    """Where the second worker leaves after it has read the event, this one has begun and fails."""
    (outcome,), launcher = outcomes_of(leaves(unread={0}, read={1}), [b"1"])
    assert json.loads(outcome.ret_msg)["statusCode"] == 439
    assert len(launcher.launched) == 2


def test_one_instance_serves_many_events():
    """Events that come one after the other run on one instance, which is gone at the end."""
    outcomes, launcher = outcomes_of(leaves(unread=()), [b"%d" % number for number in range(50)])
    assert [outcome.ret_msg for outcome in outcomes] == [f"{number}" for number in range(50)]
    assert len(launcher.launched) == 1
    assert launcher.ready == launcher.gone == launcher.launched
