"""The functions of folders as those are now: what is saved, added or taken away counts from the next request on."""

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from math import inf
from pathlib import Path

from tencentserverless.local import folder
from tencentserverless.local.catalog import Function, FunctionFolderError, Key

MANY = 500  # a number, not a time: a busy machine must not make new functions late
REST_FACTOR = 20

Marks = tuple[int, int, int]  # time, inode and size; zeros for what is not there


def _always() -> float:
    return inf


class LiveCatalog:
    """Looks where the functions come from whenever one is asked for, and for new ones where one is missing.

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
        self._functions = folder.read(self._roots, notify, layers)
        self._looked: dict[str, tuple[float, Marks]] = {}
        self._hidden: set[Path] = set()  # where functions are in whose place others were deployed
        self._rests_until = 0.0
        self._complaints: dict[Path, list[str]] = {}  # that have been told, of places as they are

    def get(self, key: Key) -> Function | None:
        """The function of this name as it is configured now."""
        function = self._functions.get(key)
        if function is None:
            self._look_for_more()
            function = self._functions.get(key)
        elif function.call is None:
            function = self._current(function)
        return function if function is not None and function.key == key else None

    def places_of(self, name: str) -> list[Function]:
        """Every function of this name, wherever it is."""
        return [function for function in self._functions if function.name == name]

    def inside(self, region: str, namespace: str) -> list[Function]:
        """All functions of a region and namespace, as they are now."""
        self._look_for_more()
        for function in list(self._functions):
            self.get(function.key)
        return self._functions.inside(region, namespace)

    def deploy(self, functions: Iterable[Function], root: Path | None = None) -> None:
        """Have these too, in the place of those of the same names. root: where more may come from later."""
        for function in functions:
            replaced = self._functions.get(function.key)
            if replaced is not None:
                self._hidden.add(_folder_of(replaced))
            self._hidden.discard(_folder_of(function))
            self._functions.replace(function)
        if root is not None:
            self._roots[root.resolve()] = None

    def __iter__(self) -> Iterator[Function]:
        return iter(self._functions)

    def __len__(self) -> int:
        return len(self._functions)

    def _current(self, function: Function) -> Function | None:
        """What the folder of `function` has now: that one as it was where nothing has changed, None for nothing."""
        looked_at, marks = self._looked.get(function.origin, (-inf, None))
        if looked_at >= self._since():
            return function
        now, found = time.monotonic(), _marks(function.origin)
        self._looked[function.origin] = now, found
        return function if found == marks else self._read_again(function)

    def _read_again(self, function: Function) -> Function | None:
        place = _folder_of(function)
        if not place.is_dir():
            self._functions.remove(function)
            self._notify(f"{function}: its folder is gone")
            return None
        notices: list[str] = []
        try:
            changed = folder.function_in(place, notices.append, self._layers)
            if changed == function:
                return function
            self._functions.move(function, changed)
        except FunctionFolderError as error:
            self._notify(f"{error} (the configuration from before stays)")
            return function
        self._tell(notices)
        if changed.key != function.key:
            self._notify(f"{function} is now {changed}")
        return changed

    def _look_for_more(self) -> None:
        """Add what is new. Where there is much to look at, looking takes a twentieth of the time at most."""
        started = time.monotonic()
        if started < self._rests_until:
            return
        known = self._hidden.union(map(_folder_of, self._functions))
        places = dict.fromkeys(place for root in self._roots for place in folder.candidates(root) if place not in known)
        self._add(filter(folder.is_function, places))
        if len(places) > MANY:
            self._rests_until = time.monotonic() + REST_FACTOR * (time.monotonic() - started)

    def _add(self, places: Iterable[Path]) -> None:
        told, self._complaints = self._complaints, {}
        for place in places:
            notices: list[str] = []
            if not self._is_added(place, notices):
                self._complaints[place] = notices
            if told.get(place) != notices:
                self._tell(notices)

    def _is_added(self, place: Path, notices: list[str]) -> bool:
        try:
            function = folder.function_below(place, notices.append, self._layers)
            if function is not None:
                self._functions.add(function)
        except FunctionFolderError as error:
            notices.append(str(error))
            return False
        return function is not None

    def _tell(self, notices: Iterable[str]) -> None:
        for notice in notices:
            self._notify(notice)


def _folder_of(function: Function) -> Path:
    origin = Path(function.origin)
    return origin.parent if origin.name in folder.MANIFEST_NAMES else origin


def _marks(origin: str) -> Marks:
    """By which it is seen that a file was written again, or that a folder got a file or lost one."""
    try:
        status = os.stat(origin)
    except OSError:
        return 0, 0, 0
    return status.st_mtime_ns, status.st_ino, status.st_size
