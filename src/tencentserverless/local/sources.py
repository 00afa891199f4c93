"""Whether the code of a function, or its configuration, has changed since it was read.

The folder is looked at before every invocation: a file system's notices come late, and what was saved before the
invocation must be what runs. Big folders are looked at less often, so that looking costs at most a twentieth.
"""

import os
import time
from collections.abc import Callable, Mapping
from math import inf
from pathlib import Path
from stat import S_ISREG
from typing import NamedTuple

from tencentserverless.local.catalog import Catalog, Function, FunctionFolderError
from tencentserverless.local.folder import function_in
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


class Manifests:
    """Keeps the functions of `catalog` as their `serverless.yml` says now. layers: as for `folder.read`."""

    def __init__(self, catalog: Catalog, notify: Callable[[str], None], layers: Mapping[str, Path]) -> None:
        self._catalog = catalog
        self._notify = notify
        self._layers = layers
        self._looked_at: dict[str, float] = {}
        self._read_at = {function.origin: _modified(function.origin) for function in catalog}

    def current(self, function: Function, since: float = inf) -> Function:
        """`function` as it is configured, at `since` (monotonic seconds) or later; now.

        As it was, with a notice, where its file is broken.
        """
        if self._looked_at.get(function.origin, -inf) >= since:
            return function
        self._looked_at[function.origin] = time.monotonic()
        modified = _modified(function.origin)
        if modified == self._read_at.setdefault(function.origin, modified):
            return function
        self._read_at[function.origin] = modified
        try:
            changed = function_in(Path(function.origin).parent, self._notify, self._layers)
        except FunctionFolderError as error:
            self._notify(f"{error} (the configuration from before stays)")
            return function
        if changed.key != function.key:
            self._notify(f"{function} is now {changed}: start the endpoint again to serve it so")
            return function
        self._catalog.replace(changed)
        return changed


def _modified(origin: str) -> int:
    """When the file of a configuration was written; 0 for a function that has none, whose origin is its folder."""
    try:
        status = os.stat(origin)
    except OSError:
        return 0
    return status.st_mtime_ns if S_ISREG(status.st_mode) else 0
