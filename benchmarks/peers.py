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


def framework_python():
    """The Python of the environment with functions-framework, None if it cannot be created."""
    try:
        return _python("framework", FRAMEWORK_PINS)
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
