"""What a function finds and what is logged, row by row of the platform's tables.

https://cloud.tencent.com/document/product/583/9210 (context), /583/30228 (variables), /583/60336 (log lines)
"""

import json
import re

import pytest

from tencentserverless.local import LocalSCF
from tencentserverless.local.invocations.log import log
from tests.local.api_client import Api

CODE = """
import os, sys
print("loaded")

def main_handler(event, context):
    print("handled")
    if event == "fail":
        raise ValueError("no")
    return {"event": event, "context": context, "environment": dict(os.environ), "python": sys.executable}
"""
MANIFEST = """
component: scf
name: Looks
inputs:
  name: Looks
  src: ./
  handler: index.main_handler
  region: ap-chengdu
  namespace: testing
  memorySize: 256
  timeout: 7
  environment:
    variables:
      GREETING: hello
"""


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    """Signed requests to an endpoint with the function above."""
    place = tmp_path_factory.mktemp("platform") / "Looks"
    place.mkdir()
    (place / "index.py").write_text(CODE, encoding="utf-8")
    (place / "serverless.yml").write_text(MANIFEST, encoding="utf-8")
    with LocalSCF(place) as scf, Api(scf) as signed:
        yield signed


def look(api, event=None):
    """What the function saw, and the result that brought it."""
    result = api.invoke("Looks", event, "ap-chengdu", Namespace="testing")
    return json.loads(result["RetMsg"]), result


@pytest.fixture(scope="module")
def found(api):
    """What an invocation finds, with the id of its request."""
    seen, result = look(api, {})
    return {**seen, "request_id": result["FunctionRequestId"], "code": seen["environment"]["USER_CODE_ROOT"][:-1]}


@pytest.mark.parametrize("event", [{"a": [1]}, [1, 2], "text", 1.5, True, None], ids=repr)
def test_event(api, event):
    """The event is whatever JSON was sent, of any type."""
    assert look(api, json.dumps(event))[0]["event"] == event


CONTEXT = {
    "memory_limit_in_mb": 256,
    "time_limit_in_ms": 7000,
    "environment": '{"SCF_NAMESPACE":"testing","GREETING":"hello"}',
    "environ": "SCF_NAMESPACE=testing;GREETING=hello",
    "function_name": "Looks",
    "function_version": "$LATEST",
    "namespace": "testing",
    "tencentcloud_region": "ap-chengdu",
}


@pytest.mark.parametrize("key", CONTEXT)
def test_context(found, key):
    """Each key of the context has the platform's type and what is configured."""
    assert found["context"][key] == CONTEXT[key]


def test_context_request_id(found):
    """The request id in the context is the one that the result names."""
    assert found["context"]["request_id"] == found["request_id"]


@pytest.mark.parametrize("key", ["tencentcloud_appid", "tencentcloud_uin"])
def test_context_account(found, key):
    """The account is named by digits."""
    assert re.fullmatch(r"\d+", found["context"][key])


def test_context_keys(found):
    """The context has these eleven keys and no other."""
    assert set(found["context"]) == {*CONTEXT, "request_id", "tencentcloud_appid", "tencentcloud_uin"}


