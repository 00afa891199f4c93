"""Layers: folders whose content a function finds in `/opt`. If two layers have the same file, the later one wins.

A single layer is used directly. Several are merged into a new folder, with hard links if the disk allows it. They are
merged again only after something in them has changed.
"""

import os
import shutil
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from tencentserverless.local.environment.scratch import Scratch
from tencentserverless.local.environment.shared_folders import SharedFolders
from tencentserverless.local.environment.variables import LAYERS_SHOWN_AS
from tencentserverless.local.eventloop.in_thread import in_thread
from tencentserverless.local.functions.folder_snapshot import folder_version
from tencentserverless.local.model.errors import FunctionFolderError


class Layers:
    """The folders that instances see as `/opt`."""

    def __init__(self, scratch: Scratch) -> None:
        self._merged = SharedFolders(scratch, "layers")

    async def content(self, folders: tuple[Path, ...], mounted: tuple[str, ...], instance_id: str) -> str:
        """Return a folder with the content of these layers, "" if there are none.

        It exists until `release` is called with this id.
        mounted: paths below `/opt` that are needed from this machine. The folder has a mount point for each of them.
        Raises OSError.
        """
        if not folders:
            return ""
        if len(folders) > 1 or mounted:
            return await in_thread(self._merge, folders, mounted, instance_id)
        os.scandir(folders[0]).close()
        return str(folders[0])

    def release(self, instance_id: str) -> None:
        """The instance does not use its folder any more."""
        self._merged.release(instance_id)

    def _merge(self, folders: tuple[Path, ...], mounted: tuple[str, ...], instance_id: str) -> str:
        # The versions are computed before merging, so that later changes count.
        versions = tuple(folder_version(str(folder)) for folder in folders)
        return self._merged.get((folders, mounted, versions), partial(_fill, folders, mounted), instance_id)


def _fill(folders: tuple[Path, ...], mounted: tuple[str, ...], target: Path) -> None:
    for folder in folders:
        merge_into(str(folder), str(target))
    for path in mounted:
        _make_mount_point(path, target / os.path.relpath(path, LAYERS_SHOWN_AS), target)


def resolve_layers(folders: Mapping[str, str | os.PathLike[str]]) -> dict[str, Path]:
    """Return the folders with absolute paths. Raises `FunctionFolderError` if one does not exist."""
    found = {name: Path(os.path.abspath(folder)) for name, folder in folders.items()}  # links may change
    for name, folder in found.items():
        if not folder.is_dir():
            raise FunctionFolderError(f"layer `{name}`: there is no folder {folder}")
    return found


def merge_into(folder: str, target: str) -> None:
    """Copy or link the content of a folder into `target`. Symbolic links are copied as links."""
    with os.scandir(folder) as entries:
        for entry in entries:
            path = os.path.join(target, entry.name)
            if entry.is_symlink():
                _clear(path)
                os.symlink(os.readlink(entry.path), path, target_is_directory=entry.is_dir())
            elif entry.is_dir():
                _make_folder(path)
                merge_into(entry.path, path)
            elif entry.is_file():  # pipes and sockets are left out
                _clear(path)
                _copy(entry.path, path)


def _copy(file: str, path: str) -> None:
    try:
        os.link(file, path)
    except OSError:  # another disk, or a disk without hard links
        shutil.copy2(file, path)


def _make_folder(path: str) -> None:
    """Make sure that this is a folder. A file or a link of an earlier layer is removed."""
    if os.path.islink(path) or not os.path.isdir(path):
        _clear(path)
        os.mkdir(path)


def _clear(path: str) -> None:
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.unlink(path)


def _make_mount_point(path: str, new: Path, target: Path) -> None:
    """Create the mount point `new` below `target` for `path`: a folder, or an empty file if `path` is a file."""
    for parent in reversed(new.parents):
        if target in parent.parents:
            _make_folder(str(parent))
    if os.path.isdir(path):
        _make_folder(str(new))
    else:
        _clear(str(new))
        new.touch()
