"""The requests that were refused lately. Repeated ones are counted. Pure."""

from tencentserverless.local.model.facts import Refused

MOST = 1000


class Refusals:
    """Refused requests, with their numbers. The last `MOST` different ones are kept."""

    def __init__(self) -> None:
        self._counts: dict[Refused, int] = {}

    def add(self, refused: Refused) -> None:
        key = refused._replace(at=0.0)
        count = self._counts.pop(key, 0)
        self._counts[key] = count + 1
        if len(self._counts) > MOST:
            del self._counts[next(iter(self._counts))]

    def clear(self) -> None:
        self._counts.clear()

    def all(self) -> list[tuple[Refused, int]]:
        """Each refusal and how often it happened, the last one last. Their times are 0."""
        return list(self._counts.items())
