"""The functions of folders as those are now: what is saved, added or taken away counts from the next request on."""

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

Marks = tuple[int, int, int]  # time, inode and size; zeros for what is not there


def _always() -> float:
    return inf


@dataclass(slots=True)
class _Place:
    """What was read of a folder when it had these marks. wanted: its function; told: the notices about it.

    Without marks it was read by somebody else, who has told what there was to tell.
    """

    wanted: Function | None
    marks: tuple[Marks, ...] = ()
    told: Sequence[str] = ()


class LiveCatalog:
    """Looks where a function comes from whenever it is asked for, and everywhere when something has changed there, or
    when it is missing. Then it has what a start would find now.

    since: as of when answers must hold (monotonic seconds); by default as of now. layers: folders by name.

    Raises `FunctionFolderError` where the paths lead to no function now. What is broken later is told to `notify` and
    stays as it was.
    """

    def __init__(
        self,
        paths: Iterable[str | os.PathLike[str]],
        notify: Callable[[str], None],
        layers: Mapping[str, Path],
        since: Callable[[], float] = _always,
    ) -> None:
        self._roots = dict.fromkeys(Path(path).resolve() for path in paths)
        self._notify = notify
        self._layers = layers
        self._since = since
        self._served: dict[Path, Function] = {}
        marks = {place: _marks_of(place) for place in self._candidates()}  # before: what is saved meanwhile is seen
        self._functions = folders.read(self._roots, notify, layers)
        self._served = {_folder_of(function): function for function in self._functions}
        self._places = {place: _Place(found, marks.get(place, ())) for place, found in self._served.items()}
        self._objects: dict[Key, Function] = {}  # whose handlers are objects of this program
        self._hidden: set[Path] = set()  # where functions are in whose place others were deployed
        self._looked: dict[str, tuple[float, Marks]] = {}  # by origin
        self._looked_everywhere = -inf
        self._pace = LookPace()
        self._conflicts: set[str] = set()
        self._outdated: set[Key] = set()  # of those that want a name which is taken

    def get(self, key: Key) -> Function | None:
        """The function of this name as it is configured now."""
        function = self._functions.get(key)
        if function is None:
            self._look_for_more()
        elif key in self._outdated or not self._is_current(function):
            self._look()
        else:
            return function
        return self._functions.get(key)

    def places_of(self, name: str) -> list[Function]:
        """Every function of this name, wherever it is."""
        return [function for function in self._functions if function.name == name]

    def inside(self, region: str, namespace: str) -> list[Function]:
        """All functions of a region and namespace, as they are now."""
        self._look_for_more()
        return self._functions.inside(region, namespace)

    def deploy(self, functions: Iterable[Function], root: Path | None = None) -> None:
        """Have these too, in the place of those of the same names. root: where more may come from later."""
        for function in functions:
            if function.call is not None:
                self._objects[function.key] = function
                continue
            self._objects.pop(function.key, None)
            place = _folder_of(function)
            self._hidden |= {other for other, replaced in self._served.items() if replaced.key == function.key}
            self._hidden.discard(place)
            self._served[place], self._places[place] = function, _Place(function)
        if root is not None:
            self._roots[root] = None
        self._serve(time.monotonic())

    def __iter__(self) -> Iterator[Function]:
        return iter(self._functions)

    def __len__(self) -> int:
        return len(self._functions)

    def _is_current(self, function: Function) -> bool:
        if function.call is not None:
            return True
        looked_at, marks = self._looked.get(function.origin, (-inf, None))
        if looked_at >= self._since():
            return True
        now, found = time.monotonic(), _marks(function.origin)
        if found != marks and not self._is_still(function):
            return False
        self._looked[function.origin] = now, found
        return True

    def _is_still(self, function: Function) -> bool:
        """Whether what has changed where it comes from is nothing to it."""
        place = _folder_of(function)
        if not self._is_function(place):
            return False
        self._places[place] = self._read(place)
        return self._places[place].wanted is function

    def _look_for_more(self) -> None:
        """Where there is much to look at, looking takes a twentieth of the time at most."""
        started = time.monotonic()
        if self._looked_everywhere >= self._since() or not self._pace.is_due():
            return
        if self._look() > MANY:
            self._pace.rest_after(started)

    def _look(self) -> int:
        """Read what has changed, and serve what there is then. How many folders there were to look at."""
        self._looked_everywhere = time.monotonic()
        candidates = self._candidates()
        self._places = {place: self._read(place) for place in candidates if self._is_function(place)}
        self._serve(self._looked_everywhere)
        return len(candidates)

    def _candidates(self) -> list[Path]:
        """Where functions may be."""
        found: dict[Path, None] = {}
        holders = {place.parent for place in self._served}  # they stay such, whatever else is put into them
        for root in self._roots:
            is_one = root not in holders and self._is_function(root)
            with suppress(OSError):  # it may come back
                found.update(dict.fromkeys([root] if is_one else folders.inside(root)))
        return list(found)

    def _is_function(self, place: Path) -> bool:
        """One that is known stays one while its code is broken."""
        return folders.has_code(place) if place in self._served else folders.is_function(place)

    def _read(self, place: Path) -> _Place:
        before = self._places.get(place, _Place(None))
        marks = _marks_of(place)
        if marks == before.marks:
            return before
        wanted, notices = before.wanted, list[str]()
        try:
            wanted = folders.function_below(place, notices.append, self._layers)
        except Exception as error:  # noqa: BLE001  whatever is wrong with one is no matter for the others
            what = str(error) if isinstance(error, FunctionFolderError) else f"{place}: {error!r}"
            notices.append(f"{what} (the configuration from before stays)" if wanted else what)
        if wanted == before.wanted:
            wanted = before.wanted  # the same object: warm instances stay
        has_heard = notices == before.told or (not before.marks and wanted is before.wanted is not None)
        for notice in () if has_heard else notices:
            self._notify(notice)
        return _Place(wanted, marks, notices)

    def _serve(self, looked_at: float) -> None:
        """Have in the catalog what the folders want, as far as names are free: who has a name keeps it."""
        before, wanted = self._served, self._wanted()
        owners: dict[Key, Path] = {}
        for place in sorted(wanted, key=lambda place: place not in before or before[place].key != wanted[place].key):
            owners.setdefault(wanted[place].key, place)
        conflicts, self._served, self._outdated = set[str](), {}, set()
        for place, function in wanted.items():
            owner, old = owners[function.key], before.get(place)
            if owner == place:
                self._served[place] = function
                continue
            conflicts.add(f"{function} is declared twice: in {wanted[owner].origin} and in {function.origin}")
            if old is not None and old.key not in self._objects and owners.setdefault(old.key, place) == place:
                self._served[place] = old
                self._outdated.add(old.key)
        self._functions = Catalog([*self._objects.values(), *self._served.values()])
        self._looked = {
            function.origin: (looked_at, _mark_of(function, self._places[place].marks))
            for place, function in self._served.items()
            if self._places[place].marks
        }
        self._tell(before, conflicts)

    def _wanted(self) -> dict[Path, Function]:
        return {
            place: read.wanted
            for place, read in self._places.items()
            if read.wanted is not None and place not in self._hidden and read.wanted.key not in self._objects
        }

    def _tell(self, before: Mapping[Path, Function], conflicts: set[str]) -> None:
        """What has become of those that were served."""
        for place, function in before.items():
            now = self._served.get(place)
            if now is not None and now.key != function.key:
                self._notify(f"{function} is now {now}")
            elif place not in self._places:
                self._notify(f"{function}: there is no function in {place} any more")
        new, self._conflicts = conflicts - self._conflicts, conflicts
        for conflict in sorted(new):
            self._notify(conflict)


def _folder_of(function: Function) -> Path:
    origin = Path(function.origin)
    return origin.parent if origin.name in folders.MANIFEST_NAMES else origin


def _mark_of(function: Function, marks: tuple[Marks, ...]) -> Marks:
    name = os.path.basename(function.origin)
    return marks[1 + folders.MANIFEST_NAMES.index(name)] if name in folders.MANIFEST_NAMES else marks[0]


def _marks_of(place: Path) -> tuple[Marks, ...]:
    return tuple(map(_marks, (str(place), *(str(place / name) for name in folders.MANIFEST_NAMES))))


def _marks(path: str) -> Marks:
    """By which it is seen that a file was written again, or that a folder got a file or lost one."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return 0, 0, 0
    return status.st_mtime_ns, status.st_ino, status.st_size
