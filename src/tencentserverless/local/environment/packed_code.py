"""The code of functions as the deploy tool packs it, if that is not what is in the folder."""

import shutil
from functools import partial
from pathlib import Path

from tencentserverless.local.environment.scratch import Scratch
from tencentserverless.local.environment.shared_folders import SharedFolders
from tencentserverless.local.eventloop.in_thread import in_thread
from tencentserverless.local.functions import packing
from tencentserverless.local.model.function import Function

_State = tuple[Function, int]  # a function, and the version of its code
MOST_KNOWN = 1000


class PackedCode:
    """Copies of the code of functions. A new one is made after the code has changed."""

    def __init__(self, scratch: Scratch) -> None:
        self._packed = SharedFolders(scratch, "code")
        self._plain: dict[_State, None] = {}  # those whose folder is already what would be packed

    async def content(self, function: Function, version: int, instance_id: str, *, in_place: bool) -> str:
        """Return a folder with the packed code, "" if the function's own folder can be used.

        It exists until `release` is called with this id. Raises OSError.
        version: that of the code.
        in_place: whether the instance sees it at the path of the function's folder. If not, editors do not find their
            breakpoints in it, so it is used only if files are added.
        """
        if function.packing is None or (function, version) in self._plain:
            return ""
        if not (in_place or function.packing.included):
            return ""
        return await in_thread(self._pack, function, version, instance_id)

    def release(self, instance_id: str) -> None:
        """The instance does not use its folder any more."""
        self._packed.release(instance_id)

    def _pack(self, function: Function, version: int, instance_id: str) -> str:
        assert function.packing is not None
        if not packing.has_effect(function.code, function.packing):
            self._plain[function, version] = None
            if len(self._plain) > MOST_KNOWN:
                del self._plain[next(iter(self._plain))]
            return ""
        key = (function.code, function.packing, version)
        return self._packed.get(key, partial(_copy, function), instance_id)


def _copy(function: Function, target: Path) -> None:
    assert function.packing is not None
    for name, path in packing.files(function.code, function.packing).items():
        new = target / name
        new.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, new)
