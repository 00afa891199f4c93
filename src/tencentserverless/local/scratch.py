"""The endpoint's folder of its own: what instances see as home, layers and SDK.

Removed when the endpoint stops. An endpoint that was killed cannot: the next one removes it, by the process id in
its name.
"""

import importlib.util
import locale
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from tencentserverless.local.environment import Places
from tencentserverless.local.interpreters import Interpreter
from tencentserverless.local.launcher import BOOTSTRAP

PLATFORM_LOCALE = "en_US.UTF8"
_OTHER_LOCALES = ("C.UTF-8", "C")
TMP = "/tmp"  # noqa: S108  the platform's
TMP_BYTES = 512 * 1024 * 1024
_PREFIX = "tencentserverless-local-"
_LENT_PACKAGES = ("tencentserverless", "tencentcloud")
_OLDEST_PYTHON_OF_SDK = (3, 6)


class Scratch:
    """Made at the first use, so that an endpoint that runs nothing leaves the disk alone."""

    def __init__(self) -> None:
        self._folder: Path | None = None

    def places(self, code: Path, version: tuple[int, int]) -> Places:
        """The places of an instance whose interpreter is of this version."""
        folder = self._made()
        sdk = str(folder / "sdk") if version >= _OLDEST_PYTHON_OF_SDK else ""
        return Places(code=str(code), home=str(folder / "home"), layers=str(folder / "opt"), sdk=sdk)

    def view(self, code: str, interpreter: Interpreter) -> dict[str, Any]:
        """What an instance sees of the disk: its code cannot be written to, `/tmp` is its own and empty.

        What an instance needs stays where it is, also below `/tmp`.
        """
        needed = {
            *_both(code),
            *_linked(code),
            str(self._made()),
            *_both(str(BOOTSTRAP.parent)),
            *_prefixes(interpreter),
            *_lent(),
        }
        kept = [place for place in needed if place.startswith(TMP + "/")]
        tmp = {"target": TMP, "stage": str(self._made() / "tmp"), "kept": kept, "most_bytes": TMP_BYTES}
        return {"tmp": None if TMP in needed else tmp, "read_only": [code]}

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
            for name in ("home", "opt", "sdk", "tmp"):
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
    return [place for name in _LENT_PACKAGES for place in _both(_place_of(name)) if place]


def _prefixes(interpreter: Interpreter) -> list[str]:
    """Where an interpreter and its library are, behind a virtual environment too."""
    return [str(Path(place).parent.parent) for place in _both(interpreter.path)]


def _linked(folder: str) -> list[str]:
    """Where links in a function's folder lead: packages that are not copied into it."""
    with os.scandir(folder) as entries:
        return [os.path.realpath(entry.path) for entry in entries if entry.is_symlink()]


def _both(place: str) -> tuple[str, str]:
    """A place, and the one that links lead to."""
    return place, os.path.realpath(place)


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
