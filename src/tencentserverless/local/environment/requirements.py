"""Checks whether the packages of a function's `requirements.txt` are installed."""

import json
import os
import re
import shlex
import subprocess
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from tencentserverless.local.functions.encodings import decoded
from tencentserverless.local.model.function import Function
from tencentserverless.local.processes.interpreters import Interpreter

FILE_NAME = "requirements.txt"
MOST_CHECKED = 1000
_PROVIDED = frozenset(("tencentserverless", "tencentcloud-sdk-python-common"))  # by the endpoint
_ASK = "import sys, json; print(json.dumps(sys.path))"
_ASK_SECONDS = 10
_METADATA = re.compile(r"(.+?)-([^-]+)(?:-py\d\S*)?\.(?:dist|egg)-info", re.I)
_OPTION = re.compile(r"\s--?[A-Za-z]")
_COMMENT = re.compile(r"(?:^|\s)#.*$")


class Requirements:
    """Checks each `requirements.txt` once, and again after it is saved. A notice names the missing packages."""

    def __init__(self, notify: Callable[[str], None]) -> None:
        self._notify = notify
        self._checked: dict[tuple[str, str], int] = {}
        self._paths: dict[str, list[str]] = {}

    def needs_check(self, function: Function, interpreter: Interpreter) -> bool:
        """Whether `check` has to be called: the file exists and has not been checked since it was saved."""
        return self._checked.get(_key(function, interpreter), 0) != _modified(function.code / FILE_NAME)

    def check(self, function: Function, interpreter: Interpreter) -> None:
        """Give a notice if packages are missing. This blocks, and runs each interpreter once."""
        file = function.code / FILE_NAME
        self._checked[_key(function, interpreter)] = _modified(file)
        if len(self._checked) > MOST_CHECKED:
            del self._checked[next(iter(self._checked))]
        try:
            text = decoded(file.read_bytes()).text
        except OSError:
            return
        own = [function.folders[0], *reversed(function.folders[1:])]
        installed = installed_in([*own, *self.path_of(interpreter)])
        lacking = missing(text, installed, interpreter.version)
        if lacking:
            self._notify(
                f"{function.name}: {interpreter.runtime} lacks {', '.join(lacking)}, required by {file}. "
                f"Install the missing packages into the function's folder with: {command(interpreter, file)}"
            )

    def path_of(self, interpreter: Interpreter) -> list[str]:
        """The module path of an interpreter. This blocks, and runs each interpreter once."""
        if interpreter.path not in self._paths:
            self._paths[interpreter.path] = _module_path(interpreter)
        return self._paths[interpreter.path]


def missing(text: str, installed: Mapping[str, str], version: tuple[int, int]) -> list[str]:
    """Return the requirements that are not met. This does no I/O.

    text: the content of a `requirements.txt`. Options, addresses and paths in it are ignored, and so are requirements
        with a marker that cannot be evaluated.
    installed: the versions of installed packages, by name.
    version: of Python. Markers about the operating system are evaluated for this machine.
    """
    found = _requirements(text)
    return [str(each) for each in found if _is_for(each, version) and not _is_met(each, installed)]


def installed_in(folders: Iterable[str]) -> dict[str, str]:
    """The versions of the packages in these folders, by name. The first folder wins."""
    found: dict[str, str] = {}
    for folder in folders:
        for name in _names_in(folder):
            metadata = _METADATA.fullmatch(name)
            if metadata:
                found.setdefault(canonicalize_name(metadata[1]), metadata[2])
    return found


def command(interpreter: Interpreter, file: Path) -> str:
    """The command that installs the requirements of `file` into its folder."""
    words = [interpreter.path, "-m", "pip", "install", "-r", str(file), "-t", str(file.parent)]
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)


def _requirements(text: str) -> list[Requirement]:
    found = []
    for line in re.sub(r"\\\r?\n", " ", text).splitlines():
        bare = _OPTION.split(_COMMENT.sub("", line), maxsplit=1)[0].strip()
        try:
            found.append(Requirement(bare))
        except InvalidRequirement:
            continue
    return found


def _is_for(requirement: Requirement, version: tuple[int, int]) -> bool:
    """Whether a requirement is for this version of Python."""
    values = {"python_version": "%d.%d" % version, "python_full_version": "%d.%d.0" % version, "extra": ""}
    try:
        return requirement.marker is None or requirement.marker.evaluate(values)
    except (ValueError, LookupError):  # the marker compares values of two types, or has an unknown name
        return False


def _is_met(requirement: Requirement, installed: Mapping[str, str]) -> bool:
    name = canonicalize_name(requirement.name)
    version = installed.get(name)
    if version is None:
        return name in _PROVIDED
    try:
        return requirement.specifier.contains(Version(version), prereleases=True)
    except InvalidVersion:
        return True


def _module_path(interpreter: Interpreter) -> list[str]:
    try:
        done = subprocess.run(
            [*interpreter.command, "-c", _ASK], capture_output=True, timeout=_ASK_SECONDS, check=True, cwd=os.sep
        )
        return [folder for folder in json.loads(done.stdout) if folder]
    except (OSError, ValueError, subprocess.SubprocessError):
        return []


def _names_in(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _key(function: Function, interpreter: Interpreter) -> tuple[str, str]:
    return str(function.code), interpreter.path


def _modified(file: Path) -> int:
    """The time when a file was saved (nanoseconds), 0 if it does not exist."""
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0
