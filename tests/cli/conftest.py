"""The command line as users run it: in a process of its own."""

import os
import subprocess
import sys

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
    return written(tmp_path)


def written(folder):
    for name, region in (("here", "ap-guangzhou"), ("there", "ap-chengdu")):
        place = folder / "functions" / name
        place.mkdir(parents=True)
        (place / "index.py").write_text(CODE)
        (place / "serverless.yml").write_text(f"component: scf\nname: hello\ninputs:\n  region: {region}\n")
    return str(folder / "functions")


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
    return {**kept, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **variables}
