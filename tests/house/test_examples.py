"""The examples run as their pages say, on the local endpoint."""

import os
import re
import subprocess
import sys

import pytest

from tencentserverless.local import LocalSCF
from tencentserverless.scf import Client
from tests.environments import ROOT, clean_environ

EXAMPLE = ROOT / "examples" / "cross-region-chain"
KEYS = ("AKIxxxxxxxxxxxxxxxxxxxxxxggB4Sa", "3vZzxxxxxxxxxxxaeTC")
HELLO = '"Hello World from the function being invoked"'
INVOKED = '"Already invoked a function!"'


def test_make_demo():
    """`make demo` prints what the programs of the documentation print, then how many requests, connections and
    processes that took."""
    venv = os.path.relpath(sys.prefix, ROOT)
    environ = {name: value for name, value in clean_environ().items() if not name.startswith("MAKE")}
    command = ["make", "--silent", f"VENV={venv}", f"--assume-old={venv}/.local", "demo"]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "\n".join(["prepare to invoke a function!", HELLO, INVOKED, INVOKED, INVOKED, ""])
    # one from the program, and one from here and one from there for each form of PythonInvokeTest
    assert re.search(r"^requests sent: 7$", done.stderr, re.MULTILINE)
    assert re.search(r"^connections opened: [1-7]$", done.stderr, re.MULTILINE)
    assert re.search(r"^processes started: 4$", done.stderr, re.MULTILINE)


@pytest.mark.parametrize("namespace", ["default", "method2", "native"])
def test_the_chain_reaches_its_end(namespace):
    """Each form of PythonInvokeTest, in Chengdu, gets the answer of FuncInvoked, in Guangzhou, and prints it."""
    with LocalSCF(EXAMPLE, accept=":".join(KEYS)) as local:
        client = Client("ap-chengdu", local.secret_id, local.secret_key, endpoint=local.endpoint)
        result = client.invoke("PythonInvokeTest", namespace=namespace, log_type="Tail")
        assert result == INVOKED
        assert f"\nprepare to invoke a function!\n{HELLO}\n" in result.log_tail
        regions = [record.invocation.function.region for record in local.records]
        assert sorted(regions) == ["ap-chengdu", "ap-guangzhou"]


def test_the_printed_keys_are_checked():
    """The key pair in the example's code is refused by an endpoint that was not told to accept it."""
    with LocalSCF(EXAMPLE) as local:
        client = Client("ap-chengdu", local.secret_id, local.secret_key, endpoint=local.endpoint)
        result = client.invoke("PythonInvokeTest", namespace="native", log_type="Tail")
        assert result == INVOKED
        assert "AuthFailure.SecretIdNotFound" in result.log_tail
