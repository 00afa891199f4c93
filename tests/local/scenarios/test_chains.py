"""Functions that invoke functions: who invoked whom, loops, and chains that want every instance."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from tencentserverless.local import LocalSCF
from tests.local.api_client import Api
from tests.local.process_table import until

CALLS = """
import json
from tencentserverless import scf
from tencentserverless.exception import ServerlessError

def main_handler(event, context):
    try:
        return scf.invoke({!r}, data=event).value
    except ServerlessError as error:
        return {{"code": error.code, "message": error.message}}
"""
STRANGER = """
import os
from tencentserverless.scf import Client

def main_handler(event, context):
    names = ("SECRETID", "SECRETKEY", "SESSIONTOKEN", "REGION")
    assert not [name for name in names if "TENCENTCLOUD_" + name not in os.environ]
    client = Client("ap-guangzhou", "AKIDwritten-in-the-code", "whatever", " ")
    return client.invoke("echo", data=event).value
"""
GREEDY = """
import os, time
from tencentserverless import scf
from tencentserverless.exception import InvocationError

def main_handler(event, context):
    try:
        return scf.invoke("greedy", data=event).value
    except InvocationError as error:
        open(event["refused"], "w").close()
        while not os.path.exists(event["go"]):
            time.sleep(0.005)
        return error.status_code
"""
ECHO = "def main_handler(event, context):\n    return event\n"
MINUTE = "component: scf\nname: {0}\ninputs: {{name: {0}, timeout: 60}}\n"


@pytest.fixture
def serve(folder):
    """Serve functions given as code; `serve(name=code, ...)` is an endpoint that runs until the test ends."""
    running = []

    def start(options=(), **functions):
        for name, code in functions.items():
            folder(name, code, MINUTE.format(name))
        running.append(LocalSCF(folder.path, **dict(options)).__enter__())
        return running[-1]

    yield start
    for scf in running:
        scf.stop()


def families(scf):
    """Name, and name of the invoking function, of every record."""
    names = {record.invocation.request_id: record.invocation.function.name for record in scf.records}
    return [(record.invocation.function.name, names.get(record.invocation.parent)) for record in scf.records]


def test_the_door_names_the_parent_whatever_the_keys(serve):
    """A request with keys that nobody knows, sent from inside a function, has the function's invocation as parent."""
    scf = serve({"accept": "any"}, stranger=STRANGER, echo=ECHO)
    with Api(scf) as api:
        assert json.loads(api.invoke("stranger", {"a": 1})["RetMsg"]) == {"a": 1}
    assert families(scf) == [("stranger", None), ("echo", "stranger")]


def test_a_loop_is_stopped_and_named(serve):
    """A chain that goes round is refused after the limit of hops, and the refusal names the way round."""
    scf = serve({"most_hops": 4}, ping=CALLS.format("pong"), pong=CALLS.format("ping"))
    with Api(scf) as api:
        refused = json.loads(api.invoke("ping", {})["RetMsg"])
    assert refused["code"] == "LimitExceeded.Quota"
    assert "调用链超过 4 层。这些函数在循环调用：pong → ping → pong。" in refused["message"]
    names = [name for name, _ in families(scf)]
    assert names == ["ping", "pong", "ping", "pong", "ping", "pong"]
    last = scf.records[-1]
    assert (last.outcome.status_code, last.as_data()["callers"]) == (432, ["ping", "pong", "ping", "pong", "ping"])


def test_a_function_that_invokes_itself_leaves_the_others_served(serve, shared):
    """A function that invokes itself for ever meets the cap with a quarter of the instances left for the others."""
    scf = serve({"most_instances": 4, "most_hops": 99}, greedy=GREEDY, echo=ECHO)
    refused, go = shared / "refused", shared / "go"
    with Api(scf) as outer, Api(scf) as api, ThreadPoolExecutor(1) as pool:
        chain = pool.submit(outer.invoke, "greedy", {"refused": str(refused), "go": str(go)})
        until(refused.exists, 60)
        assert json.loads(api.invoke("echo", {"a": 1})["RetMsg"]) == {"a": 1}
        go.touch()
        assert chain.result()["RetMsg"] == "432"
    assert scf.counters.processes == 4


LOADS = """
import json
from tencentserverless import scf
from tencentserverless.exception import ServerlessError
try:
    FOUND = json.loads(scf.invoke("{}"))
except ServerlessError as error:
    FOUND = str(error)
def main_handler(event, context):
    return FOUND
"""


def test_what_is_invoked_while_a_function_is_loaded(serve):
    """What code invokes at its import has the invocation for parent that wanted the instance, and the next has none of
    it."""
    scf = serve({}, loads=LOADS.format("echo"), echo=ECHO)
    with Api(scf) as api:
        for _ in range(2):
            assert api.invoke("loads", {})["InvokeResult"] == 0
    assert families(scf) == [("loads", None), ("echo", "loads"), ("loads", None)]


def test_a_loop_of_imports(serve):
    """Functions that invoke each other at their import are stopped by the limit of hops."""
    scf = serve({"most_hops": 4}, ping=LOADS.format("pong"), pong=LOADS.format("ping"))
    with Api(scf) as api:
        text = api.invoke("ping", {})["RetMsg"]
    assert "循环调用：pong → ping → pong" in text
    assert [name for name, _ in families(scf)] == ["ping", "pong", "ping", "pong", "ping", "pong"]
