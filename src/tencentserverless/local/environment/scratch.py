"""The endpoint's own folder. It has merged layers, the SDK and certificates.

Where instances have no root folders of their own, it has their home folders and those for temporary files too.

It is removed when the endpoint stops. If an endpoint was killed, its fork server removes it, or the next endpoint. A
running endpoint holds a lock on its folder (flock(2)). Process ids would not do: endpoints in two containers can share
a folder for temporary files, and do not see each other's processes.
"""

import errno
import importlib.util
import locale
import os
import shutil
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

from tencentserverless.local.environment.mounts import (
    HOSTS_FILE,
    PROVIDED,
    Root,
    link_aliases,
    needed_paths,
    paths_in_root,
)
from tencentserverless.local.environment.variables import Paths
from tencentserverless.local.model.function import Function
from tencentserverless.local.model.options import SCF_ADDRESS
from tencentserverless.local.model.regions import SCF_HOSTS
from tencentserverless.local.processes.interpreters import Interpreter

PLATFORM_LOCALE = "en_US.UTF8"
_OTHER_LOCALES = ("C.UTF-8", "C")
_PREFIX = "tencentserverless-endpoint-"
_NO_LOCK = -1
_SDK_PACKAGES = ("tencentserverless", "tencentcloud")
_OLDEST_PYTHON_OF_SDK = (3, 6)
MOST_VIEWS = 1000


class Scratch:
    """The endpoint's own folder. It is created at the first use."""

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._lock = _NO_LOCK
        self._roots: dict[tuple[Path, Interpreter], tuple[int, Root]] = {}

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
        known = self._roots.get(key)
        if known is None or known[0] != version:
            code, *layers = function.folders
            needed = needed_paths(code, layers, interpreter, [*_sdk_folders(), *used], str(scratch))
            known = self._roots[key] = (version, Root(str(scratch), needed, link_aliases(code), tuple(shared)))
            if len(self._roots) > MOST_VIEWS:
                del self._roots[next(iter(self._roots))]
        return known[1]

    def is_known(self, function: Function, interpreter: Interpreter, version: int) -> bool:
        """Whether `root` does not have to read the disk."""
        known = self._roots.get((function.code, interpreter))
        return known is not None and known[0] == version

    @property
    def hosts(self) -> Path:
        """A copy of /etc/hosts in which SCF's names lead to this machine. What else is led there is refused."""
        path = self._create() / "hosts"
        if not path.exists():
            machine = Path(HOSTS_FILE).read_bytes() if os.path.exists(HOSTS_FILE) else b""
            own = "".join(f"{SCF_ADDRESS} {name}\n" for name in SCF_HOSTS)
            path.write_bytes(own.encode() + machine)
        return path

    @property
    def trust(self) -> Path:
        """A folder for certificates. Its files may be replaced while instances use them."""
        return self._create() / "trust"

    def check(self) -> None:
        """Raise OSError if the folder has been removed since, such as by a function that empties /tmp."""
        if not self.folder.is_dir():
            reason = "the endpoint's own folder has been removed. Start the endpoint again"
            raise FileNotFoundError(errno.ENOENT, reason, str(self.folder))

    @property
    def folder(self) -> Path:
        """The folder. It is created at the first use."""
        return self._create()

    def remove(self) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            _unlock(self._lock)
            self._folder, self._lock = None, _NO_LOCK

    def _create(self) -> Path:
        if self._folder is None:
            _remove_orphans(Path(tempfile.gettempdir()))
            self._folder, self._lock = _new_folder()
            for name in ("opt", "root", *PROVIDED):
                (self._folder / name).mkdir()
            for name in _SDK_PACKAGES:
                _provide(name, self._folder / "sdk")
        return self._folder


def _new_folder() -> tuple[Path, int]:
    """A new folder, and its lock."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX)).resolve()
        lock = _lock(folder)
        if lock is not None:
            return folder, lock


def _remove_orphans(parent: Path) -> None:
    for folder in parent.glob(f"{_PREFIX}*"):
        if _is_ours(folder) and (lock := _lock(folder)) is not None:
            if lock != _NO_LOCK:
                shutil.rmtree(folder, ignore_errors=True)
            _unlock(lock)


def _is_ours(path: Path) -> bool:
    try:
        return hasattr(os, "getuid") and path.lstat().st_uid == os.getuid() and not path.is_symlink()
    except OSError:
        return False


def _lock(folder: Path) -> int | None:
    """Lock a folder. Returns the descriptor that holds the lock, `_NO_LOCK` if folders cannot be locked here.

    None if another process has the lock, or has removed the folder before it could be locked.
    """
    if fcntl is None:
        return _NO_LOCK  # type: ignore[unreachable]  # reached on Windows
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        return None
    lock: int | None = None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(descriptor), os.stat(folder)):
            lock = descriptor
    except (BlockingIOError, FileNotFoundError):
        pass
    except OSError:  # some network disks have no locks for folders
        lock = _NO_LOCK
    if lock != descriptor:
        os.close(descriptor)
    return lock


def _unlock(lock: int) -> None:
    if lock != _NO_LOCK:
        os.close(lock)


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
