"""What a function's `requirements.txt` asks for and its interpreter lacks, and the command that gets it."""

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

from tencentserverless.local.model.function import Function
from tencentserverless.local.processes.interpreters import Interpreter

FILE_NAME = "requirements.txt"
_LENT = frozenset(("tencentserverless", "tencentcloud-sdk-python-common"))  # by the endpoint, where they are not packed
_ASK = "import sys, json; print(json.dumps(sys.path))"
_ASK_SECONDS = 10
_METADATA = re.compile(r"(.+?)-([^-]+)(?:-py\d\S*)?\.(?:dist|egg)-info", re.I)
_OPTION = re.compile(r"\s--?[A-Za-z]")
_COMMENT = re.compile(r"(?:^|\s)#.*$")


class Requirements:
    """Looks at each file once for as long as nobody saves it. `notify` is told what is missing."""

    def __init__(self, notify: Callable[[str], None]) -> None:
        self._notify = notify
        self._seen: dict[tuple[str, str], int] = {}
        self._paths: dict[str, list[str]] = {}

    def unseen(self, function: Function, interpreter: Interpreter) -> bool:
        """Whether there is a file to `check`."""
        return self._seen.get(_key(function, interpreter), 0) != _modified(function.code / FILE_NAME)

    def check(self, function: Function, interpreter: Interpreter) -> None:
        """Tell what the interpreter lacks. Blocks while it looks; the interpreter runs once."""
        file = function.code / FILE_NAME
        self._seen[_key(function, interpreter)] = _modified(file)
        try:
            text = file.read_text(encoding="utf-8-sig", errors="replace")
        except OSError:
            return
        own = [str(folder) for folder in (function.code, *reversed(function.layer_folders))]
        installed = installed_in([*own, *self._path_of(interpreter)])
        lacking = missing(text, installed, interpreter.version)
        if lacking:
            self._notify(
                f"{function.name}: {interpreter.runtime} lacks {', '.join(lacking)}, which {file} asks for; get what "
                f"is missing, packed into the function as the platform wants it, with: {command(interpreter, file)}"
            )

    def _path_of(self, interpreter: Interpreter) -> list[str]:
        if interpreter.path not in self._paths:
            self._paths[interpreter.path] = _module_path(interpreter)
        return self._paths[interpreter.path]


def missing(text: str, installed: Mapping[str, str], version: tuple[int, int]) -> list[str]:
    """The requirements in `text` that `installed` (names to versions) does not meet on that version of Python. Pure.

    What is no requirement by name (an option, an address, a path) is passed over, as is a marker without a meaning.
    """
    found = _requirements(text)
    return [str(wanted) for wanted in found if _is_for(wanted, version) and not _is_met(wanted, installed)]


def installed_in(folders: Iterable[str]) -> dict[str, str]:
    """Names and versions of the distributions in folders of modules; the first folder wins."""
    found: dict[str, str] = {}
    for folder in folders:
        for name in _names_in(folder):
            metadata = _METADATA.fullmatch(name)
            if metadata:
                found.setdefault(canonicalize_name(metadata[1]), metadata[2])
    return found


def command(interpreter: Interpreter, file: Path) -> str:
    """The command that installs what `file` asks for beside it."""
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


def _is_for(wanted: Requirement, version: tuple[int, int]) -> bool:
    """Whether its marker, if any, holds on that version of Python."""
    where = {"python_version": "%d.%d" % version, "python_full_version": "%d.%d.0" % version, "extra": ""}
    try:
        return wanted.marker is None or wanted.marker.evaluate(where)
    except (ValueError, LookupError):  # compares what cannot be compared, or names what there is not
        return False


def _is_met(wanted: Requirement, installed: Mapping[str, str]) -> bool:
    name = canonicalize_name(wanted.name)
    has = installed.get(name)
    if has is None:
        return name in _LENT
    try:
        return wanted.specifier.contains(Version(has), prereleases=True)
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
    """When it was saved; 0 where there is none."""
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0