VARIABLES = {
    "TENCENTCLOUD_SECRETID": r"AKID\w{32}",
    "TENCENTCLOUD_SECRETKEY": r"\w{32}",
    "TENCENTCLOUD_SESSIONTOKEN": r"\w{64}",
    "TENCENTCLOUD_RUNENV": "SCF",
    "TENCENTCLOUD_REGION": "ap-chengdu",
    "TENCENTCLOUD_APPID": r"\d+",
    "TENCENTCLOUD_UIN": r"\d+",
    "TENCENTCLOUD_TZ": "UTC",
    "TENCENTCLOUD_ZONE": "ap-chengdu-1",
    "USER_CODE_ROOT": "{code}/",
    "_SCF_SERVER_PORT": "28902",
    "SCF_RUNTIME": r"Python3\.\d+",
    "SCF_FUNCTIONNAME": "Looks",
    "SCF_FUNCTIONVERSION": r"\$LATEST",
    "SCF_NAMESPACE": "testing",
    "PYTHONDONTWRITEBYTECODE": "x",
    "PYTHONPATH": "{code}:.*opt",
    "LD_LIBRARY_PATH": "{code}:.*opt",
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "PWD": "{code}",
    "HOME": ".+",
    "USER": "qcloud",
    "LOGNAME": "qcloud",
    "LANG": r"(?i).*\.utf-?8|C",
    "LC_ALL": r"(?i).*\.utf-?8|C",
    "SHELL": "/bin/bash",
    "SHLVL": "3",
    "HOSTNAME": ".+",
    "_": "{python}",
    "GREETING": "hello",
}


@pytest.mark.parametrize("name", VARIABLES)
def test_variable(found, name):
    """Each of the platform's variables is there, with a value that is true on this machine."""
    places = {"code": re.escape(found["code"]), "python": re.escape(found["python"])}
    pattern = re.sub(r"\{(code|python)\}", lambda place: places[place[1]], VARIABLES[name])
    assert re.fullmatch(pattern, found["environment"][name])


@pytest.mark.parametrize("name", ["TRIGGER_SRC", "NODE_PATH", "CLASSPATH", "PHP_INI_SCAN_DIR", "SCF_RUNTIME_API"])
def test_variable_that_others_have(found, name):
    """What only timers, custom runtimes and other languages have is not there."""
    assert name not in found["environment"]


@pytest.fixture(scope="module")
def logged(api):
    """The lines of three invocations by name: a cold start, a warm one, a failure; and of the tail of the second."""
    with LocalSCF(api.scf.functions[0].code) as scf, Api(scf) as fresh:
        results = [fresh.invoke("Looks", event, "ap-chengdu", Namespace="testing") for event in ("{}", "{}", '"fail"')]
        cold, warm, failed = (log(record).splitlines() for record in scf.records)
    return {"cold": cold, "warm": warm, "failed": failed, "tail": results[1]["Log"].splitlines()}


ID = "[0-9a-f-]{36}"
REPORT = rf"{ID} Duration:\d+ms Memory:256MB MemUsage:\d+\.\d+MB"
COLD_START = rf"Init Report RequestId: {ID} Coldstart: \d+ms \(InitFunction: \d+ms\) Memory: 256MB MemUsage: [\d.]+MB"
ERROR = rf'ERROR RequestId:{ID} Result:\{{"errorCode": -1, "errorMessage": "user code [^"]+", "stackTrace": .*'
LOGS = {
    "cold": [
        f"START RequestId:{ID}",
        "loaded",
        COLD_START,
        "handled",
        rf"Response RequestId:{ID} RetMsg:\{{.*",
        f"END RequestId:{ID}",
        f"Report RequestId:{REPORT}",
    ],
    "warm": [
        f"START RequestId:{ID}",
        "handled",
        rf"Response RequestId:{ID} RetMsg:\{{.*",
        f"END RequestId:{ID}",
        f"Report RequestId:{REPORT}",
    ],
    "failed": [
        f"START RequestId:{ID}",
        "handled",
        ERROR,
        f"END RequestId:{ID}",
        f"Report RequestId:{REPORT}",
    ],
    "tail": [
        f"START RequestId: {ID}",
        f"Event RequestId: {ID}",
        "handled",
        "",
        f"END RequestId: {ID}",
        f"Report RequestId: {REPORT}",
    ],
}


@pytest.mark.parametrize("kind", LOGS)
def test_log_lines(logged, kind):
    """The lines of a log come in the platform's order and form: start, load, output, error or response, end, report."""
    lines = logged[kind]
    assert len(lines) == len(LOGS[kind])
    for line, pattern in zip(lines, LOGS[kind], strict=True):
        assert re.fullmatch(pattern, line)
