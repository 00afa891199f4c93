"""The versions of the code of functions.

The folder is checked before every invocation, because an invocation must run the code that was saved before it.
Notifications of the file system would come too late. Big folders are checked less often, see `LookPace`.
"""

import time
from dataclasses import dataclass, field
from math import inf

from tencentserverless.local.functions.folder_snapshot import FolderSnapshot
from tencentserverless.local.functions.look_pace import MANY, LookPace
from tencentserverless.local.model.function import Function


@dataclass(slots=True)
class _Known:
    """A folder, as it was at the last check."""

    snapshot: FolderSnapshot
    version: int
    pace: LookPace = field(default_factory=LookPace)

    @property
    def is_big(self) -> bool:
        return len(self.snapshot.entries) > MANY


class SourceVersions:
    """The versions of folders. A version is a number that changes when something in the folder changes."""

    def __init__(self) -> None:
        self._folders: dict[str, _Known] = {}
        self._checked: dict[tuple[str, ...], tuple[int, float]] = {}

    def is_slow(self, function: Function) -> bool:
        """Whether `of_function` may take long: a folder is new, or it is big and has to be checked."""
        for folder in function.folders:
            known = self._folders.get(folder)
            if known is None or (known.is_big and known.pace.is_due()):
                return True
        return False

    def of_function(self, function: Function, since: float = inf) -> int:
        """The version of the code and the layers of a function.

        since: a check at this time (monotonic seconds) or later is recent enough; by default none is.
        """
        version, at = self._checked.get(function.folders, (0, -inf))
        if at < since:
            at = time.monotonic()
            version = hash(tuple([self.of_folder(folder) for folder in function.folders]))
            self._checked[function.folders] = version, at
        return version

    def known(self, function: Function, since: float) -> int:
        """The version at `since` or later, without a slow check: until the next one the last version counts."""
        if self.is_slow(function):
            return self._checked.get(function.folders, (0, -inf))[0]
        return self.of_function(function, since)

    def of_folder(self, folder: str) -> int:
        """The version of a folder. For a big folder it may be out of date, see `LookPace`."""
        known = self._folders.get(folder)
        if known is not None and not known.pace.is_due():
            return known.version
        started = time.monotonic()
        if known is None or not known.snapshot.is_current():
            snapshot = FolderSnapshot(folder)
            known = self._folders[folder] = _Known(snapshot, hash(snapshot.entries))
        if known.is_big:
            known.pace.rest_after(started)
        return known.version
