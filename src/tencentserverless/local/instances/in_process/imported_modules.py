"""Modules that functions have imported into this interpreter.

They are forgotten when code has changed, and when the endpoint of the functions ends.
"""

import importlib
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from os import sep
from types import ModuleType

from tencentserverless.local.processes.interpreters import CURRENT_INTERPRETER


class ImportedModules:
    """The folders of functions on `sys.path`, by the endpoints that use them. There is one object for the process.

    Modules and paths that were there before the first function belong to the program, and stay.

    lock: to be held while a function is loaded. The load of one function may begin that of another.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._folders: dict[object, set[str]] = {}
        self._programs: tuple[list[str], dict[str, ModuleType]] = ([], {})

    def begin(self, user: object, folders: list[str]) -> None:
        """Let the next import look into these folders first. The modules of all functions will be imported again.

        user: the endpoint; it must call `end` for it later.
        """
        if not self._folders:
            self._programs = list(sys.path), dict(sys.modules)
        self._folders.setdefault(user, set()).update(folders)
        self._forget(set().union(*self._folders.values()))
        sys.path[:0] = folders
        importlib.invalidate_caches()

    def end(self, user: object) -> None:
        """Forget the modules of an endpoint that has ended."""
        with self.lock:
            self._forget(self._folders.pop(user, set()))

    def _forget(self, folders: set[str]) -> None:
        paths, modules = self._programs
        own = [path for path in sys.path if _is_in(path, folders)]
        sys.path[:] = [path for path in sys.path if path not in own or path in paths]
        for path in own:
            sys.path_importer_cache.pop(path, None)
        for name, module in list(sys.modules.items()):
            if modules.get(name) is not module and any(_is_in(path, folders) for path in _paths_of(module)):
                del sys.modules[name]


def _paths_of(module: ModuleType) -> Iterator[str]:
    """The file of a module, and the folders of a package."""
    with suppress(Exception):  # programs put objects of many kinds into `sys.modules`
        yield from (path for path in (module.__file__, *getattr(module, "__path__", ())) if isinstance(path, str))


def _is_in(path: str, folders: set[str]) -> bool:
    """Whether a path is in one of these folders, but not in a virtual environment there that runs this program."""
    return any(_is_below(path, folder) and not _is_of_interpreter(path, folder) for folder in folders)


def _is_of_interpreter(path: str, folder: str) -> bool:
    return any(_is_below(own, folder) and _is_below(path, own) for own in CURRENT_INTERPRETER.folders)


def _is_below(path: str, folder: str) -> bool:
    return f"{path}{sep}".startswith(f"{folder}{sep}")
