"""The bookkeeping of instances and waiting invocations. Pure: no processes, clock or event loop.

A ticket is an invocation that waits. It gets the first instance that is ready: an instance that becomes free, or the
instance that is started for it. This file does not use the content of instances and tickets.
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
        self.most_instances = self._most_wanted = most_instances
        self.instances = 0  # started or starting
        self._idle: dict[Key, list[Instance]] = {}
        self._waiting: dict[Key, deque[Ticket]] = {}
        self._starting: Counter[Key] = Counter()

    def bound(self, most: int | None) -> None:
        """Allow at most so many instances. None: as many as at the start."""
        self.most_instances = self._most_wanted if most is None else min(most, self._most_wanted)

    def take(self, key: Key) -> Instance | None:
        """Take the idle instance that ran last, None if no instance is idle. Thus the others can be ended one day."""
        idle = self._idle.get(key)
        return idle.pop() if idle else None

    def put_back(self, key: Key, instance: Instance) -> None:
        self._idle.setdefault(key, []).append(instance)

    def needs_start(self, key: Key) -> bool:
        """Whether one more ticket needs one more instance. It does not if an instance is starting without a ticket."""
        return len(self._waiting.get(key, ())) >= self._starting[key]

    def has_capacity(self, chained: bool) -> bool:
        """Whether one more instance may be busy.

        A quarter of the instances is kept for invocations from outside. Otherwise a function that invokes itself twice
        would use all instances.
        """
        busy = self.instances - sum(map(len, self._idle.values()))
        return busy < self.most_instances - (self.most_instances // 4 if chained else 0)

    def claim(self, key: Key) -> bool:
        """Count the start of one more instance. False if the limit is reached."""
        if self.instances >= self.most_instances:
            return False
        self.instances += 1
        self._starting[key] += 1
        return True

    def end_start(self, key: Key) -> None:
        """A start has succeeded or failed."""
        self._starting[key] -= 1

    def release_one(self) -> None:
        """An instance has ended or will not start."""
        self.instances -= 1

    def wait(self, key: Key, ticket: Ticket, *, first: bool = False) -> None:
        """Let a ticket wait. first: before those that wait already."""
        waiting = self._waiting.setdefault(key, deque())
        if first:
            waiting.appendleft(ticket)
        else:
            waiting.append(ticket)

    def next_ticket(self, key: Key, preferred: Ticket | None = None) -> Ticket | None:
        """Take the ticket that has waited longest, or `preferred` if it is waiting. None if no ticket waits."""
        waiting = self._waiting.get(key)
        if not waiting:
            return None
        if preferred is not None and preferred in waiting:
            self.forget_ticket(key, preferred)
            return preferred
        ticket = waiting.popleft()
        if not waiting:
            del self._waiting[key]
        return ticket

    def first_ticket(self, key: Key) -> Ticket | None:
        """The ticket that `next_ticket` would return."""
        waiting = self._waiting.get(key)
        return waiting[0] if waiting else None

    def starved_function(self) -> Key | None:
        """A function with more waiting tickets than starting instances, None if there is none."""
        return next((key for key, waiting in self._waiting.items() if len(waiting) > self._starting[key]), None)

    def last_started(self, key: Key) -> Ticket:
        """The ticket for which the last start was claimed. Call this after `starved_function` and `claim`."""
        return self._waiting[key][self._starting[key] - 1]

    def has_start(self, key: Key, ticket: Ticket) -> bool:
        """Whether an instance is starting for this ticket. Starting instances are for the tickets that wait longest."""
        return ticket in islice(self._waiting.get(key, ()), self._starting[key])

    def has_tickets(self, key: Key) -> bool:
        return key in self._waiting

    def tickets(self) -> list[Ticket]:
        """All waiting tickets."""
        return [ticket for waiting in self._waiting.values() for ticket in waiting]

    def is_waiting(self, key: Key, ticket: Ticket) -> bool:
        return ticket in self._waiting.get(key, ())

    def forget_ticket(self, key: Key, ticket: Ticket) -> bool:
        """Remove a waiting ticket. False if it was not waiting."""
        waiting = self._waiting.get(key)
        if not waiting or ticket not in waiting:
            return False
        waiting.remove(ticket)
        if not waiting:
            del self._waiting[key]
        return True

    def remove(self, key: Key, instance: Instance) -> bool:
        """Remove an idle instance. False if it was not idle."""
        idle = self._idle.get(key, [])
        if instance not in idle:
            return False
        idle.remove(instance)
        return True

    def idle(self) -> list[Instance]:
        """The idle instances of all functions. Of each function the one that has been idle longest comes first."""
        return [instance for instances in self._idle.values() for instance in instances]
