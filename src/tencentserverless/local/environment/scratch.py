"""The endpoint's own folder. It has merged layers, the SDK and certificates.

Where instances have no root folders of their own, it has their home folders and those for temporary files too.

It is removed when the endpoint stops. If an endpoint was killed, the next one removes its folder, which it finds by
the process id in the name.
"""

import importlib.util
import locale
import os
import shutil
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from tencentserverless.local.environment.mounts import PROVIDED, Root, needed_paths, paths_in_root
from tencentserverless.local.environment.variables import Paths
from tencentserverless.local.model.function import Function
from tencentserverless.local.processes.interpreters import Interpreter

PLATFORM_LOCALE = "en_US.UTF8"
_OTHER_LOCALES = ("C.UTF-8", "C")
_PREFIX = "tencentserverless-local-"
_SDK_PACKAGES = ("tencentserverless", "tencentcloud")
_OLDEST_PYTHON_OF_SDK = (3, 6)


class Scratch:
    """The endpoint's own folder. It is created at the first use."""

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._needed: dict[tuple[Path, Interpreter], tuple[int, tuple[str, ...]]] = {}

    def paths(self, code: Path, version: tuple[int, int], root: Root | None, layers: str, instance_id: str) -> Paths:
        """The paths of an instance. version: of its interpreter. root: None if the instance sees this machine's root.

        layers: a folder with the content of its layers.
        """
        has_sdk = version >= _OLDEST_PYTHON_OF_SDK
        if root is not None:
            return paths_in_root(str(code), has_sdk)
        folder, own = self._create(), self._own_folder(instance_id)
        return Paths(
            code=str(code),
            folder=str(code),
            home=str(own / "home"),
            layers=layers or str(folder / "opt"),
            sdk=str(folder / "sdk") if has_sdk else "",
            provided=str(folder),
            tmp=str(own / "tmp"),
        )

    def _own_folder(self, instance_id: str) -> Path:
        own = self._create() / "instances" / instance_id
        for name in ("home", "tmp"):
            (own / name).mkdir(parents=True, mode=0o700, exist_ok=True)
        return own

    def has_folders(self, instance_id: str) -> bool:
        """Whether `release` has to be called for this instance. It may take long."""
        return self._folder is not None and (self._folder / "instances" / instance_id).exists()

    def release(self, instance_id: str) -> None:
        """Remove the folders of an instance that has ended."""
        if self._folder is not None:
            shutil.rmtree(self._folder / "instances" / instance_id, ignore_errors=True)

    def root(
        self, function: Function, interpreter: Interpreter, version: int, used: Sequence[str], shared: Sequence[str]
    ) -> Root:
        """What the root folder of an instance has. It is looked up again after the version of the sources has changed.

        used: other paths that instances need. shared: names of files, which are created if they do not exist.
        """
        scratch = self._create()
        for name in shared:
            (scratch / name).touch(0o600)
        key = (function.code, interpreter)
        known = self._needed.get(key)
        if known is None or known[0] != version:
            own = [*_sdk_folders(), *used]
            needed = needed_paths(function.folders[0], function.folders[1:], interpreter, own, str(scratch))
            known = self._needed[key] = (version, needed)
        return Root(str(scratch), known[1], tuple(shared))

    def is_known(self, function: Function, interpreter: Interpreter, version: int) -> bool:
        """Whether `root` does not have to read the disk."""
        known = self._needed.get((function.code, interpreter))
        return known is not None and known[0] == version

    @property
    def trust(self) -> Path:
        """A folder for certificates. Its files may be replaced while instances use them."""
        return self._create() / "trust"

    @property
    def folder(self) -> Path:
        """The folder. It is created if it does not exist."""
        return self._create()

    def remove(self) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def _create(self) -> Path:
        if self._folder is None:
            _remove_orphans(Path(tempfile.gettempdir()))
            self._folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-")).resolve()
            for name in ("opt", "root", *PROVIDED):
                (self._folder / name).mkdir()
            for name in _SDK_PACKAGES:
                _provide(name, self._folder / "sdk")
        return self._folder


def _remove_orphans(folder: Path) -> None:
    for path in folder.glob(f"{_PREFIX}[0-9]*-*"):
        pid = path.name.removeprefix(_PREFIX).partition("-")[0]
        if pid.isdigit() and _is_ours(path) and not _runs(int(pid)):
            shutil.rmtree(path, ignore_errors=True)


def _is_ours(path: Path) -> bool:
    try:
        return hasattr(os, "getuid") and path.lstat().st_uid == os.getuid() and not path.is_symlink()
    except OSError:
        return False


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _provide(name: str, folder: Path) -> None:
    """Make one package importable from `folder`, without the other packages that are installed beside it."""
    package = _package_folder(name)
    if not package:
        return
    try:
        os.symlink(package, folder / name, target_is_directory=True)
    except OSError:  # Windows, if this user may not create links
        shutil.copytree(package, folder / name)


@cache
def _package_folder(package: str) -> str:
    spec = importlib.util.find_spec(package)
    folders = list(spec.submodule_search_locations or ()) if spec else []
    return folders[0] if folders else ""


def _sdk_folders() -> list[str]:
    return [folder for name in _SDK_PACKAGES if (folder := _package_folder(name))]


def utf8_locale() -> str:
    """The platform's locale, or another one with UTF-8 if it is not installed. Programs warn about missing ones."""
    for name in (PLATFORM_LOCALE, *_OTHER_LOCALES):
        if _is_installed(name):
            return name
    return "C"


def _is_installed(name: str) -> bool:
    """Try it with a category on which nothing depends, then set the old value again."""
    before = locale.setlocale(locale.LC_TIME)
    try:
        locale.setlocale(locale.LC_TIME, name)
    except locale.Error:
        return False
    finally:
        locale.setlocale(locale.LC_TIME, before)
    return True
