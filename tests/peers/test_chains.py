"""Other makers' clients, as they are released, invoke functions from inside functions: each hop has its parent."""

import shutil
from pathlib import Path

import pytest

from tencentserverless.local import LocalSCF
from tencentserverless.scf import Client
from tests.environments import CONSTRAINTS, ROOT, find_interpreter, uv

PROGRAM = ROOT / "examples" / "cross-region-chain"  # the documentation's two functions
CALLERS = {
    "method 1 with 0.1.7": PROGRAM / "PythonInvokeTest" / "src",
    "method 2 with 0.1.7": PROGRAM / "PythonInvokeTest-method2" / "src",
    "official SDK": Path(__file__).parent / "chains" / "Official",
}
HARD_CODED = "AKIxxxxxxxxxxxxxxxxxxxxxxggB4Sa:3vZzxxxxxxxxxxxaeTC"
BLANK_TOKEN, NO_ROLE = ', token=" ")', ", token=__import__('os').environ.pop('TENCENTCLOUD_SESSIONTOKEN') and None)"
MANIFEST = "component: scf\nname: {0}\ninputs: {{name: {0}, runtime: Python{1}, region: {2}, timeout: 60}}\n"


@pytest.fixture(scope="session")
def packages(tmp_path_factory):
    """A folder with 0.1.7 and the official SDK, in versions that run on every Python from 2.7 on."""
    folder = tmp_path_factory.mktemp("packages")
    uv("pip", "install", "-q", "--no-deps", "--target", str(folder), "-r", str(CONSTRAINTS / "peers-python27.txt"))
    return folder


def deployed(code, folder, name, version, region, packages=None):
    """A function made of `code`, with `packages` in its folder.

    Releases of requests refuse the blank token of method 2, and without it 0.1.7 takes the execution role's: a function
    with its own keys needs none.
    """
    shutil.copytree(code, folder / name)
    index = folder / name / "index.py"
    index.write_text(index.read_text().replace(BLANK_TOKEN, NO_ROLE))
    (folder / name / "serverless.yml").write_text(MANIFEST.format(name, version, region))
    for package in packages.iterdir() if packages else ():
        (folder / name / package.name).symlink_to(package)


@pytest.mark.parametrize("version", ["2.7", "3.6", "3.10"])
@pytest.mark.parametrize("caller", CALLERS)
def test_the_documentations_program(caller, version, packages, tmp_path):
    """The caller's request to SCF's own host name over TLS reaches the endpoint, and the record of the invoked
    function names the invocation that invoked it, also where the keys are written in the code."""
    if find_interpreter(version) is None:
        pytest.skip(f"no Python {version} here")
    deployed(CALLERS[caller], tmp_path, "PythonInvokeTest", version, "ap-chengdu", packages)
    deployed(PROGRAM / "FuncInvoked" / "src", tmp_path, "FuncInvoked", version, "ap-guangzhou")
    notices = []
    with LocalSCF(tmp_path, accept=HARD_CODED, notify=notices.append) as local:
        client = Client("ap-chengdu", local.secret_id, local.secret_key, endpoint=local.endpoint)
        result = client.invoke("PythonInvokeTest", data={"key1": "a"}, log_type="Tail", timeout=90)
        records = local.records
    assert result.value == "Already invoked a function!"
    assert '"Hello World from the function being invoked"' in result.log_tail
    names = [(record.invocation.function.region, record.invocation.function.name) for record in records]
    assert names == [("ap-chengdu", "PythonInvokeTest"), ("ap-guangzhou", "FuncInvoked")]
    assert [record.invocation.parent for record in records] == [None, result.request_id]
    assert notices == []
