"""The endpoint as a whole: what functions find, chains, Event invocations, the other actions."""

import json
import os

import pytest

from tencentserverless.local import LocalSCF
from tests.local.api_client import Api
from tests.local.process_table import until
from tests.local.scenarios.conftest import FUNCTIONS


def test_surroundings(api):
    """A function finds the platform's context and variables, true for this machine, and its own variables."""
    result = api.invoke("surroundings", {}, "ap-chengdu", Namespace="testing")
    found = json.loads(result["RetMsg"])
    context, environment = found["context"], found["environment"]
    assert len(context) == 11
    assert context["request_id"] == result["FunctionRequestId"]
    assert (context["memory_limit_in_mb"], context["time_limit_in_ms"]) == (256, 7000)
    assert json.loads(context["environment"]) == {"SCF_NAMESPACE": "testing", "GREETING": "你好", "NUMBER": "5"}
    assert environment["GREETING"] == "你好"
    assert environment["TENCENTCLOUD_REGION"] == context["tencentcloud_region"] == "ap-chengdu"
    assert environment["TENCENTSERVERLESS_ENDPOINT"] not in ("", api.scf.endpoint)  # a port of its own
    assert environment["USER_CODE_ROOT"] in ("/var/user/", f"{FUNCTIONS / 'surroundings'}/")
    assert environment["USER_CODE_ROOT"] == f"{found['folder']}/"
    assert found["path"][0] == str(FUNCTIONS / "surroundings")
    assert "TENCENTSERVERLESS_TEST" not in environment


def test_the_shell_stays_outside(monkeypatch, folder):
    """Nothing of the environment in which the endpoint runs reaches a function."""
    monkeypatch.setenv("TENCENTCLOUD_SECRET_KEY", "a real one")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy")
    folder("look", "import os\ndef main_handler(event, context):\n    return dict(os.environ)\n")
    with LocalSCF(folder.path) as scf, Api(scf) as api:
        found = json.loads(api.invoke("look")["RetMsg"])
    assert not {"TENCENTCLOUD_SECRET_KEY", "HTTPS_PROXY", "VIRTUAL_ENV", "PYTEST_CURRENT_TEST"} & set(found)


def test_a_chain_across_regions(api, notices):
    """A function calls its sibling in another region with unchanged code, and the record names who called."""
    result = api.invoke("calls_sibling", {"a": "b"}, "ap-chengdu")
    assert json.loads(json.loads(result["RetMsg"])) == {"a": "b"}
    called = next(
        record for record in api.scf.records if record.invocation.parent == result["FunctionRequestId"]
    ).invocation
    assert (called.function.name, called.function.region) == ("echo", "ap-guangzhou")
    assert any(
        "calls_sibling imports tencentserverless, which its folder does not contain" in notice for notice in notices
    )


def test_ids_agree(api):
    """The request id is the same in the envelope, the result and the header, and differs from call to call."""
    from tests.local.api_client import headers

    ids = set()
    for _ in range(2):
        body = b'{"FunctionName": "echo"}'
        signed = headers(api.scf.secret_id, api.scf.secret_key, api.host, body)
        _, got, text = api.raw(body=body, headers=signed)
        response = json.loads(text)["Response"]
        assert response["RequestId"] == response["Result"]["FunctionRequestId"] == got["X-TC-RequestId"]
        ids.add(response["RequestId"])
    assert len(ids) == 2


def test_brought_keys_are_known(api):
    """A pair given with `accept` signs as well as the one made for the run."""
    api.scf, kept = type("Keys", (), {"secret_id": "AKIDbrought", "secret_key": "its-key"}), api.scf
    try:
        assert api.invoke("echo", {})["InvokeResult"] == 0
    finally:
        api.scf = kept


def test_any_key(folder):
    """With `accept="any"` ids that nobody knows are let in."""
    folder("one")
    with LocalSCF(folder.path, accept="any") as scf, Api(scf) as api:
        scf.secret_id, scf.secret_key = "AKIDwhoever", "whatever"
        assert api.invoke("one", {})["RetMsg"] == "1"


def test_events_that_are_no_json(api):
    """An event that is no standard JSON is an API error, whether the function would start or not."""
    for name in ("echo", "import_fails"):
        for event in ("NaN", "{", '{"a": Infinity}'):
            response = api("Invoke", FunctionName=name, ClientContext=event)
            assert response["Error"]["Code"] == "InvalidParameterValue.Param", (name, event)


def test_a_bad_event_ends_no_instance(folder):
    """The instance that was given an event that is no JSON serves the next one."""
    folder("one")
    with LocalSCF(folder.path) as scf, Api(scf) as api:
        for _ in range(3):
            assert api.invoke("one")["RetMsg"] == "1"
            response = api("Invoke", FunctionName="one", ClientContext="{")
            assert response["Error"]["Code"] == "InvalidParameterValue.Param"
        assert scf.counters.processes == 1


def test_lone_surrogates_pass(api):
    """A lone surrogate in an event reaches the function and comes back."""
    assert json.loads(api.invoke("echo", '{"a": "\\ud800"}')["RetMsg"]) == {"a": "\ud800"}


def test_nulls_and_defaults(api):
    """Nulls mean absent, as old clients send them."""
    response = api("Invoke", FunctionName="echo", ClientContext=None, LogType=None, Qualifier=None)
    assert (response["Result"]["RetMsg"], response["Result"]["Log"]) == ("{}", "")


def test_invoke_function(api):
    """InvokeFunction answers like Invoke."""
    response = api("InvokeFunction", FunctionName="echo", Event='{"a": 1}', LogType="Tail")
    assert response["Result"]["RetMsg"] == '{"a": 1}'
    assert response["Result"]["Log"].startswith("START RequestId: ")


