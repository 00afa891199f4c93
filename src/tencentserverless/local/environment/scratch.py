"""The endpoint's own folder. It has the home folder, merged layers, the SDK and certificates.

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

from tencentserverless.local.environment.mounts import ScratchPaths, View, needed_paths, view_of
from tencentserverless.local.environment.variables import Paths
from tencentserverless.local.model.function import Function
from tencentserverless.local.processes.interpreters import Interpreter

PLATFORM_LOCALE = "en_US.UTF8"
_OTHER_LOCALES = ("C.UTF-8", "C")
_PREFIX = "tencentserverless-local-"
_SDK_PACKAGES = ("tencentserverless", "tencentcloud")
_OLDEST_PYTHON_OF_SDK = (3, 6)
MOST_VIEWS = 1000


class Scratch:
    """The endpoint's own folder. It is created at the first use."""

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._views: dict[tuple[Path, Interpreter], tuple[int, View]] = {}

    def paths(self, code: Path, version: tuple[int, int], layers: str) -> Paths:
        """The paths of an instance. version: of its interpreter. layers: the path at which it sees its layers."""
        folder = self._create()
        sdk = str(folder / "sdk") if version >= _OLDEST_PYTHON_OF_SDK else ""
        return Paths(code=str(code), home=str(folder / "home"), layers=layers, sdk=sdk)

    def view(self, function: Function, interpreter: Interpreter, version: int) -> View:
        """The view of an instance. It is computed again after the version of the sources has changed."""
        key = (function.code, interpreter)
        known = self._views.get(key)
        if known is None or known[0] != version:
            folders = [str(folder) for folder in (function.code, *function.layer_folders)]
            needed = needed_paths(folders, interpreter, [str(self._create()), *_sdk_folders()])
            known = self._views[key] = (version, view_of(needed))
            if len(self._views) > MOST_VIEWS:
                del self._views[next(iter(self._views))]
        return known[1]

    def visible_paths(self, shared: Sequence[str] = ()) -> ScratchPaths:
        """The paths that an instance sees. shared: names of files, which are created if they do not exist."""
        folder = self._create()
        for name in shared:
            (folder / name).touch(0o600)
        return ScratchPaths(
            str(folder),
            stage=str(folder / "tmp"),
            home=str(folder / "home"),
            read_only=(str(folder / "sdk"), str(self.trust)),
            shared=tuple(str(folder / name) for name in shared),
        )

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
            for name in ("home", "opt", "sdk", "tmp", "trust"):
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
