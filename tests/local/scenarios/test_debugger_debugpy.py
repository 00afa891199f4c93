"""debugpy in functions, with a client that is attached to it."""

import json
import time

import pytest

from tencentserverless.local import LocalSCF
from tests.local.api_client import Api
from tests.local.debuggers import Client, Invocation, pause
from tests.local.instances.test_debug_ports import free_port
from tests.local.process_table import until

CODE = """\
import time
def main_handler(event, context):
    seconds = event
    time.sleep(seconds)
    return seconds
"""
QUICK = "component: scf\nname: one\ninputs:\n  timeout: 1\n"


@pytest.fixture
def notices():
    return []


@pytest.fixture
def debugged(folder, notices):
    """Starts an endpoint with one function, `one`."""

    def start(code=CODE, manifest=QUICK, **options):
        folder("one", code, manifest)
        return LocalSCF(folder.path, debug="debugpy", notify=notices.append, **options)

    return start


def port_in(notices):
    (notice,) = [each for each in notices if "listens" in each]
    text, _, port = notice.rpartition(":")
    assert text == "one: debugpy listens on 127.0.0.1"
    return int(port)


def test_a_breakpoint(folder, debugged, notices):
    """A client stops a function at a line and sees its variables; time does not run out while it is attached."""
    port = free_port()
    with debugged(debug_port=port) as scf, Api(scf) as api:
        assert api.invoke("one", 0)["RetMsg"] == "0"
        assert port_in(notices) == port
        with Client(port) as client:
            client.attach(folder.path / "one" / "index.py", 4)
            running = Invocation(scf, "one", 0.01)
            thread = client.event("stopped")["threadId"]
            pause()
            frames = client.request("stackTrace", threadId=thread)["stackFrames"]
            assert (frames[0]["name"], frames[0]["line"]) == ("main_handler", 4)
            assert client.request("evaluate", expression="seconds", frameId=frames[0]["id"])["result"] == "0.01"
            client.request("continue", threadId=thread)
            assert running.result()["RetMsg"] == "0.01"
            client.request("disconnect")
        assert scf.counters.processes == 1


def test_time_goes_on_behind_a_client(folder, debugged, notices):
    """Once the client has gone, however it went, what was left of the time runs out."""
    with debugged() as scf, Api(scf) as api:
        api.invoke("one", 0)
        with Client(port_in(notices)) as client:
            client.attach(folder.path / "one" / "index.py", 4)
            running = Invocation(scf, "one", 60)
            client.event("stopped")
            pause()
        result = running.result()
    assert json.loads(result["RetMsg"])["statusCode"] == 433


def test_waiting_for_a_client(folder, debugged, notices):
    """A function that waits for a client has all the time, and finds the address where it listens."""
    code = (
        "import debugpy\n"
        "def main_handler(event, context):\n"
        "    port = debugpy.listen(5678)[1]\n"
        "    debugpy.wait_for_client()\n"
        "    return port\n"
    )
    with debugged(code) as scf:
        running = Invocation(scf, "one", 0)
        until(lambda: any("listens" in each for each in notices))
        pause()
        with Client(port_in(notices)) as client:
            client.attach(folder.path / "one" / "index.py")
            assert running.result()["RetMsg"] == str(port_in(notices))


def test_nobody_attached(debugged):
    """Without a client breakpoint() does nothing, and the time limit holds."""
    code = "import time\ndef main_handler(event, context):\n    breakpoint()\n    time.sleep(event)\n"
    with debugged(code) as scf, Api(scf) as api:
        assert api.invoke("one", 0)["RetMsg"] == "null"
        assert json.loads(api.invoke("one", 60)["RetMsg"])["statusCode"] == 433


def test_an_instance_with_a_client_is_not_retired(folder, debugged, notices):
    """However long it is idle, an instance stays while a client is attached, and is retired after that."""
    with debugged(idle_seconds=0.4) as scf, Api(scf) as api:
        api.invoke("one", 0)
        with Client(port_in(notices)) as client:
            client.attach(folder.path / "one" / "index.py")
            pause()
            api.invoke("one", 0)
            assert scf.counters.processes == 1
            client.request("disconnect")
        deadline = time.monotonic() + 30
        while scf.counters.processes == 1:
            assert time.monotonic() < deadline
            pause(0.8)
            api.invoke("one", 0)


def test_without_debugpy(folder, debugged):
    """Where the function's interpreter has no debugpy, the failure says how to get it."""
    (folder("one") / "debugpy.py").write_text("raise ImportError('no')\n")
    with debugged() as scf, Api(scf) as api:
        error = json.loads(api.invoke("one", 0)["RetMsg"])
    assert error["statusCode"] == 443
    assert error["errorMessage"].endswith(f"pip install debugpy -t {folder.path / 'one'}")
