"""What a return value, a failure and every status code look like, row by row of the platform's tables.

https://cloud.tencent.com/document/product/583/42611 (status codes), /583/40324 (Python functions)
"""

import json

import pytest

from tencentserverless.local import LocalSCF
from tests.local.api_client import Api

CODE = """
import datetime, decimal, os, sys, time, uuid

INSTANCE = str(uuid.uuid4())
VALUES = {
    "dict": {"a": 1, "b": "中"}, "list": [1, [True, None]], "number": 1.5, "bool": True, "str": "Hello", "None": None,
    "Decimal": decimal.Decimal("1.10"), "NaN": float("nan"), "Infinity": float("-inf"), "bytes": b"x", "set": {1},
    "datetime": datetime.datetime(2026, 1, 1), "object": object(),
    "integrated": {"isBase64Encoded": False, "statusCode": 200, "headers": {"Content-Type": "text/html"}, "body": "b"},
}


def main_handler(event, context):
    does = event.get("does")
    if does == "value":
        return VALUES[event["value"]]
    if does == "nothing":
        return
    if does == "raise":
        raise ValueError("no")
    if does == "sleep":
        time.sleep(30)
    if does == "hold":
        held = bytearray(os.urandom(1024)) * (200 * 1024)
        time.sleep(30)
    if does == "sys.exit":
        sys.exit(3)
    if does == "os._exit":
        os._exit(0)
    if does == "crash":
        os.kill(os.getpid(), 11)
    if does == "return too much":
        return "x" * (6 * 1024 * 1024)
    return INSTANCE
"""
BROKEN = {
    "Imports": "import no_such_module\ndef main_handler(event, context):\n    return 1\n",
    "Syntax": "def main_handler(event, context):\n    return = 1\n",
    "Handlerless": "def other_handler(event, context):\n    return 1\n",
    "Loads": "import time\ntime.sleep(60)\ndef main_handler(event, context):\n    return 1\n",
}
MANIFEST = "component: scf\ninputs:\n  name: {name}\n  src: ./\n  handler: index.main_handler\n  timeout: 1\n"


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    """Signed requests to an endpoint with the functions above, each with a second of time."""
    place = tmp_path_factory.mktemp("platform")
    for name, code in {"Does": CODE, **BROKEN}.items():
        (place / name).mkdir()
        (place / name / "index.py").write_text(code, encoding="utf-8")
        manifest = MANIFEST.format(name=name) + ("  initTimeout: 3\n" if name == "Loads" else "")
        (place / name / "serverless.yml").write_text(manifest, encoding="utf-8")
    with LocalSCF(place, notify=lambda _: None) as scf, Api(scf) as signed:
        yield signed


def does(api, what, **more):
    return api.invoke("Does", {"does": what, **more})


@pytest.mark.parametrize(
    ("value", "ret_msg"),
    [
        ("dict", '{"a": 1, "b": "中"}'),
        ("list", "[1, [true, null]]"),
        ("number", "1.5"),
        ("bool", "true"),
        ("str", '"Hello"'),
        ("None", "null"),
        ("Decimal", '"1.10"'),
        ("NaN", "NaN"),
        ("Infinity", "-Infinity"),
    ],
)
def test_return_value(api, value, ret_msg):
    """A value that JSON knows comes back as `json.dumps` writes it, with non-ASCII characters kept."""
    result = does(api, "value", value=value)
    assert (result["RetMsg"], result["InvokeResult"], result["ErrMsg"]) == (ret_msg, 0, "")


def test_return_value_no_return(api):
    """A handler that returns nothing gives null."""
    assert does(api, "nothing")["RetMsg"] == "null"


def test_return_value_api_gateway_integrated_response(api):
    """An integrated response is just JSON to one who invokes."""
    assert json.loads(does(api, "value", value="integrated")["RetMsg"])["statusCode"] == 200


@pytest.mark.parametrize("value", ["bytes", "set", "datetime", "object"])
def test_return_value_not_serialisable(api, value):
    """What JSON does not know is the function's failure, 430, whose trace ends with the TypeError."""
    result = does(api, "value", value=value)
    failure = json.loads(result["RetMsg"])
    assert (failure["statusCode"], failure["errorMessage"]) == (430, "user code exception caught")
    assert failure["stackTrace"].splitlines()[-1] == f"TypeError: Object of type {value} is not JSON serializable"


