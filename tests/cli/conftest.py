"""The command line as users run it: in a process of its own."""

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache

import pytest

CODE = """\
import os
def main_handler(event, context):
    print("printed")
    if event == "raise":
        raise ValueError("no")
    return {"event": event, "region": os.environ["TENCENTCLOUD_REGION"]}
"""


@pytest.fixture
def functions(tmp_path):
    """A folder with the function `hello` in two regions."""
    for name, region in (("here", "ap-guangzhou"), ("there", "ap-chengdu")):
        place = tmp_path / "functions" / name
        place.mkdir(parents=True)
        (place / "index.py").write_text(CODE)
        (place / "serverless.yml").write_text(f"component: scf\nname: hello\ninputs:\n  region: {region}\n")
    return str(tmp_path / "functions")


@pytest.fixture
def command():
    """`command("local", "exec", ...)` runs the command line; the finished process with text."""

    def run(*arguments, text=None, **variables):
        return subprocess.run(
            [sys.executable, "-m", "tencentserverless", *arguments],
            input=text,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env=environment(**variables),
        )

    return run


def environment(**variables):
    """This process's environment with the source on the path, and without any setting of the cloud."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TENCENT", "TCCLI"))}
    path = os.pathsep.join(filter(None, sys.path))
    return {**kept, "PYTHONPATH": path, "XDG_RUNTIME_DIR": runtime_folder(), **variables}


@cache
def runtime_folder():
    """A folder of this test process, in which `local start` leaves its file: others must not find its endpoints."""
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder)
    return folder
