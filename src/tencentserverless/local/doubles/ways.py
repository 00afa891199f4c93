"""Faults of the way: the function may be well, but the caller does not get its answer as usual. Pure."""

from collections.abc import Callable
from typing import NamedTuple

from tencentserverless.local.http.request import Spoiled
from tencentserverless.local.model import api_errors

SILENT_SECONDS = 2.0  # for a client that does not give up before
# A function that invokes another waits less, so that its own caller does not give up first.
SILENT_SECONDS_FOR_FUNCTIONS = 0.5


class Way(NamedTuple):
    """A fault of the way.

    executed: what a caller can know: whether the handler ran, "no", "maybe" or "yes".
    runs: whether the function runs.
    spoiled: what happens to the reply; None if it is sent whole.
    refusal: the API error in the reply; None for the answer of the function.
    """

    executed: str
    runs: bool
    spoiled: Spoiled | None = None
    refusal: Callable[[], api_errors.Refusal] | None = None

    def spoiled_for(self, *, is_function: bool) -> Spoiled | None:
        """What happens to the reply to this caller, a function or a program."""
        if self.spoiled is not None and self.spoiled.silent_seconds and is_function:
            return self.spoiled._replace(silent_seconds=SILENT_SECONDS_FOR_FUNCTIONS)
        return self.spoiled


WAYS = {
    "throttled": Way("no", runs=False, refusal=api_errors.throttled),
    "reset-before": Way("maybe", runs=False, spoiled=Spoiled()),
    "reset-after": Way("maybe", runs=True, spoiled=Spoiled()),
    "silence": Way("maybe", runs=True, spoiled=Spoiled(silent_seconds=SILENT_SECONDS)),
    "truncated": Way("maybe", runs=True, spoiled=Spoiled(sent_part=0.5)),
    "too-large": Way("yes", runs=True, refusal=api_errors.response_too_large),
}
