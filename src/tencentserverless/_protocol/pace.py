"""The number of invocations of a fan-out that may be in flight: smaller when the platform throttles, larger later."""

SLOWEST = 1
FIRST_PAUSE = 0.1  # seconds without a new invocation after the platform throttled; doubles while it goes on
LONGEST_PAUSE = 5.0


class Pace:
    """A limit that grows by addition and shrinks by halving, as TCP shares a line (RFC 5681).

    `most` is the concurrency that the caller wants; `limit` is the present one.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.limit = float(most)
        self.resume_at = 0.0  # monotonic
        self._pause = FIRST_PAUSE

    def allows(self, in_flight: int, now: float) -> bool:
        return in_flight < int(self.limit) and now >= self.resume_at

    def succeeded(self) -> None:
        """Raise the limit by one for every `limit` successes."""
        if self.limit < self.most:
            self.limit = min(float(self.most), self.limit + 1.0 / self.limit)
            self._pause = FIRST_PAUSE

    def throttled(self, now: float) -> None:
        """Halve the limit and pause. During a pause nothing changes: earlier invocations hit the same limit."""
        if now < self.resume_at:
            return
        self.limit = max(float(SLOWEST), self.limit / 2)
        self.resume_at = now + self._pause
        self._pause = min(self._pause * 2, LONGEST_PAUSE)
