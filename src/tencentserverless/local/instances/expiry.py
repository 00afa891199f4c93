"""Refuses invocations for which no instance has become free in time."""

import asyncio
from collections.abc import Callable
from math import inf
from typing import Any

from tencentserverless.local.instances.scheduler import Scheduler
from tencentserverless.local.instances.ticket import Ticket

AGAIN_SECONDS = 0.5


class Expiry:
    """One timer for all waiting tickets. It is set for the ticket that is refused first.

    A ticket for which an instance is starting is not refused, but checked again after `AGAIN_SECONDS`.
    refuse: is called with each ticket whose time is over.
    """

    def __init__(self, scheduler: Scheduler[Any, Ticket], refuse: Callable[[Ticket], None]) -> None:
        self._scheduler = scheduler
        self._refuse = refuse
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None

    def watch(self, ticket: Ticket) -> None:
        """Refuse this ticket at its time `until`, if it is still waiting."""
        self._set(ticket.until)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set(self, when: float) -> None:
        if self._timer is not None:
            if self._timer.when() <= when:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(when, self._expire, when)

    def _expire(self, now: float) -> None:
        self._timer = None
        for ticket in self._scheduler.tickets():
            if ticket.until > now:
                continue
            if self._scheduler.has_start(ticket.invocation.function.key, ticket):
                ticket.until = now + AGAIN_SECONDS
            else:
                self._refuse(ticket)
        first = min((ticket.until for ticket in self._scheduler.tickets()), default=inf)
        if first < inf:
            self._set(first)
