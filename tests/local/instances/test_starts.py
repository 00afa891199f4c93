"""Starts of instances, with played workers: who gets the instance, and what is told where there is none."""

import asyncio
import errno
import json

import pytest

from tencentserverless.local.functions.folders import read
from tencentserverless.local.instances import starts as module
from tencentserverless.local.instances.current_code import CurrentCode
from tencentserverless.local.instances.pool import Pool
from tencentserverless.local.instances.scheduler import Scheduler
from tencentserverless.local.instances.starts import Starts
from tencentserverless.local.instances.ticket import Ticket
from tencentserverless.local.model.invocation import Invocation
from tencentserverless.local.processes.frames import Kind
from tests.local.instances.played_workers import PlayedLauncher, echo


class Here:
    """Starts and what they need. handed: the instances that were handed over. told: the outcomes of tickets."""

    def __init__(self, function, play, most_instances):
        self.function = function
        self.launcher = PlayedLauncher(play)
        self.scheduler = Scheduler(most_instances)
        self.handed, self.told = [], []
        self.pool = Pool(self.scheduler, 600.0, lambda: None, self.launcher.forget)
        self.code = CurrentCode()
        self.code.configure(function)
        self.waiting, self.notices = [], []
        self.starts = Starts(
            self.launcher,
            self.scheduler,
            self.pool,
            self.code,
            None,
            self.handed.append,
            lambda _, ticket: self.waiting.append(ticket),
            self.notices.append,
        )

    def ticket(self, request_id="an id"):
        """A ticket that waits."""
        since = asyncio.get_running_loop().time()
        ticket = Ticket(Invocation(request_id, self.function, b"{}"), self.told.append, since)
        self.scheduler.wait(self.function.key, ticket)
        return ticket

    def begin(self, ticket):
        assert self.pool.claim(self.function.key)
        self.starts.begin(self.function.key, ticket)

    async def until(self, condition):
        while not condition():
            await asyncio.sleep(0)


@pytest.fixture
def with_starts(folder):
    """`with_starts(act, play=..., most_instances=...)` runs `act(here)`."""
    (function,) = read([folder("one")], pytest.fail)

    def run(act, play=echo, most_instances=8):
        async def main():
            here = Here(function, play, most_instances)
            await asyncio.wait_for(act(here), 20)
            await here.starts.stop()
            await here.pool.stop()
            await here.launcher.stop()
            return here

        return asyncio.run(main())

    return run


def status(outcome):
    return json.loads(outcome.ret_msg)["statusCode"]


def test_an_instance_that_is_ready(with_starts):
    """An instance that has loaded its function is handed over once, with the ticket still waiting for it."""

    async def act(here):
        ticket = here.ticket()
        here.begin(ticket)
        await here.until(lambda: here.handed)
        assert here.handed == here.launcher.ready == here.launcher.launched
        assert here.scheduler.tickets() == [ticket]
        assert not here.scheduler.has_start(here.function.key, ticket)
        assert here.scheduler.instances == 1
        assert here.told == []

    with_starts(act)


def test_nobody_waits_any_more(with_starts):
    """Where the ticket has been served meanwhile nothing is launched, and the place is free again."""

    async def act(here):
        ticket = here.ticket()
        here.begin(ticket)
        assert here.scheduler.next_ticket(here.function.key) is ticket
        await here.until(lambda: here.scheduler.instances == 0)
        assert here.launcher.launched == []

    with_starts(act)


async def fails(worker):
    await worker.frame()
    worker.say(Kind.NOT_STARTED, {"init_ms": 1.0, "lent": False}, b"Traceback")
    await worker.frame()


async def leaves(worker):
    await worker.frame()


async def answers_nonsense(worker):
    await worker.frame()
    worker.say(Kind.READY, {"init_ms": "soon"})
    await worker.frame()


async def cannot_be_set_up(worker):
    await worker.frame()
    worker.say(Kind.NOT_SET_UP, {"errno": 5}, b"OSError(5, 'of the disk')")


@pytest.mark.parametrize(
    ("play", "expected"), [(fails, 443), (leaves, 439), (answers_nonsense, 439), (cannot_be_set_up, 500)]
)
def test_a_start_that_fails(with_starts, play, expected):
    """The ticket for which it was made is told how its start ended, after the instance is gone; others still wait."""

    async def act(here):
        first, cause = here.ticket(), here.ticket("the cause")
        here.begin(cause)
        await here.until(lambda: here.told)
        assert [status(outcome) for outcome in here.told] == [expected]
        assert json.loads(here.told[0].ret_msg)["requestId"] == "the cause"
        assert here.scheduler.tickets() == [first]
        assert here.launcher.gone == here.launcher.launched
        assert (here.scheduler.instances, here.handed, here.launcher.ready) == (0, [], [])

    with_starts(act, play)