FAILURES = {
    "user exception": ("Does", "raise", 430, -1, "user code exception caught"),
    "timeout": ("Does", "sleep", 433, -1, "Invoking task timed out after 1 seconds"),
    "out of memory": ("Does", "hold", 434, -1, "Task memory exceeded 128 MB"),
    "import error": ("Imports", "", 443, 1, "ModuleNotFoundError: No module named 'no_such_module'"),
    "syntax error": ("Syntax", "", 443, 1, "SyntaxError: invalid syntax"),
    "missing handler": ("Handlerless", "", 443, 1, "AttributeError: module 'index' has no attribute 'main_handler'"),
    "init timeout": ("Loads", "", 450, -1, "Initialization timed out after 3 seconds"),
    "sys.exit": ("Does", "sys.exit", 439, -1, "User process exit when running"),
    "os._exit": ("Does", "os._exit", 439, -1, "User process exit when running"),
    "crash": ("Does", "crash", 439, -1, "User process exit when running"),
    "response too large": ("Does", "return too much", 407, -1, "Response size exceeds the limit of 6291456 bytes"),
}


@pytest.mark.parametrize("row", FAILURES)
def test_failure(api, row):
    """A failure is an object with the platform's keys and texts, in RetMsg; ErrMsg says the same."""
    name, what, status, code, message = FAILURES[row]
    result = api.invoke(name, {"does": what})
    failure = json.loads(result["RetMsg"])
    keys = {"errorCode", "errorMessage", "requestId", "statusCode"} | ({"stackTrace"} if status == 430 else set())
    assert set(failure) == keys
    assert (failure["statusCode"], failure["errorCode"]) == (status, code)
    assert failure["errorMessage"].endswith(message)
    assert failure["requestId"] == result["FunctionRequestId"]
    assert result["ErrMsg"] == failure["errorMessage"]
    assert result["InvokeResult"] == 1
    if status == 433:
        assert (result["Duration"], result["BillDuration"]) == (1000, 1000)


CALLS = """
from tencentserverless import scf
from tencentserverless.exception import InvocationError


def main_handler(event, context):
    try:
        return scf.invoke("Calls", data={})
    except InvocationError as error:
        return [error.status_code, error.code, error.message]
"""


def test_failure_over_concurrency(folder):
    """One instance more than there may be is refused with 432, and the function is named."""
    folder("Calls", CALLS)
    with LocalSCF(folder.path, most_instances=1) as scf, Api(scf) as signed:
        failure = json.loads(signed.invoke("Calls", {})["RetMsg"])
    assert failure == [432, 1, "Resource limit exceed for function [Calls]"]


RECYCLES = {
    "200": ("", False),
    "407": ("return too much", False),
    "430": ("raise", False),
    "433": ("sleep", True),
    "434": ("hold", True),
    "439": ("os._exit", True),
}


@pytest.mark.parametrize("status", RECYCLES)
def test_status_code_recycles_the_instance(api, status):
    """After these codes the next event meets the instance from before, or a new one, as the platform's table says."""
    what, recycles = RECYCLES[status]
    before = does(api, "")["RetMsg"]
    failure = json.loads(does(api, what)["RetMsg"])
    if status != "200":
        assert failure["statusCode"] == int(status)
    assert (does(api, "")["RetMsg"] != before) is recycles


LARGE = '"' + "x" * (6 * 1024 * 1024 - 1) + '"'
REFUSALS = {
    "400 event is not JSON": ({"FunctionName": "Does", "ClientContext": "{"}, "InvalidParameterValue"),
    "406 event larger than 6 MB": ({"FunctionName": "Does", "ClientContext": LARGE}, "InvalidParameterValue"),
    "406 event larger than 128 KB, asynchronous": (
        {"FunctionName": "Does", "ClientContext": LARGE[-140_000:], "InvocationType": "Event"},
        "InvalidParameterValue",
    ),
    "435 no such function": ({"FunctionName": "Absent"}, "ResourceNotFound.Function"),
    "436 bad parameters": ({"FunctionName": "Does", "InvocationType": "Later"}, "InvalidParameterValue"),
    "442 no such version": ({"FunctionName": "Does", "Qualifier": "7"}, "ResourceNotFound.Qualifier"),
}


@pytest.mark.parametrize("row", REFUSALS)
def test_status_code_refused(api, row):
    """These codes come as an error of the API, before any instance is asked."""
    parameters, code = REFUSALS[row]
    started = api.scf.counters.processes
    assert api(**parameters)["Error"]["Code"].startswith(code)
    assert api.scf.counters.processes <= started + row.startswith("400")


def test_status_code_401(api):
    """Credentials that do not fit are an error of the API."""
    answer = api(FunctionName="Does", more={"Authorization": "TC3-HMAC-SHA256 no"})
    assert answer["Error"]["Code"].startswith("AuthFailure")
