"""Snapshots of folders, which show whether a file in a folder has changed."""

import os
import time
from collections import deque
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from stat import S_ISDIR

from tencentserverless.local.functions import folder_watch
from tencentserverless.local.functions.folder_watch import FolderWatch

_SKIPPED = frozenset(("__pycache__", "node_modules"))
MOST_FILES = 250_000  # a link may lead to the whole disk
MANY = 500  # a snapshot of more files keeps only its version, so that big folders need no memory
SETTLED_NS = 2_000_000_000  # the time resolution of FAT, the coarsest of all file systems

Entry = tuple[str, int, int, int, int]  # path, inode, two times and size; zeros if it cannot be read
_Folder = tuple[int, int, int, int]  # device, inode, modification time and change time


class FolderSnapshot:
    """The files in a folder and its subfolders, at most `MOST_FILES`, those nearest to the top first.

    Links to folders are followed, but each folder is read once, and a link to the root of the disk is not followed.
    Caches and hidden files are left out, except those whose names begin with ``.env``.

    is_layer: whether to ignore change times: they also change when the endpoint links the files of layers.
    is_watched: whether to watch the folders, where the system can. To be closed then.
    `version` is a number for the content. `entries` are the files, () if there are more than `MANY`: then it `is_big`.
    `is_quick`: whether `is_current` takes no longer than for a small folder.
    """

    def __init__(self, folder: str, *, is_layer: bool = False, is_watched: bool = False) -> None:
        self._folder = folder
        self._is_layer = is_layer
        self._folders: dict[str, _Folder] = {}
        self._watch: FolderWatch | None = folder_watch.watch() if is_watched else None
        self._unwatched: list[Entry] = []  # what may change although its folder does not
        began = time.time_ns()
        self._read(folder)
        # A folder that changed just now may change again without getting another time.
        self._is_settled = all(max(times) < began - SETTLED_NS for _, _, *times in self._folders.values())
        self._top = self._folders[folder][:2]
        self.is_watched = self._watch is not None
        self.is_quick = not self.is_big or (self.is_watched and len(self._unwatched) <= MANY)
        if self.is_big:
            self._folders = {}

    def _read(self, folder: str) -> None:
        entries: list[Entry] = []
        self.count = version = 0
        for entry in islice(self._walk(folder), MOST_FILES):
            self.count += 1
            version += hash(entry)  # a sum, because the order in which a folder is read may change
            if self.count <= MANY:
                entries.append(entry)
        self.version = hash((self.count, version))
        self.is_big = self.count > MANY
        self.entries = () if self.is_big else tuple(entries)

    def is_current(self) -> bool:
        """Whether nothing has changed since the snapshot. False for a big folder that is not watched: it is not known.

        If no folder has changed, it is enough to check each file. That takes a third of the time of a new snapshot.
        """
        if self._watch is not None:
            return (
                self._watch.is_quiet()
                and _folder_at(self._folder)[:2] == self._top
                and self._are_current(self._unwatched)
            )
        return (
            not self.is_big
            and self._is_settled
            and all(_folder_at(path) == folder for path, folder in self._folders.items())
            and self._are_current(self.entries)
        )

    def close(self) -> None:
        if self._watch is not None:
            self._watch.close()

    def _are_current(self, entries: "tuple[Entry, ...] | list[Entry]") -> bool:
        return all(self._entry_at(entry[0]) == entry for entry in entries)

    def _walk(self, folder: str) -> Iterator[Entry]:
        waiting = deque([folder])
        top = _folder_at(Path(folder).resolve().anchor)[:2]
        seen = {top} if top[1] else set()  # some network drives have no inodes
        while waiting:
            path = waiting.popleft()
            self._watch_folder(path)  # before it is read, so that no change is missed
            device, inode, *_ = self._folders[path] = _folder_at(path)
            if (device, inode) in seen:
                yield path, inode, 0, 0, 0  # a link to a folder that was read; the link may change
                continue
            if inode:
                seen.add((device, inode))
            try:
                found = list(os.scandir(path))
            except OSError:
                continue
            for entry in found:
                if not _is_skipped(entry.name):
                    yield from self._found(entry, waiting)

    def _found(self, entry: "os.DirEntry[str]", waiting: "deque[str]") -> Iterator[Entry]:
        try:
            is_folder, is_link = entry.is_dir(), entry.is_symlink()
        except OSError:
            is_folder = is_link = False
        if self._watch is not None and is_link:
            self._unwatched.append(self._entry_at(entry.path))
        if is_folder:
            waiting.append(entry.path)
        else:
            yield self._entry_at(entry.path, may_be_unwatched=not is_link)

    def _watch_folder(self, path: str) -> None:
        if self._watch is not None and not self._watch.add(path):
            self._watch.close()
            self._watch = None

    def _entry_at(self, path: str, *, may_be_unwatched: bool = False) -> Entry:
        try:
            status = os.stat(path)  # not the status from `scandir`, which has no inode on Windows
        except OSError:
            return path, 0, 0, 0, 0
        if S_ISDIR(status.st_mode):  # another name of a folder
            return path, status.st_ino, 0, 0, 0
        changed = 0 if self._is_layer else status.st_ctime_ns
        entry = path, status.st_ino, status.st_mtime_ns, changed, status.st_size
        if may_be_unwatched and self._watch is not None and status.st_nlink > 1:  # it has a name in another folder
            self._unwatched.append(entry)
        return entry


def folder_version(folder: str) -> int:
    """The present version of a layer. This may take long for a big folder."""
    return FolderSnapshot(folder, is_layer=True).version


def _is_skipped(name: str) -> bool:
    return name in _SKIPPED or (name.startswith(".") and not name.startswith(".env"))


def _folder_at(path: str) -> _Folder:
    try:
        status = os.stat(path)
    except OSError:
        return 0, 0, 0, 0
    return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_ctime_ns
