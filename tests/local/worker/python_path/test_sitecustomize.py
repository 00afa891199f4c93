"""The `sitecustomize` of commands: what it hides, and what becomes of PYTHONPATH in children."""

import json
import os
import subprocess
import sys

import pytest

from tencentserverless.local.environment.command import PYTHON_PATH
from tests.environments import clean_environ, find_interpreter

ASK = """
import json, os, socket, subprocess, sys
import sitecustomize
host = socket.gethostbyname("scf.tencentcloudapi.com")
here = [sitecustomize.__file__, getattr(sys, "own", ""), sorted(sys.path), host]
if len(sys.argv) > 1:
    print(json.dumps(here[3]))
    sys.exit()
command = [sys.executable, sys.argv[0], "child"]
def ask(**named):
    return json.loads(subprocess.check_output(command, **named).decode("utf-8"))
here.append([ask(env=dict(os.environ, PYTHONPATH="lib")), ask(env={"LC_ALL": "C.UTF-8"})])
del os.environ["TENCENTSERVERLESS_HOSTS"]
os.environ["PYTHONPATH"] = "lib"
os.system("%s %s child >out" % tuple(command[:2]))
here[4].append(json.load(open("out")))
here.append(os.environ["PYTHONPATH"])
print(json.dumps(here))
"""


@pytest.mark.parametrize("version", ["2.7", "3.6", "3.13"])
def test_what_it_hides_is_loaded(version, tmp_path):
    """The program's own sitecustomize is loaded, sys.path is as without ours, and Python children are led too."""
    python = find_interpreter(version)
    if python is None:
        pytest.skip(f"no Python {version} here")
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "sitecustomize.py").write_text("import sys\nsys.own = 'loaded'\n")
    (tmp_path / "ask.py").write_text(ASK)
    own = str(tmp_path / "own")
    file, loaded, path, host, children, shown = told(
        [python, "-B", "ask.py"], tmp_path, f"{PYTHON_PATH}{os.pathsep}{own}", "127.9.9.9 0 0 /nowhere"
    )
    assert file.startswith(own)
    assert (loaded, host, children, shown) == ("loaded", "127.9.9.9", ["127.9.9.9"] * 3, "lib")
    usual = told([python, "-B", "-c", "import json, sys; print(json.dumps(sys.path[1:]))"], tmp_path, own)
    assert path == sorted([*usual, str(tmp_path)])


def told(command, folder, path, hosts=""):
    """What a program prints, as JSON; it must not complain."""
    environ = clean_environ(PYTHONPATH=path, TENCENTSERVERLESS_HOSTS=hosts)
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    return json.loads(done.stdout)


def test_without_the_variable(tmp_path):
    """Without the variable that says where SCF's names lead, they lead nowhere, and not to the cloud."""
    ask = "import json, socket; print(json.dumps(socket.getaddrinfo('scf.tencentcloudapi.com', 443)[0][4]))"
    assert told([sys.executable, "-B", "-c", ask], tmp_path, str(PYTHON_PATH)) == ["127.0.0.1", 0]
