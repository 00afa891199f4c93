"""The actions that look back, through the endpoint."""

import json

import pytest

from tencentserverless.local import LocalSCF
from tests.local.api_client import Api


@pytest.fixture
def api(folder):
    folder("one", "def main_handler(event, context):\n    return 1 / event\n")
    folder("far", manifest="component: scf\nname: far\ninputs:\n  region: ap-chengdu\n  namespace: test\n")
    with LocalSCF(folder.path, notify=pytest.fail) as scf, Api(scf) as api:
        yield api


def test_logs_and_status(api):
    """Logs and status of invocations are answered by function, id and outcome, also right after their end."""
    request_ids = [api.invoke("one", event)["FunctionRequestId"] for event in (1, 0)]
    logs = api("GetFunctionLogs", FunctionName="one")
    assert logs["TotalCount"] == 2
    assert [item["RequestId"] for item in logs["Data"]] == request_ids[::-1]
    (failed,) = api("GetFunctionLogs", Filter={"RetCode": "not0"})["Data"]
    assert json.loads(failed["RetMsg"])["statusCode"] == 430
    (only,) = api("GetFunctionLogs", FunctionRequestId=request_ids[0], Limit=1)["Data"]
    assert only["RetCode"] == 0
    assert api("GetFunctionLogs", Filter={"RetCode": "TimeLimitExceeded"})["Data"] == []
    status = api("GetRequestStatus", FunctionName="one", FunctionRequestId=request_ids[1])
    assert (status["TotalCount"], status["Data"][0]["RetCode"]) == (1, -1)


def test_namespaces(api):
    """A region has the namespace `default`, and those of its functions."""
    assert [each["Name"] for each in api("ListNamespaces")["Namespaces"]] == ["default"]
    assert [each["Name"] for each in api("ListNamespaces", "ap-chengdu")["Namespaces"]] == ["default", "test"]
