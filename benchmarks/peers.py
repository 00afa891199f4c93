"""The packages with which ours is compared, in virtual environments under .cache.

tencentserverless 0.1.7 has the name of our package, so ours is not installed there. Contenders that use ours find its
source first on their path. All contenders have the same interpreter and the same installed packages.
"""

import hashlib
import os
import subprocess
import sys

from processes import HERE, ROOT

PINS = HERE / "peers.txt"
FRAMEWORK_PINS = HERE / "framework.txt"


def peers_python():
    """The Python of the clients' environment."""
    return _python("peers", PINS)


def uvicorn_python():
    """The Python that has uvicorn, the clients' one; None where its environment cannot be made."""
    return _python_or_none("peers", PINS)


def framework_python():
    """The Python of functions-framework's environment; None if it cannot be created."""
    return _python_or_none("framework", FRAMEWORK_PINS)


def _python_or_none(name, pins):
    try:
        return _python(name, pins)
    except (OSError, subprocess.CalledProcessError):
        return None


def _python(name, pins):
    """The Python of an environment, which is created if it does not exist. Only that needs a network."""
    made_of = hashlib.sha256(sys.executable.encode() + sys.version.encode() + pins.read_bytes()).hexdigest()[:12]
    home = ROOT / ".cache" / "benchmarks" / f"{name}-{made_of}"
    python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not (home / "made").exists():
        print(f"making the environment of {pins.name} ...", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", home], check=True)
        pip = [python, "-m", "pip", "--disable-pip-version-check", "--quiet", "--no-input"]
        subprocess.run([*pip, "install", "--no-deps", "-r", pins], check=True)
        (home / "made").touch()
    return python
