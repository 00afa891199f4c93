"""The interpreter for a function's `Runtime`: the current one, or one found on PATH, in pyenv or uv.

On Windows also one that the launcher `py` knows: of python.org, of the store or of uv.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tencentserverless.local.model.function import RUNTIME

_ASK = "import sys; print('%d.%d' % sys.version_info[:2])"
_ASK_PATH = "import sys; print(sys.executable)"
_ASK_SECONDS = 10

Version = tuple[int, int]
CURRENT: Version = sys.version_info[:2]


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python on this machine."""

    path: str
    version: Version

    @property
    def runtime(self) -> str:
        return "Python%d.%d" % self.version

    @property
    def command(self) -> list[str]:
        """Its command line up to the script: isolated from PYTHON* variables, user packages and the script's folder."""
        if self.version < (3, 4):
            return [self.path, "-E", "-s", "-B", "-u"]
        utf8 = ["-X", "utf8"] if self.version >= (3, 7) else []
        return [self.path, "-I", "-B", *utf8]


CURRENT_INTERPRETER = Interpreter(sys.executable, CURRENT)


class Interpreters:
    """Finds interpreters, each version once. `notify` is told about fallbacks.

    chosen: paths by runtime that go before what would be found. Raises ValueError where one is another Python.
    """

    def __init__(self, notify: Callable[[str], None], chosen: Mapping[str, str | os.PathLike[str]]) -> None:
        self._notify = notify
        self._current = CURRENT_INTERPRETER
        self._found = {runtime: _chosen(runtime, os.fspath(path)) for runtime, path in chosen.items()}

    def known(self, runtime: str | None) -> Interpreter | None:
        """What `find` would return, where that needs no search."""
        if runtime in self._found:
            return self._found[runtime]
        return self._current if version_of(runtime) in (None, CURRENT) else None

    def find(self, runtime: str | None) -> Interpreter:
        """The interpreter for `runtime`; the current one, with a notice, where there is none. Blocks while it looks."""
        known = self.known(runtime)
        if known is not None:
            return known
        version = version_of(runtime)
        assert runtime is not None
        assert version is not None
        found = next((Interpreter(path, version) for path in _candidates(version) if _is(path, version)), None)
        if found is None:
            self._notify(
                f"{runtime}: no such interpreter on PATH, in pyenv or uv; its functions run on "
                f"{self._current.runtime} instead (install one with: uv python install {version[0]}.{version[1]})"
            )
        self._found[runtime] = found or self._current
        return self._found[runtime]


def _chosen(runtime: str, path: str) -> Interpreter:
    version = version_of(runtime)
    if version is None:
        raise ValueError(f"{runtime!r} is no runtime such as Python3.9")
    if not _is(path, version):
        raise ValueError(f"{path} is no interpreter for {runtime}")
    return Interpreter(path, version)


def version_of(runtime: str | None) -> Version | None:
    """(3, 9) for "Python3.9"; None for no runtime."""
    matched = RUNTIME.fullmatch(runtime or "")
    return (int(matched[1]), int(matched[2])) if matched else None


def _candidates(version: Version) -> Iterator[str]:
    text = "%d.%d" % version
    suffix = ".exe" if sys.platform == "win32" else ""
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        if folder:
            yield os.path.join(folder, f"python{text}{suffix}")
    if sys.platform == "win32":
        yield from _known_to_launcher(text)
    for pattern in (f"{text}.*", text, f"cpython-{text}.*", f"cpython-{text}-*"):
        for root in _version_folders():
            for place in sorted(root.glob(pattern), reverse=True):
                yield str(place / ("python.exe" if sys.platform == "win32" else f"bin/python{text}"))


def _known_to_launcher(version: str) -> list[str]:
    """https://docs.python.org/3/using/windows.html#python-launcher-for-windows-deprecated"""
    try:
        command = ["py", f"-{version}", "-E", "-s", "-c", _ASK_PATH]
        done = subprocess.run(command, capture_output=True, text=True, timeout=_ASK_SECONDS, check=True)
    except (OSError, ValueError, subprocess.SubprocessError):
        return []
    return [done.stdout.strip()]


def _version_folders() -> list[Path]:
    home = Path(os.path.expanduser("~"))  # where there is none, "~", and no error
    pyenv = Path(os.environ.get("PYENV_ROOT") or home / ".pyenv" / ("pyenv-win" if sys.platform == "win32" else ""))
    data = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    uv = Path(os.environ.get("UV_PYTHON_INSTALL_DIR") or data / "uv" / "python")
    return [pyenv / "versions", uv]


def _is(path: str, version: Version) -> bool:
    """Whether this runs and is that version: a shim of pyenv may stand for a version that is not there."""
    if not os.access(path, os.X_OK):
        return False
    try:
        done = subprocess.run([path, "-E", "-s", "-c", _ASK], capture_output=True, timeout=_ASK_SECONDS, check=False)
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0 and done.stdout.strip() == b"%d.%d" % version
