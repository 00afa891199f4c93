"""Which instance serves which invocation."""

from hypothesis import given
from hypothesis import strategies as st

from tencentserverless.local.instances.scheduler import Scheduler

KEY, OTHER = ("r", "n", "one"), ("r", "n", "two")


def test_the_warmest_first():
    """The instance that ran last is taken first, so that the others grow cold."""
    scheduler = Scheduler(2)
    scheduler.put_back(KEY, "cold")
    scheduler.put_back(KEY, "warm")
    assert [scheduler.take(KEY), scheduler.take(KEY), scheduler.take(KEY)] == ["warm", "cold", None]


def test_functions_do_not_share():
    """An instance of one function serves no other."""
    scheduler = Scheduler(2)
    scheduler.put_back(KEY, "a")
    assert scheduler.take(OTHER) is None
    assert scheduler.idle() == ["a"]


def test_tickets_in_turn():
    """Who waits longest is served first; a forgotten ticket is not served."""
    scheduler = Scheduler(2)
    for ticket in (1, 2, 3):
        scheduler.wait(KEY, ticket)
    scheduler.forget_ticket(KEY, 2)
    scheduler.forget_ticket(OTHER, 2)
    assert scheduler.tickets() == [1, 3]
    assert [scheduler.next_ticket(KEY), scheduler.next_ticket(KEY), scheduler.next_ticket(KEY)] == [1, 3, None]
    assert not scheduler.has_tickets(KEY)


def test_removing():
    """An idle instance can be taken out once."""
    scheduler = Scheduler(2)
    scheduler.put_back(KEY, "a")
    assert scheduler.remove(KEY, "a")
    assert not scheduler.remove(KEY, "a")
    assert not scheduler.remove(OTHER, "a")


@given(st.integers(0, 5), st.lists(st.booleans(), max_size=40))
def test_never_more_than_the_most(most, steps):
    """However instances come and go, there are never more than the cap."""
    scheduler = Scheduler(most)
    claimed = 0
    for claim in steps:
        if claim:
            claimed += scheduler.claim(KEY)
        elif claimed:
            scheduler.release_one()
            claimed -= 1
        assert scheduler.instances == claimed <= most


@given(st.lists(st.sampled_from(["arrive", "start ends", "instance is freed"]), max_size=60))
def test_no_ticket_without_a_start_and_few_starts_without_a_ticket(steps):
    """Every ticket has a start that will serve it, and starts are never more than the most tickets at one time."""
    scheduler = Scheduler(1000)
    starting = waiting = most_waiting = 0
    for step in steps:
        if step == "arrive":
            if scheduler.needs_start(KEY):
                starting += scheduler.claim(KEY)
            scheduler.wait(KEY, object())
            waiting += 1
            most_waiting = max(most_waiting, waiting)
        elif step == "start ends" and starting:
            scheduler.end_start(KEY)
            starting -= 1
            waiting -= scheduler.next_ticket(KEY) is not None
        elif step == "instance is freed":
            waiting -= scheduler.next_ticket(KEY) is not None
        assert waiting <= starting <= most_waiting
