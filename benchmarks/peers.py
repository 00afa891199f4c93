"""The packages that we are compared with, in an environment of their own under .cache.

tencentserverless 0.1.7 has our package's name, so ours is not installed there: its source is put in front of it for
the contenders that want it. All contenders run on the same interpreter and beside the same installed packages.
"""

import hashlib
import os
import subprocess
import sys

from processes import HERE, ROOT

PINS = HERE / "peers.txt"


def peers_python():
    """The Python of that environment, which is made where it is not there yet (that alone needs a network)."""
    made_of = hashlib.sha256(sys.executable.encode() + sys.version.encode() + PINS.read_bytes()).hexdigest()[:12]
    home = ROOT / ".cache" / "benchmarks" / f"peers-{made_of}"
    python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not (home / "made").exists():
        print("making the peers' environment ...", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", home], check=True)
        pip = [python, "-m", "pip", "--disable-pip-version-check", "--quiet", "--no-input"]
        subprocess.run([*pip, "install", "--no-deps", "-r", PINS], check=True)
        (home / "made").touch()
    return python
