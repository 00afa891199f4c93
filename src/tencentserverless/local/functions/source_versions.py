"""Whether the code of a function has changed since it was loaded.

The folder is looked at before every invocation: a file system's notices come late, and what was saved before the
invocation must be what runs. Big folders are looked at less often, so that looking costs at most a twentieth.
"""

import time
from dataclasses import dataclass
from math import inf

from tencentserverless.local.functions.folder_snapshot import Listing
from tencentserverless.local.model.function import Function

_SMALL_FILES = 500  # a number, not a time: a busy machine must not make changes in small folders late
_PAUSE_FACTOR = 20


@dataclass(slots=True)
class _Seen:
    listing: Listing
    version: int
    good_until: float = 0.0


class SourceVersions:
    """Versions of folders: numbers that are equal as long as nothing in the folder changes."""

    def __init__(self) -> None:
        self._seen: dict[str, _Seen] = {}
        self._looked: dict[tuple[str, ...], tuple[int, float]] = {}

    def of(self, function: Function, since: float = inf) -> int:
        """The version of a function's code and layers, as it was at `since` (monotonic seconds) or later; now."""
        version, at = self._looked.get(function.folders, (0, -inf))
        if at < since:
            at = time.monotonic()
            version = hash(tuple([self.version(folder) for folder in function.folders]))
            self._looked[function.folders] = version, at
        return version

    def version(self, folder: str) -> int:
        """The version of `folder` now."""
        started = time.monotonic()
        seen = self._seen.get(folder)
        if seen is None or (started >= seen.good_until and not seen.listing.is_current()):
            listing = Listing(folder)
            seen = _Seen(listing, hash(listing.entries))
            self._seen[folder] = seen
        if len(seen.listing.entries) > _SMALL_FILES and started >= seen.good_until:
            ended = time.monotonic()
            seen.good_until = ended + _PAUSE_FACTOR * (ended - started)
        return seen.version
