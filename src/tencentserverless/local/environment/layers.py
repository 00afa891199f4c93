"""Layers: folders whose content a function finds together in `/opt`, later ones over earlier ones.

One layer is used where it is. Several are merged into a folder of the endpoint's own, by hard links where the disk
allows it, once for as long as nothing in them changes.
"""

import asyncio
import os
import shutil
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from tencentserverless.local.environment.mounts import mount_point
from tencentserverless.local.environment.scratch import Scratch
from tencentserverless.local.functions.folder_snapshot import look
from tencentserverless.local.model.errors import FunctionFolderError

_Key = tuple[tuple[Path, ...], tuple[str, ...], tuple[int, ...]]


@dataclass(slots=True)
class _Merged:
    folder: Path
    holders: set[str] = field(default_factory=set)


class Layers:
    """Knows the folder that is to be seen as `/opt`. Merged ones go once no instance holds them any more."""

    def __init__(self, scratch: Scratch) -> None:
        self._scratch = scratch
        self._merged: dict[_Key, _Merged] = {}
        self._numbers = count(1)
        self._lock = threading.Lock()

    async def content(self, folders: tuple[Path, ...], mounted: tuple[str, ...], holder: str) -> str:
        """A folder with the content of these layers, and with places to mount what lies in `mounted` below `/opt`.

        It stays until `release(holder)`. Raises OSError.
        """
        if len(folders) > 1 or mounted:
            return await asyncio.to_thread(self._merge, folders, mounted, holder)
        if not folders:
            return str(self._scratch.folder / "opt")
        os.scandir(folders[0]).close()
        return str(folders[0])

    def release(self, holder: str) -> None:
        for merged in list(self._merged.values()):
            merged.holders.discard(holder)

    def _merge(self, folders: tuple[Path, ...], mounted: tuple[str, ...], holder: str) -> str:
        with self._lock:
            versions = tuple(look(str(folder)) for folder in folders)  # before they are read: later changes are seen
            key = (folders, mounted, versions)
            if key not in self._merged:
                self._sweep()
                self._merged[key] = _Merged(self._made(folders, mounted))
            self._merged[key].holders.add(holder)
            return str(self._merged[key].folder)

    def _made(self, folders: tuple[Path, ...], mounted: tuple[str, ...]) -> Path:
        target = self._scratch.folder / "layers" / str(next(self._numbers))
        target.mkdir(parents=True)
        try:
            merge([str(folder) for folder in folders], str(target))
            for place in mounted:
                _make_mount_point(place, Path(mount_point(place, str(target))), target)
        except BaseException:
            shutil.rmtree(target, ignore_errors=True)
            raise
        return target

    def _sweep(self) -> None:
        for key, merged in list(self._merged.items()):
            if not merged.holders:
                del self._merged[key]
                shutil.rmtree(merged.folder, ignore_errors=True)


def existing(folders: Mapping[str, str | os.PathLike[str]]) -> dict[str, Path]:
    """Layers by name as they were given. Raises `FunctionFolderError` for what is no folder."""
    found = {name: Path(folder).resolve() for name, folder in folders.items()}
    for name, folder in found.items():
        if not folder.is_dir():
            raise FunctionFolderError(f"layer `{name}`: there is no folder {folder}")
    return found


def merge(folders: Sequence[str], target: str) -> None:
    """Put the content of `folders` into `target`. Links stay links: nothing that they lead to is read or written."""
    for folder in folders:
        _lay(folder, target)


def _lay(folder: str, target: str) -> None:
    with os.scandir(folder) as entries:
        for entry in entries:
            place = os.path.join(target, entry.name)
            if entry.is_symlink():
                _clear(place)
                os.symlink(os.readlink(entry.path), place, target_is_directory=entry.is_dir())
            elif entry.is_dir():
                _make_folder(place)
                _lay(entry.path, place)
            elif entry.is_file():  # a pipe or a socket is no content
                _clear(place)
                _copy(entry.path, place)


def _copy(file: str, place: str) -> None:
    try:
        os.link(file, place)
    except OSError:  # another disk, or one without links
        shutil.copy2(file, place)


def _make_folder(place: str) -> None:
    """What an earlier layer has there stays if it is a folder itself, and gives way if it is a file or a link."""
    if os.path.islink(place) or not os.path.isdir(place):
        _clear(place)
        os.mkdir(place)


def _clear(place: str) -> None:
    if os.path.isdir(place) and not os.path.islink(place):
        shutil.rmtree(place)
    elif os.path.lexists(place):
        os.unlink(place)


def _make_mount_point(place: str, new: Path, target: Path) -> None:
    """A folder or an empty file at `new`, which is below `target`, to mount `place` on."""
    for parent in reversed(new.parents):
        if target in parent.parents:
            _make_folder(str(parent))
    if os.path.isdir(place):
        _make_folder(str(new))
    else:
        _clear(str(new))
        new.touch()
