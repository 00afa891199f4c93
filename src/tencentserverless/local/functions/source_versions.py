"""The versions of the code of functions.

The folder is checked before every invocation, because an invocation must run the code that was saved before it. Big
folders are watched, where the system can, so that the check does not read them.
"""

import time
from functools import lru_cache
from math import inf

from tencentserverless.local.functions.folder_snapshot import FolderSnapshot
from tencentserverless.local.model.function import Function

MOST_FOLDERS = 1000
MOST_ENTRIES = 20_000
MOST_WATCHES = 16
_Folder = tuple[str, bool]  # its path, and whether it is a layer


class SourceVersions:
    """The versions of folders. A version is a number that changes when something in the folder changes.

    Snapshots are kept within the limits above. A folder whose snapshot was dropped is read again.
    """

    def __init__(self) -> None:
        self._folders: dict[_Folder, FolderSnapshot] = {}
        self._checked: dict[tuple[str, ...], tuple[int, float]] = {}

    def is_slow(self, function: Function) -> bool:
        """Whether `of_function` may take long: a folder is new, or it is big and has to be read."""
        for folder in _keys_of(function.folders):
            known = self._folders.get(folder)
            if known is None or not known.is_quick or (known.is_big and not known.is_current()):
                return True
        return False

    def of_function(self, function: Function, since: float = inf) -> int:
        """The version of the code and the layers of a function.

        since: a check at this time (monotonic seconds) or later is recent enough; by default none is.
        """
        version, at = self._checked.get(function.folders, (0, -inf))
        if at < since:
            at = time.monotonic()
            version = hash(tuple([self.of_folder(*folder) for folder in _keys_of(function.folders)]))
            self._checked[function.folders] = version, at
            if len(self._checked) > MOST_FOLDERS:
                self._checked.pop(next(iter(self._checked)), None)
        return version

    def known(self, function: Function, since: float) -> int:
        """The version at `since` or later, without a slow check. To be called after a check at `since` or later."""
        version, at = self._checked.get(function.folders, (0, -inf))
        return version if at >= since or self.is_slow(function) else self.of_function(function, since)

    def of_folder(self, folder: str, is_layer: bool = False) -> int:
        """The version of a folder."""
        known = self._folders.get((folder, is_layer))
        if known is None or not known.is_current():
            # A watch costs something, so a folder is watched once it is known to be big.
            is_watched = known is not None and known.is_big and self._watches() < MOST_WATCHES
            self._forget((folder, is_layer))
            known = self._folders[folder, is_layer] = FolderSnapshot(folder, is_layer=is_layer, is_watched=is_watched)
            self._forget_oldest()
        return known.version

    def close(self) -> None:
        """Stop watching."""
        for folder in list(self._folders):
            self._forget(folder)

    def _watches(self) -> int:
        return sum(snapshot.is_watched for snapshot in list(self._folders.values()))

    def is_known(self, function: Function, since: float) -> bool:
        """Whether there was a check at `since` or later."""
        return self._checked.get(function.folders, (0, -inf))[1] >= since

    def _forget_oldest(self) -> None:
        entries = sum(len(snapshot.entries) for snapshot in self._folders.values())
        for folder, snapshot in list(self._folders.items())[:-1]:
            if entries <= MOST_ENTRIES and len(self._folders) <= MOST_FOLDERS:
                return
            entries -= len(snapshot.entries)
            self._forget(folder)

    def _forget(self, folder: _Folder) -> None:
        snapshot = self._folders.pop(folder, None)
        if snapshot is not None:
            snapshot.close()


@lru_cache(MOST_FOLDERS)
def _keys_of(folders: tuple[str, ...]) -> tuple[_Folder, ...]:
    code, *layers = folders
    return (code, False), *((layer, True) for layer in layers)
