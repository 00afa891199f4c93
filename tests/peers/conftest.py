"""A local endpoint with the functions of this folder, and other makers' clients that invoke them."""

import json
import subprocess
from pathlib import Path

import pytest

from tencentserverless.local import LocalSCF
from tests.environments import clean_environ
from tests.peers.failures import EVENTS, FAILURES

HERE = Path(__file__).parent


@pytest.fixture
def told():
    """A function that runs a script of this folder with another Python and returns what it tells of its invocations."""
    asked = json.dumps({"events": EVENTS, "names": list(FAILURES)})

    def run(python, script, *arguments):
        with LocalSCF(HERE / "functions") as local:
            address = local.endpoint.partition("://")[2]
            command = [python, HERE / script, address, local.secret_id, local.secret_key, *arguments]
            done = subprocess.run(
                command, input=asked, env=clean_environ(), capture_output=True, text=True, check=False, timeout=100
            )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run
