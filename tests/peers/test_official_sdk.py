"""The official SDK, as it is released, invokes functions of the local endpoint, however it signs and sends."""

import json
import sys

import pytest

from tests.environments import CONSTRAINTS, environment
from tests.peers.failures import EVENTS, FAILURES

WAYS = [
    (signature, method) for signature in ("TC3-HMAC-SHA256", "HmacSHA1", "HmacSHA256") for method in ("POST", "GET")
]


@pytest.mark.parametrize(("signature", "method"), WAYS)
def test_the_official_sdk_invokes_the_local_endpoint(signature, method, told):
    """The official SDK gets results by both actions, each failure with all fields, and refusals as exceptions."""
    version = "{}.{}".format(*sys.version_info[:2])
    python = environment(version, "official", "--no-deps", "-r", CONSTRAINTS / "peers-official.txt")
    outcomes = told(python, "invoke_with_official_sdk.py", signature, method)
    for result in [*outcomes["events"], outcomes["function"], outcomes["tail"]]:
        assert (result["InvokeResult"], result["ErrMsg"]) == (0, "")
        assert result["FunctionRequestId"] == result["RequestId"]
        assert result["Duration"] > 0
        assert result["MemUsage"] > 0
    assert [json.loads(result["RetMsg"]) for result in outcomes["events"]] == EVENTS
    assert outcomes["function"]["RetMsg"] == '{"a": "b"}'
    assert outcomes["function"]["Log"] == ""
    assert outcomes["tail"]["Log"].startswith(f"START RequestId: {outcomes['tail']['RequestId']}\n")
    assert outcomes["event_type"]["FunctionRequestId"] == outcomes["event_type"]["RequestId"]
    assert not outcomes["event_type"]["RetMsg"]
    for name, (status, text) in FAILURES.items():
        result = outcomes["failures"][name]
        returned = json.loads(result["RetMsg"])
        assert returned["statusCode"] == status, name
        assert returned["requestId"] == result["RequestId"], name
        assert text in returned["stackTrace" if status == 430 else "errorMessage"], name
        assert result["InvokeResult"] == 1, name
        assert result["ErrMsg"], name
    assert outcomes["missing"] == {"refused": "ResourceNotFound.Function"}
    assert outcomes["wrong_key"] == {"refused": "AuthFailure.SignatureFailure"}
    assert outcomes["listed"] == sorted([*FAILURES, "Echo"])
