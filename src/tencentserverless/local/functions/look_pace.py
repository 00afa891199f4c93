"""How often big folders are looked at: looking takes a twentieth of the time at most."""

import time

MANY = 500  # a number, not a time: a busy machine must not notice changes in small folders late
REST_FACTOR = 20


class LookPace:
    """After a long look there is no other one for twenty times as long as it took. Times are monotonic seconds."""

    __slots__ = ("_rests_until",)

    def __init__(self) -> None:
        self._rests_until = 0.0

    def is_due(self) -> bool:
        """Whether it is time for a look."""
        return time.monotonic() >= self._rests_until

    def rest_after(self, started: float) -> None:
        """A look that was started then has ended now."""
        ended = time.monotonic()
        self._rests_until = ended + REST_FACTOR * (ended - started)
