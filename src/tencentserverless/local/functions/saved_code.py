"""Finds syntax errors in the code of functions when it is saved, before anything runs it."""

import os
import sys
import time
import warnings
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice

from tencentserverless.local.functions.look_pace import LookPace
from tencentserverless.local.model.function import Function, version_of

MOST_FILES = 200  # of one function
MOST_ENTRIES = 1000  # that are looked at for one function, those nearest to the top first
_SKIPPED = frozenset(("__pycache__", "node_modules", "site-packages"))
MOST_BYTES = 1024 * 1024


class SavedCode:
    """The Python files of functions, as they were at the last look.

    Those at the top are read at the first look. Those in subfolders are read when they are saved: there may be packages
    that have files for other Pythons.
    """

    def __init__(self) -> None:
        self._marks: dict[str, tuple[int, int]] = {}
        self._folders: set[str] = set()  # those that were looked at before
        self._pace = LookPace()

    def errors(self, functions: Iterable[Function]) -> list[str]:
        """A notice for each syntax error in files that are new or were saved since the last look."""
        if not self._pace.is_due():
            return []
        started = time.monotonic()
        found = [error for function in functions if _is_readable(function) for error in self._errors_of(function)]
        self._pace.rest_after(started)
        return list(dict.fromkeys(found))

    def _errors_of(self, function: Function) -> Iterator[str]:
        for path in self._saved(function):
            error = _syntax_error(path)
            if error is not None:
                yield f"{function.name}: {type(error).__name__} in {path}, line {error.lineno}: {error.msg}"

    def _saved(self, function: Function) -> list[str]:
        """The files that were saved since the last look."""
        found, top = [], str(function.code)
        known = {top, *self._folders}
        for path, marks in _files(top):
            folder = os.path.dirname(path)
            self._folders.add(folder)
            if self._marks.get(path) != marks:
                self._marks[path] = marks
                found += [path] if folder in known else []
        return found


def _is_readable(function: Function) -> bool:
    """Whether this Python knows the syntax of the function's Python."""
    if function.call is not None:
        return False
    version = version_of(function.runtime)
    return version is None or (3, 0) <= version <= sys.version_info[:2]


def _files(top: str) -> Iterator[tuple[str, tuple[int, int]]]:
    """The Python files of a folder, with marks that change when they are saved."""
    entries = islice(_entries(top), MOST_ENTRIES)
    for path in islice((entry.path for entry in entries if entry.name.endswith(".py")), MOST_FILES):
        with suppress(OSError):
            status = os.stat(path)
            yield path, (status.st_mtime_ns, status.st_size)


def _entries(top: str) -> Iterator["os.DirEntry[str]"]:
    """The entries of a folder and its subfolders. Links to folders are not followed."""
    waiting = deque([top])
    while waiting:
        with suppress(OSError), os.scandir(waiting.popleft()) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                yield entry
                if entry.is_dir(follow_symlinks=False) and entry.name not in _SKIPPED and entry.name[0] != ".":
                    waiting.append(entry.path)


def _syntax_error(path: str) -> SyntaxError | None:
    try:
        with open(path, "rb") as file:
            source = file.read(MOST_BYTES + 1)
        if len(source) <= MOST_BYTES:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                compile(source, path, "exec", dont_inherit=True)
    except SyntaxError as error:
        return error
    except (OSError, ValueError, RecursionError, MemoryError):  # the next invocation tells what is wrong
        pass
    return None
