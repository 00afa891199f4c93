"""A catalog that follows its folders: functions that are saved, added or removed count from the next request on."""

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from math import inf
from operator import is_
from pathlib import Path

from tencentserverless.local.functions import folders
from tencentserverless.local.functions.catalog import Catalog
from tencentserverless.local.functions.file_marks import Marks, marks_of
from tencentserverless.local.functions.folders import FolderReader
from tencentserverless.local.functions.look_pace import MANY, LookPace
from tencentserverless.local.functions.reading import Reading, Refusal, folded
from tencentserverless.local.model.function import Function, Key
from tencentserverless.local.model.overrides import NO_OVERRIDES, Overrides

Place = tuple[Path, str]  # a folder, and the key of the function in the file that declares several


def _always() -> float:
    return inf


@dataclass(slots=True)
class _Known:
    """The result of reading a folder.

    functions: those that count: after a mistake they are those of before.
    marks: those of the folder and its manifests at that time; () if the caller of `deploy` has read it.
    reading: the last result of reading it.
    """

    functions: Sequence[Function] = ()
    marks: tuple[Marks, ...] = ()
    reading: Reading = field(default_factory=Reading)


class LiveCatalog:
    """The functions of folders, always as an endpoint that starts now would read them.

    `get` checks the folder of the function. If it has changed, or the function is missing, all folders are checked.

    paths: folders that are functions or contain functions.
    notify: is called with each notice, one line.
    layers: the folders of layers by name.
    since: returns the time (monotonic seconds) since which a check is recent enough. By default none is.
    overrides: settings that win over those of the files.

    Raises `FunctionFolderError` if there are no functions. An error that comes later is a notice, and the function
    stays as it was.
    """

    def __init__(
        self,
        paths: Iterable[str | os.PathLike[str]],
        notify: Callable[[str], None],
        layers: Mapping[str, Path],
        since: Callable[[], float] = _always,
        overrides: Overrides = NO_OVERRIDES,
    ) -> None:
        self._notify = notify
        self._reader = FolderReader(layers, overrides)
        self._roots = {path: self._resolved(path) for path in map(Path, map(os.path.abspath, paths))}
        self._since = since
        self._served: dict[Place, Function] = {}
        self._served_folders: set[Path] = set()
        # The marks come before the reading, so that later changes count.
        marks = {folder: _marks_of_folder(folder) for folder in self._candidates()}
        self._readings = {
            folder: _Known(reading.functions, marks.get(folder) or _marks_of_folder(folder), reading)
            for folder, reading in self._reader.read_all(self._roots).items()
        }
        self._objects: dict[Key, Function] = {}  # those whose handlers are objects of this program
        self._hidden: set[Place] = set()  # places of functions that `deploy` has replaced or `undeploy` has removed
        self._added: set[Path] = set()  # the roots that `deploy` has added
        self._checked: dict[str, tuple[float, tuple[Marks, ...]]] = {}  # by origin
        self._watched: dict[str, tuple[str, ...]] = {}  # the files that a function depends on, by origin
        self._all_checked_at = -inf
        self._pace = LookPace()
        self._conflicts: set[str] = set()
        self._outdated: set[Key] = set()  # of functions whose new name is in use
        for message in folded(text for known in self._readings.values() for text in known.reading.messages):
            self._notify(message)
        self._serve(time.monotonic())

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

    def namespaces(self, region: str) -> list[str]:
        """The namespaces of this region that have functions, as they are configured now."""
        self._check_all_if_due()
        return self._functions.namespaces(region)

    def refusal(self, name: str) -> str:
        """The reason why a function of this name is declared and not served. "" if it is not declared."""
        return self._functions.refusal(name)

    def deploy(self, functions: Sequence[Function], root: Path | None = None) -> None:
        """Add functions. They replace those of the same names. root: a folder to which functions may be added later."""
        for function in functions:
            if function.call is not None:
                self._objects[function.key] = function
                continue
            self._objects.pop(function.key, None)
            place = _place_of(function)
            self._hidden |= {other for other, replaced in self._served.items() if replaced.key == function.key}
            self._hidden.discard(place)
            self._served[place] = function
            self._served_folders.add(place[0])
            of_folder = [other for other in functions if other.call is None and _place_of(other)[0] == place[0]]
            self._readings[place[0]] = _Known(of_folder)
        if root is not None:
            if root not in self._roots:
                self._added.add(root)
            self._roots[root] = self._resolved(root)
        self._serve(time.monotonic())

    def undeploy(self, name: str) -> bool:
        """Remove the functions of this name. Returns whether there were any."""
        places = {place for place, function in self._served.items() if function.name == name}
        objects = [key for key, function in self._objects.items() if function.name == name]
        self._hidden |= places
        for key in objects:
            del self._objects[key]
            self._hidden |= {place for place, known in self._declared().items() if known.key == key}
        self._serve(time.monotonic())
        return bool(places or objects)

    def reset(self) -> None:
        """Undo what `deploy` and `undeploy` have done."""
        if not (self._objects or self._hidden or self._added):
            return
        for root in self._added:
            del self._roots[root]
        for changes in (self._objects, self._hidden, self._added):
            changes.clear()
        kept = set(self._candidates())
        self._served = {place: function for place, function in self._served.items() if place[0] in kept}
        self._check_all()

    def __iter__(self) -> Iterator[Function]:
        return iter(self._functions)

    def __len__(self) -> int:
        return len(self._functions)

    def _follow_links(self) -> bool:
        """Whether links in the paths of the roots lead to other folders than before."""
        linked = [path for path, root in self._roots.items() if path is not root]
        moved = {path: real for path in linked if (real := self._reader.resolved(path)) != self._roots[path]}
        self._roots.update(moved)
        return bool(moved)

    def _resolved(self, path: Path) -> Path:
        """Where a path leads. The same object if it has no links, which tells them apart quickly."""
        real = self._reader.resolved(path)
        return path if real == path else real

    def _is_current(self, function: Function) -> bool:
        if function.call is not None:
            return True
        checked_at, marks = self._checked.get(function.origin, (-inf, None))
        if checked_at >= self._since():
            return True
        now, found = time.monotonic(), tuple(map(marks_of, self._watched[function.origin]))
        if found != marks:
            if not self._is_unchanged(function):
                return False
            found = self._marks_when_read(_place_of(function)[0], function)  # maybe of other files than before
        self._checked[function.origin] = now, found
        return True

    def _is_unchanged(self, function: Function) -> bool:
        """Read the folder of a function again. Returns whether its functions are the same as before."""
        folder = _place_of(function)[0]
        if not self._is_function(folder):
            return False
        before, now = self._readings.get(folder, _Known()), self._read(folder)
        self._readings[folder] = now
        self._watched[function.origin] = (function.origin, *now.reading.files)
        are_same = len(now.functions) == len(before.functions) and all(map(is_, now.functions, before.functions))
        return are_same and now.reading.refusals == before.reading.refusals

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
        # These contain functions, so they are not functions themselves.
        holders = {folder.parent for folder in self._served_folders}
        self._follow_links()
        for root in self._roots.values():
            is_one = root not in holders and self._is_function(root)
            with suppress(OSError):  # a missing folder may come back
                found.update(dict.fromkeys([root] if is_one else folders.inside(root)))
        return list(found)

    def _is_function(self, folder: Path) -> bool:
        return self._reader.is_function(folder, is_served=folder in self._served_folders)

    def _read(self, folder: Path) -> _Known:
        before = self._readings.get(folder, _Known())
        marks = _marks_of_folder(folder)
        if marks == before.marks and all(marks_of(path) == mark for path, mark in before.reading.files.items()):
            return before
        try:
            reading = self._reader.read_folder(folder)
        except Exception as error:  # noqa: BLE001  an error of one function must not affect the others
            reading = Reading(refusals=[Refusal("", f"{folder}: {error!r}")])
        functions = _merged(before.functions, reading)
        is_deployed = not before.marks and functions == list(before.functions) != []
        if reading.messages != before.reading.messages and not is_deployed:
            for notice in reading.notices:
                self._notify(notice)
            for reason in reading.reasons:
                self._notify(reason + (" (the old configuration stays in use)" if functions else ""))
        return _Known(functions, marks, reading)

    def _serve(self, checked_at: float) -> None:
        """Update the catalog. If two functions have one name, the one that had it before keeps it."""
        before, declared = self._served, self._declared()
        owners: dict[Key, Place] = {}
        for place in sorted(declared, key=lambda each: each not in before or before[each].key != declared[each].key):
            owners.setdefault(declared[place].key, place)
        conflicts, self._served, self._outdated = set[str](), {}, set()
        for place, function in declared.items():
            owner, old = owners[function.key], before.get(place)
            if owner == place:
                self._served[place] = function
                continue
            conflicts.add(folders.declared_twice(declared[owner], function))
            if old is not None and old.key not in self._objects and owners.setdefault(old.key, place) == place:
                self._served[place] = old
                self._outdated.add(old.key)
        refusals = [refusal for known in self._readings.values() for refusal in known.reading.refusals]
        self._served_folders = {folder for folder, _ in self._served}
        self._functions = Catalog([*self._objects.values(), *self._served.values()], refusals)
        self._watched = {
            function.origin: (function.origin, *self._readings[place[0]].reading.files)
            for place, function in self._served.items()
        }
        self._checked = {
            function.origin: (checked_at, self._marks_when_read(place[0], function))
            for place, function in self._served.items()
            if self._readings[place[0]].marks
        }
        self._report(before, conflicts)

    def _declared(self) -> dict[Place, Function]:
        """The functions that the folders declare, by place. Those that `deploy` has replaced are left out."""
        found = {_place_of(function): function for known in self._readings.values() for function in known.functions}
        return {
            place: function
            for place, function in found.items()
            if place not in self._hidden and function.key not in self._objects
        }

    def _marks_when_read(self, folder: Path, function: Function) -> tuple[Marks, ...]:
        known, name = self._readings[folder], os.path.basename(function.origin)
        is_file = name in folders.MANIFEST_NAMES
        own = known.marks[1 + folders.MANIFEST_NAMES.index(name)] if is_file else known.marks[0]
        return (own, *known.reading.files.values())

    def _report(self, before: Mapping[Place, Function], conflicts: set[str]) -> None:
        """Give notices about functions that have another name, are gone, or have a name that is in use."""
        declared_places = {_place_of(each) for known in self._readings.values() for each in known.functions}
        served = {function.key for function in self._functions}
        for place, function in before.items():
            now = self._served.get(place)
            if now is not None and now.key != function.key:
                self._notify(f"{function} is now {now}")
            elif now is not None or function.key in served:
                continue
            elif place[0] not in self._readings:
                self._notify(f"{function} is gone: {place[0]} is not a function any more")
            elif place not in declared_places:
                self._notify(f"{function} is gone: {function.origin} does not declare it any more")
        new, self._conflicts = conflicts - self._conflicts, conflicts
        for conflict in sorted(new):
            self._notify(conflict)


def _merged(before: Sequence[Function], reading: Reading) -> list[Function]:
    """The functions that a folder has now. If one has a mistake, it stays as it was.

    Those that are equal to the ones before are the same objects, so that warm instances are kept.
    """
    old, parts = {function: function for function in before}, {function.part for function in reading.functions}
    kept = [function for function in before if reading.refusals and function.part not in parts]
    return [*(old.get(function, function) for function in reading.functions), *kept]


def _place_of(function: Function) -> Place:
    origin = Path(function.origin)
    return (origin.parent if origin.name in folders.MANIFEST_NAMES else origin), function.part


def _marks_of_folder(folder: Path) -> tuple[Marks, ...]:
    return tuple(map(marks_of, (str(folder), *(str(folder / name) for name in folders.MANIFEST_NAMES))))
