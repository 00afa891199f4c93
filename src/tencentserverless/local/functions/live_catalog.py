"""A catalog that follows its folders: functions that are saved, added or removed count from the next request on."""

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from pathlib import Path

from tencentserverless.local.functions import folders
from tencentserverless.local.functions.catalog import Catalog
from tencentserverless.local.functions.look_pace import MANY, LookPace
from tencentserverless.local.model.errors import FunctionFolderError
from tencentserverless.local.model.function import Function, Key

Marks = tuple[int, int, int, int]  # two times, inode and size; zeros if it does not exist


def _always() -> float:
    return inf


@dataclass(slots=True)
class _Reading:
    """The result of reading a folder.

    function: the function of the folder.
    marks: those of the folder and its manifests at that time; () if the caller of `deploy` has read it.
    notices: the notices about it.
    """

    function: Function | None
    marks: tuple[Marks, ...] = ()
    notices: Sequence[str] = ()


class LiveCatalog:
    """The functions of folders, always as an endpoint that starts now would read them.

    `get` checks the folder of the function. If it has changed, or the function is missing, all folders are checked.

    paths: folders that are functions or contain functions.
    notify: is called with each notice, one line.
    layers: the folders of layers by name.
    since: returns the time (monotonic seconds) since which a check is recent enough. By default none is.

    Raises `FunctionFolderError` if there are no functions. An error that comes later is a notice, and the function
    stays as it was.
    """

    def __init__(
        self,
        paths: Iterable[str | os.PathLike[str]],
        notify: Callable[[str], None],
        layers: Mapping[str, Path],
        since: Callable[[], float] = _always,
    ) -> None:
        self._roots = {Path(os.path.abspath(path)): Path(path).resolve() for path in paths}
        self._notify = notify
        self._layers = layers
        self._since = since
        self._served: dict[Path, Function] = {}
        marks = {folder: _marks_of(folder) for folder in self._candidates()}  # before reading: later changes count
        self._functions = folders.read(self._roots.values(), notify, layers)
        self._served = {_folder_of(function): function for function in self._functions}
        self._readings = {
            folder: _Reading(function, marks.get(folder, ())) for folder, function in self._served.items()
        }
        self._objects: dict[Key, Function] = {}  # those whose handlers are objects of this program
        self._hidden: set[Path] = set()  # folders of functions that `deploy` has replaced
        self._checked: dict[str, tuple[float, Marks]] = {}  # by origin
        self._all_checked_at = -inf
        self._pace = LookPace()
        self._conflicts: set[str] = set()
        self._outdated: set[Key] = set()  # of functions whose new name is in use

    def get(self, key: Key) -> Function | None:
        """The function with this key as it is configured now, None if there is no such function."""
        function = self._functions.get(key)
        if function is None:
            self._check_all_if_due()
        elif self._follow_links() or key in self._outdated or not self._is_current(function):
            self._check_all()
        else:
            return function
        return self._functions.get(key)

    def named(self, name: str) -> list[Function]:
        """The functions of this name, in all regions and namespaces."""
        return [function for function in self._functions if function.name == name]

    def inside(self, region: str, namespace: str) -> list[Function]:
        """All functions of this region and namespace, as they are configured now."""
        self._check_all_if_due()
        return self._functions.inside(region, namespace)

    def deploy(self, functions: Iterable[Function], root: Path | None = None) -> None:
        """Add functions. They replace those of the same names. root: a folder to which functions may be added later."""
        for function in functions:
            if function.call is not None:
                self._objects[function.key] = function
                continue
            self._objects.pop(function.key, None)
            folder = _folder_of(function)
            self._hidden |= {other for other, replaced in self._served.items() if replaced.key == function.key}
            self._hidden.discard(folder)
            self._served[folder], self._readings[folder] = function, _Reading(function)
        if root is not None:
            self._roots[root] = root.resolve()
        self._serve(time.monotonic())

    def __iter__(self) -> Iterator[Function]:
        return iter(self._functions)

    def __len__(self) -> int:
        return len(self._functions)

    def _follow_links(self) -> bool:
        """Whether links in the paths of the roots lead to other folders than before."""
        moved = {path: path.resolve() for path, root in self._roots.items() if path != root and path.resolve() != root}
        self._roots.update(moved)
        return bool(moved)

    def _is_current(self, function: Function) -> bool:
        if function.call is not None:
            return True
        checked_at, marks = self._checked.get(function.origin, (-inf, None))
        if checked_at >= self._since():
            return True
        now, found = time.monotonic(), _marks(function.origin)
        if found != marks and not self._is_unchanged(function):
            return False
        self._checked[function.origin] = now, found
        return True

    def _is_unchanged(self, function: Function) -> bool:
        """Read the folder of a function again. Returns whether the function is the same as before."""
        folder = _folder_of(function)
        if not self._is_function(folder):
            return False
        self._readings[folder] = self._read(folder)
        return self._readings[folder].function is function

    def _check_all_if_due(self) -> None:
        """Check all folders. If there are many, this takes at most a twentieth of the time."""
        started = time.monotonic()
        if self._all_checked_at >= self._since() or not self._pace.is_due():
            return
        if self._check_all() > MANY:
            self._pace.rest_after(started)

    def _check_all(self) -> int:
        """Read the folders that have changed, and update the catalog. Returns the number of folders."""
        self._all_checked_at = time.monotonic()
        candidates = self._candidates()
        self._readings = {folder: self._read(folder) for folder in candidates if self._is_function(folder)}
        self._serve(self._all_checked_at)
        return len(candidates)

    def _candidates(self) -> list[Path]:
        """All folders that may be functions."""
        found: dict[Path, None] = {}
        holders = {folder.parent for folder in self._served}  # these contain functions, so they are not functions
        self._follow_links()
        for root in self._roots.values():
            is_one = root not in holders and self._is_function(root)
            with suppress(OSError):  # a missing folder may come back
                found.update(dict.fromkeys([root] if is_one else folders.inside(root)))
        return list(found)

    def _is_function(self, folder: Path) -> bool:
        """Whether this folder is a function. A known function stays one while its code has errors."""
        return folders.has_code(folder) if folder in self._served else folders.is_function(folder)

    def _read(self, folder: Path) -> _Reading:
        before = self._readings.get(folder, _Reading(None))
        marks = _marks_of(folder)
        if marks == before.marks:
            return before
        function, notices = before.function, list[str]()
        try:
            function = folders.function_below(folder, notices.append, self._layers)
        except Exception as error:  # noqa: BLE001  an error of one function must not affect the others
            text = str(error) if isinstance(error, FunctionFolderError) else f"{folder}: {error!r}"
            notices.append(f"{text} (the old configuration stays in use)" if function else text)
        if function == before.function:
            function = before.function  # the same object, so that warm instances are kept
        is_repeated = notices == before.notices or (not before.marks and function is before.function is not None)
        for notice in () if is_repeated else notices:
            self._notify(notice)
        return _Reading(function, marks, notices)

    def _serve(self, checked_at: float) -> None:
        """Update the catalog. If two functions have one name, the one that had it before keeps it."""
        before, declared = self._served, self._declared()
        owners: dict[Key, Path] = {}
        for folder in sorted(declared, key=lambda each: each not in before or before[each].key != declared[each].key):
            owners.setdefault(declared[folder].key, folder)
        conflicts, self._served, self._outdated = set[str](), {}, set()
        for folder, function in declared.items():
            owner, old = owners[function.key], before.get(folder)
            if owner == folder:
                self._served[folder] = function
                continue
            conflicts.add(f"{function} is declared twice: in {declared[owner].origin} and in {function.origin}")
            if old is not None and old.key not in self._objects and owners.setdefault(old.key, folder) == folder:
                self._served[folder] = old
                self._outdated.add(old.key)
        self._functions = Catalog([*self._objects.values(), *self._served.values()])
        self._checked = {
            function.origin: (checked_at, _mark_of(function, self._readings[folder].marks))
            for folder, function in self._served.items()
            if self._readings[folder].marks
        }
        self._report(before, conflicts)

    def _declared(self) -> dict[Path, Function]:
        """The functions that the folders declare, by folder. Those that `deploy` has replaced are left out."""
        return {
            folder: reading.function
            for folder, reading in self._readings.items()
            if reading.function is not None and folder not in self._hidden and reading.function.key not in self._objects
        }

    def _report(self, before: Mapping[Path, Function], conflicts: set[str]) -> None:
        """Give notices about functions that have another name, are gone, or have a name that is in use."""
        served = {function.key for function in self._functions}
        for folder, function in before.items():
            now = self._served.get(folder)
            if now is not None and now.key != function.key:
                self._notify(f"{function} is now {now}")
            elif folder not in self._readings and function.key not in served:
                self._notify(f"{function} is gone: {folder} is not a function any more")
        new, self._conflicts = conflicts - self._conflicts, conflicts
        for conflict in sorted(new):
            self._notify(conflict)


def _folder_of(function: Function) -> Path:
    origin = Path(function.origin)
    return origin.parent if origin.name in folders.MANIFEST_NAMES else origin


def _mark_of(function: Function, marks: tuple[Marks, ...]) -> Marks:
    name = os.path.basename(function.origin)
    return marks[1 + folders.MANIFEST_NAMES.index(name)] if name in folders.MANIFEST_NAMES else marks[0]


def _marks_of(folder: Path) -> tuple[Marks, ...]:
    return tuple(map(_marks, (str(folder), *(str(folder / name) for name in folders.MANIFEST_NAMES))))


def _marks(path: str) -> Marks:
    """Marks that change when a file is written, or when a file is added to a folder or removed."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return 0, 0, 0, 0
    return status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_size
