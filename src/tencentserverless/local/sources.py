"""Whether the code of a function has changed since it was loaded.

The folder is looked at before every invocation: a file system's notices come late, and what was saved before the
invocation must be what runs. Big folders are looked at less often, so that looking costs at most a twentieth.
"""

import time
from math import inf
from typing import NamedTuple

from tencentserverless.local.catalog import Function
from tencentserverless.local.listing import Listing

_SMALL_FILES = 500  # a number, not a time: a busy machine must not make changes in small folders late
_PAUSE_FACTOR = 20


class _Seen(NamedTuple):
    listing: Listing
    version: int
    good_until: float


class Sources:
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
        if seen is not None and started < seen.good_until:
            return seen.version
        entries = seen.listing.again() if seen is not None else None
        listing = seen.listing if seen is not None and entries is not None else Listing(folder)
        took = time.monotonic() - started
        pause = _PAUSE_FACTOR * took if len(listing.entries) > _SMALL_FILES else 0.0
        version = hash(listing.entries if entries is None else entries)
        self._seen[folder] = _Seen(listing, version, started + pause)
        return version
