"""Folders that are made for instances. Instances that need the same content share one."""

import shutil
import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from tencentserverless.local.environment.scratch import Scratch


@dataclass(slots=True)
class _Shared:
    """A folder, and the ids of the instances that use it."""

    folder: Path
    users: set[str] = field(default_factory=set)


class SharedFolders:
    """Folders in a subfolder of the endpoint's own folder. They are removed after no instance uses them."""

    def __init__(self, scratch: Scratch, name: str) -> None:
        self._scratch = scratch
        self._name = name
        self._shared: dict[Hashable, _Shared] = {}
        self._numbers = count(1)
        self._lock = threading.Lock()

    def get(self, key: Hashable, fill: Callable[[Path], None], instance_id: str) -> str:
        """Return the folder for this key. It exists until `release` is called with this id. This blocks.

        fill: is called with a new, empty folder if there is none for this key. Raises OSError.
        """
        with self._lock:
            if key not in self._shared:
                self._sweep()
                self._shared[key] = _Shared(self._new(fill))
            self._shared[key].users.add(instance_id)
            return str(self._shared[key].folder)

    def release(self, instance_id: str) -> None:
        """The instance does not use its folder any more."""
        for shared in list(self._shared.values()):
            shared.users.discard(instance_id)

    def _new(self, fill: Callable[[Path], None]) -> Path:
        folder = self._scratch.folder / self._name / str(next(self._numbers))
        folder.mkdir(parents=True)
        try:
            fill(folder)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return folder

    def _sweep(self) -> None:
        for key, shared in list(self._shared.items()):
            if not shared.users:
                del self._shared[key]
                shutil.rmtree(shared.folder, ignore_errors=True)
