"""Which instance serves which invocation: bookkeeping. Pure: no process, clock or event loop.

Instances and tickets are opaque here. A ticket stands for an invocation that waits; it is served by whichever comes
first, an instance that was freed or the one that is started for it.
"""

from collections import Counter, deque
from itertools import islice
from typing import Generic, TypeVar

from tencentserverless.local.model.function import Key

Instance = TypeVar("Instance")
Ticket = TypeVar("Ticket")


class Scheduler(Generic[Instance, Ticket]):
    """Idle instances and waiting tickets of every function, and the number of instances that exist."""

    def __init__(self, most_instances: int) -> None:
        self.most_instances = most_instances
        self.instances = 0  # started or about to be
        self._idle: dict[Key, list[Instance]] = {}
        self._waiting: dict[Key, deque[Ticket]] = {}
        self._starting: Counter[Key] = Counter()

    def take(self, key: Key) -> Instance | None:
        """The idle instance that ran last, so that the others can grow cold; None if there is none."""
        idle = self._idle.get(key)
        return idle.pop() if idle else None

    def put_back(self, key: Key, instance: Instance) -> None:
        self._idle.setdefault(key, []).append(instance)

    def needs_start(self, key: Key) -> bool:
        """Whether one ticket more needs an instance more: a start that is under way may have lost its ticket."""
        return len(self._waiting.get(key, ())) >= self._starting[key]

    def has_place(self, chained: bool) -> bool:
        """Whether one instance more may be busy. Chains leave a quarter to invocations from outside: a function that
        invokes itself twice would take every place otherwise."""
        busy = self.instances - sum(map(len, self._idle.values()))
        return busy < self.most_instances - (self.most_instances // 4 if chained else 0)

    def claim(self, key: Key) -> bool:
        """Begin a start and count its instance, if there may be one more."""
        if self.instances >= self.most_instances:
            return False
        self.instances += 1
        self._starting[key] += 1
        return True

    def end_start(self, key: Key) -> None:
        """A start has ended, well or not."""
        self._starting[key] -= 1

    def give_up(self) -> None:
        """One instance is no more, or will not be started."""
        self.instances -= 1

    def wait(self, key: Key, ticket: Ticket, *, first: bool = False) -> None:
        """first: before those that wait already."""
        waiting = self._waiting.setdefault(key, deque())
        if first:
            waiting.appendleft(ticket)
        else:
            waiting.append(ticket)

    def next_ticket(self, key: Key, wanted: Ticket | None = None) -> Ticket | None:
        """The ticket that waits longest; `wanted` where that one waits."""
        waiting = self._waiting.get(key)
        if not waiting:
            return None
        if wanted is not None and wanted in waiting:
            self.forget_ticket(key, wanted)
            return wanted
        ticket = waiting.popleft()
        if not waiting:
            del self._waiting[key]
        return ticket

    def first_ticket(self, key: Key) -> Ticket | None:
        """The ticket that `next_ticket` would hand out."""
        waiting = self._waiting.get(key)
        return waiting[0] if waiting else None

    def starved(self) -> Key | None:
        """A function with more tickets than starts that are under way."""
        return next((key for key, waiting in self._waiting.items() if len(waiting) > self._starting[key]), None)

    def last_started(self, key: Key) -> Ticket:
        """The ticket for which a start was claimed last, of a function that was starved."""
        return self._waiting[key][self._starting[key] - 1]

    def has_start(self, key: Key, ticket: Ticket) -> bool:
        """Whether a start that is under way is for this ticket: they serve those that wait longest."""
        return ticket in islice(self._waiting.get(key, ()), self._starting[key])

    def has_tickets(self, key: Key) -> bool:
        return key in self._waiting

    def tickets(self) -> list[Ticket]:
        """Every ticket that waits."""
        return [ticket for waiting in self._waiting.values() for ticket in waiting]

    def forget_ticket(self, key: Key, ticket: Ticket) -> bool:
        """Whether it has waited."""
        waiting = self._waiting.get(key)
        if not waiting or ticket not in waiting:
            return False
        waiting.remove(ticket)
        if not waiting:
            del self._waiting[key]
        return True

    def remove(self, key: Key, instance: Instance) -> bool:
        """Take this instance out of the idle ones; False if it was not there."""
        idle = self._idle.get(key, [])
        if instance not in idle:
            return False
        idle.remove(instance)
        return True

    def idle(self) -> list[Instance]:
        """The idle instances of all functions, each one's coldest first."""
        return [instance for instances in self._idle.values() for instance in instances]
