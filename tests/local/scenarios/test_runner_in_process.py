"""Handlers in the caller's own interpreter."""

import io
import json
import os
import pdb
import sys
import threading

import pytest

from tencentserverless import scf as client
from tencentserverless.local import LocalSCF
from tencentserverless.local.model.errors import FunctionFolderError
from tests.local.api_client import Api

GREETING = "Hello"


def greet(event, context):
    return f"{GREETING} {event['name']} from {context['function_name']}"


@pytest.fixture
def api(folder):
    """Signed requests to an endpoint that runs the functions of `folder` in this process."""
    folder("one")
    with LocalSCF(folder.path, in_process=True) as scf, Api(scf) as signed:
        yield signed


def test_a_handler_is_deployed(api, monkeypatch):
    """A callable is a function at once, monkeypatching reaches it, and another one of its name takes its place."""
    (function,) = api.scf.deploy(greet)
    assert str(function) == "greet (ap-guangzhou, default)"
    assert api.invoke("greet", {"name": "SCF"})["RetMsg"] == '"Hello SCF from greet"'
    monkeypatch.setitem(globals(), "GREETING", "Bye")
    assert api.invoke("greet", {"name": "SCF"})["RetMsg"] == '"Bye SCF from greet"'
    api.scf.deploy(lambda event, context: 2, name="greet")
    assert api.invoke("greet", {})["RetMsg"] == "2"
    assert api.scf.counters.processes == 0


def test_a_folder_is_deployed_beside_what_is_served(folder, tmp_path):
    """A folder that comes later is served in processes, like the first one."""
    folder("one")
    place = folder("later", "import os\ndef main_handler(event, context):\n    return os.getpid()\n")
    with LocalSCF(folder.path / "one") as scf, Api(scf) as api:
        (function,) = scf.deploy(place)
        assert function.name == "later"
        assert int(api.invoke("later")["RetMsg"]) != os.getpid()
        assert [function.name for function in scf.functions] == ["one", "later"]


@pytest.mark.parametrize(
    "wrong", [{"name": "1"}, {}, {"name": "ok", "region": "mars"}, {"name": "ok", "namespace": "-"}]
)
def test_what_cannot_be_deployed(api, wrong):
    """A name, region or namespace that the platform would not take is refused with its place."""
    with pytest.raises(FunctionFolderError, match="test_what_cannot_be_deployed"):
        api.scf.deploy(lambda event, context: 1, **wrong)


def test_the_debugger_reaches_a_handler(api):
    """A breakpoint in a handler stops in this process, and time does not run out meanwhile."""
    printed = io.StringIO()
    debugger = pdb.Pdb(stdin=io.StringIO("p event\nc\n"), stdout=printed, nosigint=True)

    def stops(event, context):
        debugger.set_trace()
        return 1

    api.scf.deploy(stops)
    assert api.invoke("stops", {"a": 1})["RetMsg"] == "1"
    assert "{'a': 1}" in printed.getvalue()


def test_a_folder_runs_here_and_its_changes_are_seen(api, folder):
    """A folder's handler runs in this process, is loaded once, and is loaded anew when it was saved."""
    code = "import os, helper\nloaded = []\ndef main_handler(event, context):\n    loaded.append(1)\n"
    place = folder("here", code + "    return [os.getpid(), helper.VALUE, len(loaded)]\n")
    other = folder("other", "import helper\ndef main_handler(event, context):\n    return helper.VALUE\n")
    (place / "helper.py").write_text("VALUE = 1\n")
    (other / "helper.py").write_text("VALUE = 'other'\n")
    api.scf.deploy(folder.path)
    cold = [api.invoke("here")["RetMsg"], api.invoke("other")["RetMsg"], api.invoke("here")["RetMsg"]]
    assert cold == [f"[{os.getpid()}, 1, 1]", '"other"', f"[{os.getpid()}, 1, 2]"]
    assert [record.outcome.init_ms is not None for record in api.scf.records] == [True, True, False]
    (place / "helper.py").write_text("VALUE = 'changed'\n")
    assert api.invoke("here")["RetMsg"] == f'[{os.getpid()}, "changed", 1]'


def test_nothing_of_an_endpoint_is_left(folder, monkeypatch):
    """A function finds its files and the modules beside it, and the program keeps its working folder; at the end of
    the endpoint the modules of functions are forgotten, those of the program are not."""
    code = "import os, sibling\ndef main_handler(event, context):\n    import later\n"
    code += "    return [os.path.getsize('data.txt'), sibling.__name__, later.NAME, hasattr(__import__('own'), 'x')]\n"
    manifest = "component: scf\nname: one\ninputs: {name: one, handler: app/main.main_handler}\n"
    places = [folder(f"one{number}", "", manifest) for number in range(2)]
    for number, place in enumerate(places):
        (place / "app").mkdir()
        for name, text in (("main", code), ("sibling", ""), ("later", f"NAME = {number}\n")):
            (place / "app" / f"{name}.py").write_text(text)
        (place / "data.txt").write_text("beside")
    own = type(sys)("own")
    own.__file__, own.x = str(places[0] / "own.py"), 1
    monkeypatch.setitem(sys.modules, "own", own)
    paths, names, folder_before = list(sys.path), set(sys.modules), os.getcwd()
    for number, place in enumerate(places):
        with LocalSCF(place, in_process=True) as scf, Api(scf) as api:
            found = json.loads(api.invoke("one")["RetMsg"])
            assert found == [6, "sibling", number, True] or sys.platform != "linux"
            assert os.getcwd() == folder_before
    assert sys.path == paths
    assert not {"app", "app.main", "sibling", "later"} & (set(sys.modules) - names)
    assert sys.modules["own"] is own


