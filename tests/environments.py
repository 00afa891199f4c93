"""Interpreters found on this machine, and environments made of them for the tests that need one of their own.

Environments are kept in .cache/environments, named after what is in them, and made once also when several test
processes want the same one at the same time.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache"
CONSTRAINTS = ROOT / "constraints"
SOURCE = ("setup.py", "setup.cfg", "pyproject.toml", "MANIFEST.in", "LICENSE", "README.md", "src")
# The folders of tests that run on every Python.
OLD_RING = ("client", "failures", "functions", "protocol", "settings", "transport")


def find_interpreter(version):
    """The path of a Python of this version ("3.6"), None where there is none: on PATH, or among pyenv's."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    candidates = [shutil.which("python" + version), *sorted(pyenv.glob(version + ".*/bin/python"), reverse=True)]
    return next((str(path) for path in candidates if path and _version_of(str(path)) == version), None)


@cache
def _version_of(python):
    """What this interpreter says of itself; a name on PATH may be a shim with nothing behind it."""
    question = "import sys; print('%d.%d' % sys.version_info[:2])"
    told = subprocess.run([python, "-c", question], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    return told.stdout.decode("ascii", "replace").strip()


def pins_for(version):
    """The constraints file for this Python."""
    names = {"3.6": "py36.txt", "3.7": "py37.txt", "3.8": "py39.txt", "3.9": "py39.txt"}
    return CONSTRAINTS / names.get(version, "py3.txt")


def environment(version, name, *arguments):
    """The Python of an environment of this Python version with what `uv pip install` makes of `arguments`.

    An argument that is a `Path` is a file of this repository; its text is part of what the environment is named after.
    The interpreter must be there: ask `find_interpreter` first.
    """
    python = find_interpreter(version)
    assert python is not None, f"there is no Python {version} here"
    texts = [argument.read_text() if isinstance(argument, Path) else argument for argument in arguments]
    digest = hashlib.sha256("\0".join([python, *texts]).encode()).hexdigest()[:12]
    home = CACHE / "environments" / f"{name}-{version}-{digest}"
    made = home / "made"
    inside = home / "bin" / "python"
    with locked(home.with_suffix(".lock")):
        if not made.exists():
            shutil.rmtree(home, ignore_errors=True)
            uv("venv", "--quiet", "--python", python, str(home))
            uv("pip", "install", "--quiet", "--python", str(inside), *map(str, arguments))
            made.touch()
    return str(inside)


def uv(*arguments):
    """Run uv, which still makes environments of Python 3.6 and 3.7; what it prints is shown where it fails."""
    from uv import find_uv_bin

    surroundings = {**os.environ, "UV_PYTHON_DOWNLOADS": "never"}
    surroundings.pop("VIRTUAL_ENV", None)
    command = [find_uv_bin(), *arguments]
    done = subprocess.run(command, env=surroundings, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, f"{' '.join(arguments)}\n{done.stdout}{done.stderr}"


def once(tmp_path_factory, name, make):
    """The folder of this name for all test processes of a run. The first one makes it: `make(folder)`."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    with locked(folder.with_suffix(".lock")):
        if not folder.exists():
            part = folder.with_suffix(".part")
            make(part)
            part.rename(folder)
    return folder


def distributions(tmp_path_factory):
    """The folder of the source distribution and of the wheel made from it."""

    def build(folder):
        source = unpack(tmp_path_factory.mktemp("build") / "source")
        code, output, errors = run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, source)
        assert code == 0, output + errors

    return once(tmp_path_factory, "distributions", build)


def unpack(target):
    """The source as a user unpacks it, without what builds and runs left in the work tree."""
    left = shutil.ignore_patterns("__pycache__", "*.egg-info")
    target.mkdir()
    for name in SOURCE:
        copy = shutil.copy if (ROOT / name).is_file() else lambda *paths: shutil.copytree(*paths, ignore=left)
        copy(ROOT / name, target / name)
    return target


@contextmanager
def locked(path):
    """Only one process at a time is in this block for the same `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def clean_environ(**added):
    """The environment without what would reach into another Python or change what a client does."""
    dropped = ("PYTHON", "PYTEST", "COV", "TENCENT", "VIRTUAL_ENV", "PIP_", "UV_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    return {**kept, **added}


def run(python, *arguments, cwd=None, timeout=100, **environ):
    """Run this Python with a clean environment and return (exit code, stdout, stderr)."""
    command = [python, *map(str, arguments)]
    done = subprocess.run(
        command, cwd=cwd, env=clean_environ(**environ), capture_output=True, text=True, check=False, timeout=timeout
    )
    return done.returncode, done.stdout, done.stderr
