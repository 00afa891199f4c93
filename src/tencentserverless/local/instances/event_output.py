"""What each event has printed, of a worker that may be at the next one already."""

from tencentserverless.local.processes.output import Output


class Printed:
    """An event that the worker was handed before the last one ended begins its output with a mark: its request id."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._mark = b""  # of the event that runs, as long as it has not come by
        self._late = ""

    def begin(self, mark: str = "") -> None:
        """An event is begun, whose output has a mark or none, and the one before has not ended."""
        self._mark = mark.encode()

    def end(self, following: str = "") -> str:
        """All that the event which ends now has printed. following: the request id of the next one if it has a mark."""
        if self._mark:
            self._late += self._output.take_until(self._mark) or ""
        self._mark = following.encode()
        if not following:
            return self._output.take()
        text = self._output.take_until(self._mark)
        if text is None:  # it has not come by; it may at any moment, so nothing more is read
            return self._output.take_read()
        self._mark = b""
        return text

    def skip(self, following: str = "") -> None:
        """As `end`, of an event that was not run: what was printed meanwhile is late."""
        self._late += self.end(following)

    def late(self) -> str:
        """What was printed between two events, by threads and children that a handler left behind."""
        late, self._late = self._late + self._output.take_read(), ""
        return late

    def close(self) -> None:
        self._output.close()
