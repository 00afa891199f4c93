"""tencentserverless 0.1.7, as it was released, invokes functions of the local endpoint."""

import json
import shutil
import sys
from pathlib import Path

import pytest

from tencentserverless.local import LocalSCF
from tencentserverless.scf import Client
from tests.environments import CONSTRAINTS, environment, find_interpreter, uv
from tests.peers.failures import EVENTS, FAILURES

HERE = Path(__file__).parent


@pytest.fixture
def outcomes(told):
    """What 0.1.7 told of its invocations."""
    pins = [CONSTRAINTS / "peers-official.txt", CONSTRAINTS / "peers-predecessor.txt"]
    version = "{}.{}".format(*sys.version_info[:2])
    python = environment(version, "predecessor", "--no-deps", "-r", pins[0], "-r", pins[1])
    return told(python, "invoke_with_0_1_7.py")


def test_0_1_7_invokes_the_local_endpoint(outcomes):
    """0.1.7 gets results in each of its forms, each failure as its exception, and refusals as the official SDK's."""
    assert [json.loads(each["returned"]) for each in outcomes["events"]] == EVENTS
    assert outcomes["module"] == outcomes["native"] == outcomes["item"] == {"returned": '{"a": "b"}'}
    assert outcomes["nothing"] == {"returned": "{}"}
    assert list(outcomes["event_type"]) == ["returned"]
    for name, (status, text) in FAILURES.items():
        code, message, stack_trace, request_id = outcomes["failures"][name]["failed"]
        assert code in (-1, 1), name
        assert text in (stack_trace if status == 430 else message), name
        assert request_id == outcomes["failures"][name]["response"]["Response"]["RequestId"], name
        returned = json.loads(outcomes["failures"][name]["response"]["Response"]["Result"]["RetMsg"])
        assert returned["statusCode"] == status, name
    assert outcomes["missing"] == {"refused": "ResourceNotFound.Function"}
    assert outcomes["wrong_key"] == {"refused": "AuthFailure.SignatureFailure"}
    assert outcomes["unknown_id"] == {"refused": "AuthFailure.SecretIdNotFound"}


def test_a_function_for_2_7_chains_with_0_1_7(tmp_path):
    """A function for Python 2.7 that brings 0.1.7 in its folder runs, and invokes one in another region with it."""
    if find_interpreter("2.7") is None:
        pytest.skip("no Python 2.7 on PATH or among pyenv's versions")
    shutil.copytree(HERE / "python27", tmp_path, dirs_exist_ok=True)
    pins = CONSTRAINTS / "peers-python27.txt"
    uv("pip", "install", "-q", "--no-deps", "--target", str(tmp_path / "Old"), "-r", str(pins))
    with LocalSCF(tmp_path) as local:
        client = Client("ap-guangzhou", local.secret_id, local.secret_key, endpoint=local.endpoint)
        result = client.invoke("Old", data={"名": ["值", 1]}, log_type="Tail")
        records = local.records
    assert result.value == [[2, 7], '{"名": ["值", 1]}']
    assert "\nPython 2 prints without parentheses\n" in result.log_tail
    assert [record.invocation.function.region for record in records] == ["ap-guangzhou", "ap-chengdu"]
