"""How many invocations of a fan-out may be in flight: fewer when the platform throttles, more again later."""

SLOWEST = 1
FIRST_PAUSE = 0.1  # seconds without a new invocation after a throttling; doubles while throttling goes on
LONGEST_PAUSE = 5.0


class Pace(object):
    """Additive increase, multiplicative decrease, as TCP shares a line (RFC 5681).

    `most` is the concurrency asked for; `limit` the one of now.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.limit = float(most)
        self.resume_at = 0.0  # monotonic
        self._pause = FIRST_PAUSE

    def allows(self, in_flight: int, now: float) -> bool:
        return in_flight < int(self.limit) and now >= self.resume_at

    def succeeded(self) -> None:
        """One invocation more in flight after as many successes as are in flight."""
        if self.limit < self.most:
            self.limit = min(float(self.most), self.limit + 1.0 / self.limit)
            self._pause = FIRST_PAUSE

    def throttled(self, now: float) -> None:
        """Half as many, after a pause; what was in flight already when the pause began tells nothing new."""
        if now < self.resume_at:
            return
        self.limit = max(float(SLOWEST), self.limit / 2)
        self.resume_at = now + self._pause
        self._pause = min(self._pause * 2, LONGEST_PAUSE)
