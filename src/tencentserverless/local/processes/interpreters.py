"""Finds the interpreter for a function's `Runtime`.

It is the interpreter that runs the endpoint, if the version matches. Otherwise it is searched for on PATH, in pyenv and
in uv. On Windows the launcher `py` is asked too; it knows those of python.org, of the Microsoft Store and of uv.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tencentserverless.local.model.function import Version, version_of

# The version, then the folders that the interpreter needs, one a line.
_PRINT_ABOUT = """\
import os, sys
print('%d.%d' % sys.version_info[:2])
for name in ('prefix', 'exec_prefix', 'base_prefix', 'base_exec_prefix'):
    print(getattr(sys, name, sys.prefix))
print('\\n'.join(sys.path))
"""
_PRINT_PATH = "import sys; print(sys.executable)"
_ASK_SECONDS = 10
_OLDEST_OF_UV = (3, 8)

CURRENT: Version = sys.version_info[:2]


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python on this machine.

    path: absolute, without dots. folders: its installation, its virtual environment and its packages.
    """

    path: str
    version: Version
    folders: tuple[str, ...] = field(default=(), compare=False, repr=False)

    @property
    def runtime(self) -> str:
        return "Python%d.%d" % self.version

    @property
    def command(self) -> list[str]:
        """The command line up to the script. It excludes PYTHON* variables, user packages and the script's folder."""
        if self.version < (3, 4):
            return [self.path, "-E", "-s", "-B", "-u"]
        utf8 = ["-X", "utf8"] if self.version >= (3, 7) else []
        return [self.path, "-I", "-B", *utf8]


def plain_path(path: str) -> str:
    """The absolute path of an interpreter, without dots. A link at its end stays: it may be a virtual environment's."""
    folder, name = os.path.split(os.path.abspath(path))
    real = os.path.realpath(os.path.dirname(path))
    return os.path.join(folder if os.path.realpath(folder) == real else real, name)  # another one: dots after a link


def _current_folders() -> tuple[str, ...]:
    """The folders of the interpreter that runs this. Those that PYTHONPATH or a program has added come first in
    `sys.path`; workers do not have them.
    """
    library = os.path.dirname(os.__file__)
    first = sys.path.index(library) if library in sys.path else 0
    prefixes = sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix
    return (*prefixes, library, *filter(None, sys.path[first:]))


CURRENT_INTERPRETER = Interpreter(plain_path(sys.executable) if sys.executable else "", CURRENT, _current_folders())


class Interpreters:
    """Finds interpreters, and searches for each version once. Raises ValueError if a path in `chosen` does not match.

    notify: called with the text of a notice if a runtime is not found. chosen: paths by runtime, used without a search.
    """

    def __init__(self, notify: Callable[[str], None], chosen: Mapping[str, str | os.PathLike[str]]) -> None:
        self._notify = notify
        self._current = CURRENT_INTERPRETER
        self._found = {runtime: _chosen(runtime, os.fspath(path)) for runtime, path in chosen.items()}

    def known(self, runtime: str | None) -> Interpreter | None:
        """The interpreter that `find` would return; None if `find` would have to search."""
        if runtime in self._found:
            return self._found[runtime]
        return self._current if version_of(runtime) in (None, CURRENT) else None

    def find(self, runtime: str | None) -> Interpreter:
        """The interpreter for `runtime`. If there is none: the current one, with a notice. Blocks while it searches."""
        known = self.known(runtime)
        if known is not None:
            return known
        version = version_of(runtime)
        assert runtime is not None
        assert version is not None
        found = next(filter(None, (interpreter_at(path, version) for path in _candidates(version))), None)
        if found is None:
            self._notify(
                f"{runtime} was not found on PATH, in pyenv or in uv; its functions run on {self._current.runtime} "
                f"instead (to install it: {_installer(version)} install {version[0]}.{version[1]})"
            )
        self._found[runtime] = found or self._current
        return self._found[runtime]


def _installer(version: Version) -> str:
    """The command of a program that can install this version of Python: uv has no old ones."""
    return "uv python" if version >= _OLDEST_OF_UV else "pyenv"


def _chosen(runtime: str, path: str) -> Interpreter:
    """The interpreter at `path`. Raises ValueError if it is not the Python that `runtime` names."""
    version = version_of(runtime)
    if version is None:
        raise ValueError(f"{runtime!r} is not a runtime such as Python3.9")
    found = interpreter_at(path, version)
    if found is None:
        raise ValueError(f"{path} is not an interpreter for {runtime}")
    return found


def _candidates(version: Version) -> Iterator[str]:
    """Paths at which an interpreter of this version may be, in the order in which they are tried."""
    text = "%d.%d" % version
    suffix = ".exe" if sys.platform == "win32" else ""
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        if folder:
            yield os.path.join(folder, f"python{text}{suffix}")
    if sys.platform == "win32":
        yield from _known_to_launcher(text)
    for pattern in (f"{text}.*", text, f"cpython-{text}.*", f"cpython-{text}-*"):
        for root in _version_folders():
            for installation in sorted(root.glob(pattern), reverse=True):
                yield str(installation / ("python.exe" if sys.platform == "win32" else f"bin/python{text}"))


def _known_to_launcher(version: str) -> list[str]:
    """The interpreter that the launcher `py` starts for this version, if any.

    https://docs.python.org/3/using/windows.html#python-launcher-for-windows-deprecated
    """
    try:
        command = ["py", f"-{version}", "-E", "-s", "-c", _PRINT_PATH]
        done = subprocess.run(command, capture_output=True, text=True, timeout=_ASK_SECONDS, check=True)
    except (OSError, ValueError, subprocess.SubprocessError):
        return []
    return [done.stdout.strip()]


def _version_folders() -> list[Path]:
    """The folders in which pyenv and uv keep their interpreters."""
    home = Path(os.path.expanduser("~"))  # "~" itself if the user does not have a home folder; `Path.home` would raise
    pyenv = Path(os.environ.get("PYENV_ROOT") or home / ".pyenv" / ("pyenv-win" if sys.platform == "win32" else ""))
    data = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    uv = Path(os.environ.get("UV_PYTHON_INSTALL_DIR") or data / "uv" / "python")
    return [pyenv / "versions", uv]


def interpreter_at(path: str, version: Version) -> Interpreter | None:
    """The interpreter at `path` if it runs and has this version. Pyenv has shims for versions that are not active."""
    if not os.access(path, os.X_OK):
        return None
    path = plain_path(path)
    try:
        command = [path, "-E", "-s", "-c", _PRINT_ABOUT]
        done = subprocess.run(command, capture_output=True, timeout=_ASK_SECONDS, check=False)
    except (OSError, subprocess.SubprocessError):
        return None
    found, *folders = map(os.fsdecode, done.stdout.splitlines() or [b""])
    if done.returncode != 0 or found != "%d.%d" % version:
        return None
    return Interpreter(path, version, tuple(filter(None, folders)))
