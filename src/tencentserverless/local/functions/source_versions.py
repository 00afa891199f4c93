"""Whether the code of a function has changed since it was loaded.

The folder is looked at before every invocation: a file system's notices come late, and what was saved before the
invocation must be what runs. Big folders are looked at less often, see `LookPace`.
"""

import time
from dataclasses import dataclass, field
from math import inf

from tencentserverless.local.functions.folder_snapshot import FolderSnapshot
from tencentserverless.local.functions.look_pace import MANY, LookPace
from tencentserverless.local.model.function import Function


@dataclass(slots=True)
class _Seen:
    snapshot: FolderSnapshot
    version: int
    pace: LookPace = field(default_factory=LookPace)

    @property
    def is_big(self) -> bool:
        return len(self.snapshot.entries) > MANY


class SourceVersions:
    """Versions of folders: numbers that are equal as long as nothing in the folder changes."""

    def __init__(self) -> None:
        self._seen: dict[str, _Seen] = {}
        self._looked: dict[tuple[str, ...], tuple[int, float]] = {}

    def is_slow(self, function: Function) -> bool:
        """Whether `of` may take long: a folder is big and due for a look, or has not been looked at yet."""
        for folder in function.folders:
            seen = self._seen.get(folder)
            if seen is None or (seen.is_big and seen.pace.is_due()):
                return True
        return False

    def of(self, function: Function, since: float = inf) -> int:
        """The version of a function's code and layers, as it was at `since` (monotonic seconds) or later; now."""
        version, at = self._looked.get(function.folders, (0, -inf))
        if at < since:
            at = time.monotonic()
            version = hash(tuple([self.version(folder) for folder in function.folders]))
            self._looked[function.folders] = version, at
        return version

    def known(self, function: Function, since: float) -> int:
        """The version at `since` or later, without a slow look: until the next one the last version counts."""
        if self.is_slow(function):
            return self._looked.get(function.folders, (0, -inf))[0]
        return self.of(function, since)

    def version(self, folder: str) -> int:
        """The version of `folder` now."""
        seen = self._seen.get(folder)
        if seen is not None and not seen.pace.is_due():
            return seen.version
        started = time.monotonic()
        if seen is None or not seen.snapshot.is_current():
            snapshot = FolderSnapshot(folder)
            seen = self._seen[folder] = _Seen(snapshot, hash(snapshot.entries))
        if seen.is_big:
            seen.pace.rest_after(started)
        return seen.version
