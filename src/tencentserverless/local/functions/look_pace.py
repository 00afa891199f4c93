"""How often big folders are checked. Checks take at most a twentieth of the time."""

import time

MANY = 500  # a number of files, not a time: small folders are always checked, also on a busy machine
REST_FACTOR = 20


class LookPace:
    """The pace of checks. After a check, the next one is not due for twenty times as long as the check took."""

    __slots__ = ("_rests_until",)

    def __init__(self) -> None:
        self._rests_until = 0.0

    def is_due(self) -> bool:
        """Whether the next check is allowed."""
        return time.monotonic() >= self._rests_until

    def rest_after(self, started: float) -> None:
        """Rest after a check that began at `started` (monotonic seconds) and ends now."""
        ended = time.monotonic()
        self._rests_until = ended + REST_FACTOR * (ended - started)
