"""The endpoint's folder of its own: what instances see as home, layers and SDK, and what they do not see.

Removed when the endpoint stops. An endpoint that was killed cannot: the next one removes it, by the process id in
its name.
"""

import importlib.util
import locale
import os
import shutil
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from tencentserverless.local.environment.mounts import Own, View, needed_by, view_of
from tencentserverless.local.environment.variables import Places
from tencentserverless.local.model.function import Function
from tencentserverless.local.processes.interpreters import Interpreter

PLATFORM_LOCALE = "en_US.UTF8"
_OTHER_LOCALES = ("C.UTF-8", "C")
_PREFIX = "tencentserverless-local-"
_LENT_PACKAGES = ("tencentserverless", "tencentcloud")
_OLDEST_PYTHON_OF_SDK = (3, 6)


class Scratch:
    """Made at the first use, so that an endpoint that runs nothing leaves the disk alone."""

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._views: dict[tuple[Path, Interpreter], tuple[int, View]] = {}

    def places(self, code: Path, version: tuple[int, int], layers: str) -> Places:
        """The places of an instance whose interpreter is of this version. layers: where it sees them."""
        folder = self._made()
        sdk = str(folder / "sdk") if version >= _OLDEST_PYTHON_OF_SDK else ""
        return Places(code=str(code), home=str(folder / "home"), layers=layers, sdk=sdk)

    def view(self, function: Function, interpreter: Interpreter, version: int) -> View:
        """What an instance sees of the disk; looked up once for a version of the sources."""
        key = (function.code, interpreter)
        known = self._views.get(key)
        if known is None or known[0] != version:
            folders = [str(folder) for folder in (function.code, *function.layer_folders)]
            needed = needed_by(folders, interpreter, [str(self._made()), *_lent()])
            known = self._views[key] = (version, view_of(needed))
        return known[1]

    def own(self, shared: Sequence[str] = ()) -> Own:
        """What an instance sees of it. shared: names of files, made if need be."""
        folder = self._made()
        for name in shared:
            (folder / name).touch(0o600)
        return Own(
            str(folder),
            stage=str(folder / "tmp"),
            home=str(folder / "home"),
            lent=(str(folder / "sdk"), str(self.trust)),
            shared=tuple(str(folder / name) for name in shared),
        )

    @property
    def trust(self) -> Path:
        """A folder for certificates: files in it may be replaced while instances see them."""
        return self._made() / "trust"

    @property
    def folder(self) -> Path:
        """The folder, made if need be."""
        return self._made()

    def remove(self) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def _made(self) -> Path:
        if self._folder is None:
            _remove_orphans(Path(tempfile.gettempdir()))
            self._folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-")).resolve()
            for name in ("home", "opt", "sdk", "tmp", "trust"):
                (self._folder / name).mkdir()
            for name in _LENT_PACKAGES:
                _lend(name, self._folder / "sdk")
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


def _lend(name: str, folder: Path) -> None:
    """Make one package importable from `folder`, and not what is installed beside it."""
    place = _place_of(name)
    if not place:
        return
    try:
        os.symlink(place, folder / name, target_is_directory=True)
    except OSError:  # Windows, without the right to make links
        shutil.copytree(place, folder / name)


@cache
def _place_of(package: str) -> str:
    spec = importlib.util.find_spec(package)
    places = list(spec.submodule_search_locations or ()) if spec else []
    return places[0] if places else ""


def _lent() -> list[str]:
    return [place for name in _LENT_PACKAGES if (place := _place_of(name))]


def utf8_locale() -> str:
    """The platform's locale where this machine has it, else one with UTF-8: programs complain about missing ones."""
    for name in (PLATFORM_LOCALE, *_OTHER_LOCALES):
        if _is_installed(name):
            return name
    return "C"


def _is_installed(name: str) -> bool:
    """Asks for a category that nothing depends on, and puts it back."""
    before = locale.setlocale(locale.LC_TIME)
    try:
        locale.setlocale(locale.LC_TIME, name)
    except locale.Error:
        return False
    finally:
        locale.setlocale(locale.LC_TIME, before)
    return True