@pytest.mark.parametrize("error", [OSError(24, "too many files"), ValueError("of ours")])
def test_a_launch_that_fails(with_starts, monkeypatch, caplog, error):
    """Where nothing can be launched the ticket is told, its place is free, and a mistake of ours is in the log."""

    async def act(here):
        async def fail(*_):
            raise error

        monkeypatch.setattr(here.launcher, "launch", fail)
        here.begin(here.ticket())
        await here.until(lambda: here.told)
        told = json.loads(here.told[0].ret_msg)
        assert (told["statusCode"], told["executed"]) == (500, "no")
        assert here.notices == [f"one: the worker could not be started: {error}"]
        assert here.scheduler.instances == 0

    with_starts(act)
    assert len(caplog.records) == (not isinstance(error, OSError))


def test_no_room_for_an_instance(with_starts, monkeypatch):
    """If the system refuses what an instance needs, idle instances make room; if all are busy, the ticket waits."""

    async def act(here):
        launch, refusals = here.launcher.launch, []

        async def refuse_while_others_live(*made):
            if len(here.launcher.launched) > len(here.launcher.gone):
                refusals.append(errno.EMFILE)
                raise OSError(errno.EMFILE, "too many")
            return await launch(*made)

        monkeypatch.setattr(here.launcher, "launch", refuse_while_others_live)
        here.begin(here.ticket())
        await here.until(lambda: here.handed)
        here.scheduler.next_ticket(here.function.key)
        here.scheduler.put_back(here.function.key, here.handed[0])
        here.begin(here.ticket())
        await here.until(lambda: len(here.handed) == 2)
        assert here.launcher.gone == here.handed[:1]
        assert len(refusals) == 1
        here.scheduler.next_ticket(here.function.key)
        late = here.ticket("late")
        here.begin(late)
        await here.until(lambda: here.waiting)
        assert (here.waiting, here.scheduler.tickets(), here.told) == ([late], [late], [])
        assert here.notices == ["there is no room for more instances: Too many open files"]
        assert not here.pool.claim(here.function.key)

    with_starts(act)


def test_code_that_is_saved_meanwhile(with_starts):
    """Code that is saved while it is loaded is loaded once more, but no more often: a function may write to it."""

    async def act(here):
        async def save(worker):
            (here.function.code / f"{worker.number}.py").touch()
            here.scheduler.next_ticket(here.function.key)
            here.ticket()  # it came after the save, and is the first that waits now
            await echo(worker)

        here.launcher.play = save
        here.begin(here.ticket())
        await here.until(lambda: here.handed)
        assert len(here.launcher.launched) == 2
        assert here.launcher.gone == here.launcher.launched[:1]
        assert (len(here.handed), here.told) == (1, [])

    with_starts(act)


@pytest.mark.parametrize(("slot_seconds", "most"), [(600.0, 2), (0.01, 6)])
def test_few_at_the_same_time(with_starts, monkeypatch, slot_seconds, most):
    """No more instances load at the same time than may, but those that take long make way for others."""
    monkeypatch.setattr(module, "STARTS_AT_ONCE", 2)
    monkeypatch.setattr(module, "SLOT_SECONDS", slot_seconds)
    loading, counts = set(), []

    async def act(here):
        go = asyncio.Event()

        async def slowly(worker):
            loading.add(worker.number)
            counts.append(len(loading))
            await go.wait()
            loading.discard(worker.number)
            await echo(worker)

        here.launcher.play = slowly
        for _ in range(6):
            here.begin(here.ticket())
        await here.until(lambda: len(loading) == most)
        go.set()
        await here.until(lambda: len(here.handed) == 6)
        assert max(counts) == most

    with_starts(act)


def test_the_end_of_starts(with_starts):
    """A start that is under way at the end leaves no instance behind."""

    async def for_ever(worker):
        await worker.frame()
        await worker.frame()

    async def act(here):
        here.begin(here.ticket())
        await here.until(lambda: here.launcher.launched)

    here = with_starts(act, for_ever)
    assert here.launcher.gone == here.launcher.launched
    assert (here.handed, here.told) == ([], [])
