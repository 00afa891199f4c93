"""The plugin of pytest, in a project of a user: each test runs pytest on files of its own."""

import os
import subprocess
import sys

import pytest

pytest.importorskip("httptools", reason="needs the extra local")

from tests.environments import ROOT  # of the Python that has the extra

PROJECT = {
    "functions/Order/serverless.yml": "component: scf\ninputs:\n  name: Order\n",
    "functions/Order/index.py": """
from tencentserverless import scf
count = 0

def main_handler(event, context):
    global count
    count += 1
    print("ordering", event["id"])
    return {"paid": scf.invoke("Pay", data=event).value, "count": count}
""",
    "functions/Pay/index.py": "def main_handler(event, context):\n    return 'really'\n",
    "functions/Pay/serverless.yml": "component: scf\ninputs:\n  name: Pay\n",
}


@pytest.fixture
def run(tmp_path):
    """`run(test, *arguments)` runs pytest with these files and returns its exit code and its output."""

    def runs(test, *arguments, files=PROJECT, **variables):
        for name, text in {**files, "test_it.py": test, "pytest.ini": "[pytest]\n"}.items():
            place = tmp_path / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV"))}
        path = os.pathsep.join((str(ROOT / "src"), *filter(None, (variables.pop("path", ""),))))
        found = subprocess.run(
            [sys.executable, "-W", "error", "-m", "pytest", "-p", "tencentserverless.pytest_plugin", *arguments],
            cwd=tmp_path,
            env={**kept, "PYTHONPATH": path, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )
        return found.returncode, found.stdout

    return runs


def test_a_project_s_tests(run):
    """Plain `scf.invoke` reaches the functions below rootdir, also with xdist; no test sees what another did."""
    test = """
import os
import pytest
from tencentserverless import scf
from tencentserverless.exception import InvocationError, NotFoundError

def test_alone_before():
    assert os.environ["TENCENTCLOUD_SECRETID"] == "developers"

@pytest.mark.parametrize("_", range(3))
def test_order(scf_local, scf_client, _):
    scf_local.stub("Pay", returns="paid")
    assert scf.invoke("Order", data={"id": 1}).value == {"paid": "paid", "count": 1}
    assert [record.event for record in scf_local.invocations("Pay")] == [{"id": 1}]
    assert scf_client.Order(id=2).value["count"] == 2

def test_no_stub_is_left(scf_local):
    assert scf_local.invocations() == []
    assert scf.invoke("Pay").value == "really"

@pytest.mark.scf_local(functions="functions/Pay", strict=False, in_process=True)
def test_marker(scf_local):
    scf_local.stub("Unused", returns=1)
    assert [function.name for function in scf_local.functions] == ["Pay"]
    assert scf.invoke("Pay").value == "really"
    with pytest.raises(NotFoundError):
        scf.invoke("Order")

def test_asyncio(scf_local, scf_async_client):
    import asyncio
    scf_local.stub("Pay", status=433)
    async def main():
        async with scf_async_client as client:
            with pytest.raises(InvocationError):
                await client.invoke("Pay")
    asyncio.run(main())

def test_profiles_are_hidden(scf_local):
    from tencentserverless.exception import SettingsError
    with pytest.raises(SettingsError, match="no credentials in the profile"):
        scf.Client(profile="default").invoke("Pay")

def test_alone_after():
    assert os.environ["TENCENTCLOUD_SECRETID"] == "developers"
"""
    home = {".tccli/default.credential": '{"secretId": "a", "secretKey": "b"}'}
    code, output = run(
        test,
        *("-p", "xdist", "-n", "2"),
        files={**PROJECT, **home},
        TENCENTCLOUD_SECRETID="developers",
        TCCLI_PROFILE="default",
        HOME=".",
    )
    assert code == 0, output
    assert "9 passed" in output


def test_what_a_failing_user_reads(run):
    """Each way to be wrong fails its own test, with a text that says what was wrong, also if the test failed before."""
    test = """
import pytest
from tencentserverless import scf
from tencentserverless.exception import FunctionError, NotFoundError

def test_unused(scf_local):
    scf_local.stub("Pay", returns=1)

def test_hidden_by_the_program(scf_local):
    with pytest.raises(NotFoundError):
        scf.invoke("Ordr")

def test_broken_stub(scf_local):
    scf_local.stub("Pay", calls=lambda event: event["none"])
    with pytest.raises(FunctionError):
        scf.invoke("Pay", data={})

def test_failed_before(scf_local):
    scf_local.stub("Refund", returns=1)
    scf_local.stub("Pay", returns="paid")
    assert scf.invoke("Order", data={"id": 7}).value == "something"

@pytest.mark.scf_local(function="Pay")
def test_marker(scf_local):
    pass

@pytest.mark.scf_local(functions="nowhere")
def test_folder(scf_local):
    pass

def test_good(scf_local):
    assert scf.invoke("Pay").value == "really"
"""
    code, output = run(test, "-q", "--tb=short")
    assert code == 1, output
    assert "1 failed, 4 passed, 5 errors" in output, output
    for text in (
        'stub("Pay") in ',
        "was never used. The test invoked no other function. If that is right, give it optional=True.",
        "Ordr (ap-guangzhou, default) was invoked once, but it is neither a function nor a stub. Near names: Order.",
        "KeyError: 'none'",
        "- SCF invocations -",
        'stub("Refund") in ',
        'Order (ap-guangzhou, default) {"id":7} -> ',
        "    | ordering 7",
        '  Pay (ap-guangzhou, default) {"id":7} -> "paid" in ',
        "the marker scf_local takes functions, strict, in_process, allow_hosts by name, not function",
        "nowhere",
    ):
        assert text in output, (text, output)


def test_the_cloud_is_out_of_reach(run):
    """With the fixture, by ini for all tests, what resolves a name of SCF fails its test, unless a marker allows it."""
    test = """
import asyncio, socket
import pytest
from tencentserverless import aio, scf
from tencentserverless.exception import TransportError

KEYS = {"secret_id": "a", "secret_key": "b", "timeout": 0.3}

def test_blocking():
    with pytest.raises(TransportError):
        scf.Client(**KEYS, proxy="").invoke("Pay")

def test_with_a_proxy(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    with pytest.raises(TransportError):
        scf.Client("ap-shanghai-fsi", **KEYS).invoke("Pay")

def test_asyncio(scf_local):
    client = aio.AsyncClient(**KEYS, endpoint="https://SCF.internal.tencentcloudapi.com")
    with pytest.raises(TransportError):
        asyncio.run(client.invoke("Pay"))

@pytest.mark.scf_local(allow_hosts="scf.tencentcloudapi.com")
def test_allowed(scf_local, monkeypatch):
    with pytest.raises(socket.gaierror) as refused:
        socket.getaddrinfo("scf.tencentcloudapi.com", 80, flags=socket.AI_NUMERICHOST)
    assert "must not" not in str(refused.value)

def test_others():
    assert socket.getaddrinfo("127.0.0.1", 80)
    assert socket.getaddrinfo(b"127.0.0.1", 80)
    assert socket.getaddrinfo(None, 80)
"""
    code, output = run(test, "-o", "usefixtures=scf_guard")
    assert code == 1
    assert "5 passed, 3 errors" in output, output
    for host in (
        "scf.tencentcloudapi.com",
        "scf.ap-shanghai-fsi.tencentcloudapi.com",
        "scf.internal.tencentcloudapi.com",
    ):
        line = f'this test must not reach {host}. To allow it: @pytest.mark.scf_local(allow_hosts=["{host}"])'
        assert line in output, output


def test_a_fixed_port_that_is_taken(run):
    """If the address of a conftest cannot be used, the text names it and the fixture that chooses another one."""
    test = """
import pytest, socket

taken = socket.create_server(("127.0.0.1", 0))

@pytest.fixture(scope="session")
def scf_local_address():
    return taken.getsockname()

def test_port(scf_local):
    pass
"""
    _, output = run(test, "-p", "no:unraisableexception")
    assert "scf_local cannot listen on 127.0.0.1, port " in output, output
    assert "The fixture scf_local_address returns another address" in output


def test_a_project_that_does_not_use_it(run, tmp_path):
    """The mere plugin loads neither client nor endpoint; without the extra, fixtures name the command to run."""
    (tmp_path / "missing").mkdir()
    module = "raise ModuleNotFoundError('httptools', name='httptools')\n"
    (tmp_path / "missing" / "httptools.py").write_text(module)
    test = """
import os, sys

def test_nothing():
    ours = {name for name in sys.modules if name.startswith("tencentserverless")}
    assert ours == {"tencentserverless", "tencentserverless._version", "tencentserverless.pytest_plugin"}
    assert not [name for name in os.environ if name.startswith("TENCENT")]

def test_fixture(scf_local):
    pass
"""
    _, output = run(test, path=str(tmp_path / "missing"))
    assert 'pip install "tencentserverless[local]"' in output, output
    assert "1 passed, 1 error" in output