def test_an_event_invocation(api):
    """An Event invocation is answered at once with its id, runs once, and leaves a record with its outcome."""
    response = api("Invoke", FunctionName="raises", InvocationType="Event", ClientContext="{}")
    result = response["Result"]
    assert (result["RetMsg"], result["InvokeResult"], result["FunctionRequestId"]) == ("", 0, response["RequestId"])

    def record():
        found = [kept for kept in api.scf.records if kept.invocation.request_id == response["RequestId"]]
        return found[0] if found and found[0].outcome else None

    until(record)
    data = record().as_data()
    assert (data["status_code"], data["invocation_type"], data["output"]) == (430, "Event", "about to fail\n")
    refused = api("Invoke", FunctionName="echo", InvocationType="Event", ClientContext="NaN")
    assert refused["Error"]["Code"] == "InvalidParameterValue.Param"


def test_get_function(api):
    """GetFunction describes a function, with its code where that is asked for."""
    response = api("GetFunction", FunctionName="sleeps", ShowCode="TRUE")
    assert (response["FunctionName"], response["Timeout"], response["Status"]) == ("sleeps", 1, "Active")
    assert "def main_handler" in response["CodeInfo"]
    assert response["CodeSize"] > 100
    assert api("GetFunction", FunctionName="sleeps")["CodeInfo"] == ""
    assert api("GetFunction")["Error"]["Code"] == "InvalidParameter.FunctionNameOrResourceIdRequired"
    assert api("GetFunction", FunctionName="sleeps", Qualifier="3")["Error"]["Code"] == "ResourceNotFound.Qualifier"


def test_list_functions(api):
    """ListFunctions lists a region's functions."""
    names = {found["FunctionName"] for found in api("ListFunctions", "ap-chengdu")["Functions"]}
    assert names == {"calls_sibling"}
    assert api("ListFunctions", Limit=5)["TotalCount"] > 20


def test_times_of_functions(folder):
    """ListFunctions and GetFunction say of each function when its own code was saved, in China's zone."""
    saved = {"first": 1_600_000_000, "second": 1_700_000_000}
    for name, at in saved.items():
        os.utime(folder(name) / "index.py", (at, at))
    with LocalSCF(folder.path) as scf, Api(scf) as api:
        listed = {found["FunctionName"]: found["ModTime"] for found in api("ListFunctions")["Functions"]}
        assert listed == {"first": "2020-09-13 20:26:40", "second": "2023-11-15 06:13:20"}
        assert {name: api("GetFunction", FunctionName=name)["ModTime"] for name in saved} == listed
        os.utime(folder("first") / "index.py", (saved["second"], saved["second"]))
        times = [found["ModTime"] for found in api("ListFunctions")["Functions"]]
        assert times == ["2023-11-15 06:13:20"] * 2


@pytest.mark.parametrize(
    ("action", "region", "code"),
    [
        ("CreateFunction", "ap-guangzhou", "UnsupportedOperation"),
        ("Foo", "ap-guangzhou", "InvalidAction"),
        ("Invoke", "mars", "InvalidParameterValue"),
        ("Invoke", "ap-beijing", "ResourceNotFound.Function"),
    ],
)
def test_refusals(api, action, region, code):
    """Refusals are API errors with the platform's codes."""
    assert api(action, region, FunctionName="echo")["Error"]["Code"] == code


def test_another_runtime(folder):
    """A function runs on the interpreter of its runtime, found on this machine."""
    from tests.environments import find_interpreter

    if find_interpreter("3.6") is None:
        pytest.skip("no Python 3.6 here")
    code = "import sys\nfrom tencentserverless import scf\n"
    code += "def main_handler(event, context):\n    return sys.version_info[:2]\n"
    folder("old", code, "component: scf\nname: old\ninputs: {runtime: Python3.6}\n")
    notices = []
    with LocalSCF(folder.path, notify=notices.append) as scf, Api(scf) as api:
        assert api.invoke("old")["RetMsg"] == "[3, 6]"
    assert ["may have the old release 0.1.x" in notice for notice in notices] == [True]


def test_a_worker_that_cannot_be_started(folder):
    """Where no process can be started the answer is the platform's own failure, and the endpoint serves on."""
    place = folder("one", manifest="component: scf\nname: one\ninputs: {src: code}\n")
    (place / "code").mkdir()
    with LocalSCF(folder.path) as scf, Api(scf) as api:
        (place / "code").rmdir()
        result = api.invoke("one")
        assert (result["InvokeResult"], "could not be started" in result["RetMsg"]) == (-1, True)
        folder("one/code")
        assert api.invoke("one")["RetMsg"] == "1"


LATE = """
import os, threading, time
def main_handler(event, context):
    def speak():
        while not os.path.exists(event[0]):
            time.sleep(0.001)
        print("late")
        os.mkdir(event[0] + "-done")
    if event:
        threading.Thread(target=speak).start()
    return 1
"""


def test_notices_that_nobody_can_take(folder, shared, caplog):
    """A `notify` that raises disturbs neither an invocation nor its instance, and is heard of in the log."""
    folder("late", LATE)

    def notify(notice):
        raise LookupError(notice)

    with LocalSCF(folder.path, notify=notify, most_instances=1, queue_seconds=0) as scf, Api(scf) as api:
        first = api.invoke("late", [str(shared / "go")])
        (shared / "go").touch()
        until((shared / "go-done").exists)
        again = [api.invoke("late", []) for _ in "ab"]
    assert [result["RetMsg"] for result in (first, *again)] == ["1", "1", "1"]
    assert "late: printed between two events: late" in caplog.text
