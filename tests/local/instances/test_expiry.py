"""Invocations that wait for too long, by a real loop's clock."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from tencentserverless.local.instances import expiry
from tencentserverless.local.instances.expiry import Expiry
from tencentserverless.local.instances.scheduler import Scheduler
from tencentserverless.local.instances.ticket import Ticket
from tests.local.factories import invocation


def with_expiry(act, most_instances=1):
    """Run `act(scheduler, wait, refused, empty)`; `wait(seconds)` is a ticket that is refused after so long.

    refused: the tickets that were, in order. empty: an event that is set when none waits any more.
    """

    async def main():
        loop = asyncio.get_running_loop()
        scheduler, refused, empty = Scheduler(most_instances), [], asyncio.Event()

        def refuse(ticket):
            assert loop.time() >= ticket.until - 0.01  # the clock's resolution
            scheduler.forget_ticket(ticket.invocation.function.key, ticket)
            refused.append(ticket)
            if not scheduler.tickets():
                empty.set()

        watching = Expiry(scheduler, refuse)
        began = loop.time()

        def wait(seconds, name="hello"):
            ticket = Ticket(invocation(name=name), None, 0.0, until=began + seconds)
            scheduler.wait(ticket.invocation.function.key, ticket)
            watching.watch(ticket)
            return ticket

        await asyncio.wait_for(act(scheduler, wait, refused, empty), 20)
        watching.stop()
        return refused

    return asyncio.run(main())


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 20), st.sampled_from(["one", "two"])), min_size=1, max_size=8))
def test_each_is_refused_in_its_turn(waits):
    """Whatever the order in which they came, tickets are refused in the order of their times, each once."""
    tickets = []

    async def act(scheduler, wait, refused, empty):
        tickets.extend(wait(milliseconds / 1000, name) for milliseconds, name in waits)
        await empty.wait()

    refused = with_expiry(act)
    assert [ticket.until for ticket in refused] == sorted(ticket.until for ticket in tickets)
    assert len({id(ticket) for ticket in refused}) == len(tickets)


def test_who_was_served_is_not_refused():
    """A ticket that has left meanwhile is left alone, and the one after it is refused all the same."""

    async def act(scheduler, wait, refused, empty):
        served, late = wait(0.01), wait(0.02)
        assert scheduler.next_ticket(served.invocation.function.key) is served
        await empty.wait()
        assert refused == [late]

    with_expiry(act)


def test_who_has_a_start_is_looked_at_again(monkeypatch):
    """A ticket for which an instance is being started is not refused before that start has ended."""
    monkeypatch.setattr(expiry, "AGAIN_SECONDS", 0.01)

    async def act(scheduler, wait, refused, empty):
        first = wait(0.0)
        key, until = first.invocation.function.key, first.until
        assert scheduler.claim(key)
        second = wait(0.0)
        while first.until == until:
            await asyncio.sleep(0)
        assert refused == [second]
        scheduler.end_start(key)
        await empty.wait()
        assert refused == [second, first]

    with_expiry(act)


def test_nobody_is_refused_after_the_end():
    """After `stop` there is no timer; it may be called again, and before there was one."""

    async def main():
        scheduler, refused = Scheduler(1), []
        watching = Expiry(scheduler, refused.append)
        watching.stop()
        ticket = Ticket(invocation(), None, 0.0, until=0.0)
        scheduler.wait(ticket.invocation.function.key, ticket)
        watching.watch(ticket)
        watching.stop()
        watching.stop()
        passed = asyncio.Event()
        asyncio.get_running_loop().call_later(0.01, passed.set)
        await passed.wait()
        return refused

    assert asyncio.run(main()) == []