def exits(event, context):
    sys.exit(1)


def raises(event, context):
    raise ValueError("no")


def returns_a_set(event, context):
    return {1}


@pytest.mark.parametrize(("handler", "status"), [(exits, 439), (raises, 430), (returns_a_set, 430)])
def test_failures_are_the_platforms(api, handler, status):
    """What fails in a process of its own fails here with the same object, and the endpoint stays."""
    api.scf.deploy(handler)
    failure = json.loads(api.invoke(handler.__name__, {})["RetMsg"])
    assert failure["statusCode"] == status
    if handler is raises:
        assert failure["stackTrace"].splitlines()[-1] == "ValueError: no"
        assert "bootstrap" not in failure["stackTrace"]
    assert api.invoke("one")["RetMsg"] == "1"


@pytest.mark.parametrize("code", ["raise ValueError('at load')", "import sys\nsys.exit(2)", "def main_handler(:\n"])
def test_code_that_does_not_load(api, folder, code):
    """What fails at its import is the invocation's failure, and mending the file mends the function."""
    place = folder("broken", code + "\ndef main_handler(event, context):\n    return 1\n")
    api.scf.deploy(folder.path)
    assert json.loads(api.invoke("broken")["RetMsg"])["statusCode"] == (439 if "exit" in code else 443)
    (place / "index.py").write_text("def main_handler(event, context):\n    return 'mended'\n")
    assert api.invoke("broken")["RetMsg"] == '"mended"'


def test_an_event_that_is_no_json(api):
    """The gateway's refusal is the same as for instances."""
    api.scf.deploy(greet)
    assert api(FunctionName="greet", ClientContext="{")["Error"]["Code"].startswith("InvalidParameterValue")


def test_chains(api, monkeypatch):
    """A handler finds region and credentials in the environment while it runs, and its calls are recorded."""
    monkeypatch.setenv("TENCENTCLOUD_REGION", "before")

    def outer(event, context):
        return [client.invoke("inner", data=event), os.environ["SCF_FUNCTIONNAME"], os.environ["OWN"]]

    def inner(event, context):
        return os.environ["SCF_FUNCTIONNAME"]

    api.scf.deploy(outer, environment={"OWN": "1"})
    api.scf.deploy(inner)
    result = api.invoke("outer", {})
    assert json.loads(result["RetMsg"]) == ['"inner"', "outer", "1"]
    assert os.environ["TENCENTCLOUD_REGION"] == "before"
    assert "OWN" not in os.environ
    called = next(record for record in api.scf.records if record.invocation.function.name == "inner")
    assert called.invocation.parent == result["FunctionRequestId"]


def test_a_chain_without_end(api):
    """The hop limit holds here too, and names the loop."""

    def again(event, context):
        try:
            return client.invoke("again", data={})
        except Exception as error:
            return str(error)

    api.scf.deploy(again)
    assert "again" in api.invoke("again", {})["RetMsg"]
    assert len(api.scf.records) == 18


def test_the_endpoint_ends_while_a_handler_runs(folder):
    """Leaving the block does not wait for a handler that goes on."""
    begun, end = threading.Event(), threading.Event()

    def waits(event, context):
        begun.set()
        end.wait(60)

    folder("one")
    with LocalSCF(folder.path) as scf, Api(scf) as api:
        scf.deploy(waits)
        api("Invoke", FunctionName="waits", InvocationType="Event")
        assert begun.wait(60)
    end.set()


@pytest.mark.parametrize("ends", [True, False])
def test_what_runs_when_the_endpoint_stops(ends):
    """A handler that ends soon is waited for; one that does not is answered all the same, and records tell of both."""
    begun, go = threading.Event(), threading.Event()

    def slow(event, context):
        begun.set()
        go.wait(30)
        return 1

    results = []
    with LocalSCF() as scf:
        scf.deploy(slow)
        with Api(scf) as api:
            thread = threading.Thread(target=lambda: results.append(api.invoke("slow", {})))
            thread.start()
            begun.wait()
            if ends:
                threading.Timer(0.2, go.set).start()
            scf.stop()
            thread.join()
    go.set()
    (record,) = scf.records
    assert (record.outcome.status_code, results[0]["InvokeResult"]) == ((200, 0) if ends else (500, -1))


def test_no_thread_can_be_had(monkeypatch):
    """If the system refuses another thread, the invocation fails with 500, nothing has run, and the endpoint stops."""

    def refuse(_):
        raise RuntimeError("can't start new thread")

    with LocalSCF() as scf, Api(scf) as api:
        scf.deploy(greet)
        monkeypatch.setattr(threading.Thread, "start", refuse)
        result = api.invoke("greet", {"name": "SCF"})
        error = json.loads(result["RetMsg"])
        assert (error["statusCode"], error["executed"]) == (500, "no")
        assert "can't start new thread" in result["ErrMsg"]
