"""The requests that were refused lately. Repeated ones are counted. Pure."""

import threading
from typing import NamedTuple

from tencentserverless.local.model.facts import Refused

MOST = 1000


class Repeated(NamedTuple):
    """Refusals that are equal but for their times. refused: the last one. first_at: Unix seconds. number: of them."""

    refused: Refused
    first_at: float
    number: int


class Refusals:
    """Refused requests, with their numbers. The last `MOST` different ones are kept. Any thread may use it."""

    def __init__(self) -> None:
        self._found: dict[Refused, Repeated] = {}
        self._lock = threading.Lock()

    def add(self, refused: Refused, first_at: float | None = None, number: int = 1) -> None:
        """Add refusals that are equal. first_at: the time of the first one, if there are several."""
        key = refused._replace(at=0.0)
        with self._lock:
            before = self._found.pop(key, None) or Repeated(refused, first_at or refused.at, 0)
            last = max(refused, before.refused, key=lambda each: each.at)
            self._found[key] = Repeated(last, min(before.first_at, first_at or refused.at), before.number + number)
            if len(self._found) > MOST:
                del self._found[next(iter(self._found))]

    def clear(self) -> None:
        self.take()

    def take(self) -> list[Repeated]:
        """Remove all, and return them."""
        with self._lock:
            found, self._found = self._found, {}
        return list(found.values())

    def all(self) -> list[tuple[Refused, int]]:
        """Each refusal and how often it happened, the last one last. Their times are 0."""
        with self._lock:
            return [(key, repeated.number) for key, repeated in self._found.items()]
