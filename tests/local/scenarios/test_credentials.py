"""The temporary credentials of instances."""

import json
from types import SimpleNamespace

from tencentserverless.local import LocalSCF
from tests.local.api_client import Api
from tests.local.process_table import until

OUTER = """
import os
from tencentserverless.scf import Client

NAMES = ("SECRETID", "SECRETKEY", "SESSIONTOKEN")
held = []

def main_handler(event, context):
    held.append([os.environ["TENCENTCLOUD_" + name] for name in NAMES])
    if "endpoint" in event:
        client = Client("ap-guangzhou", *held[event["with"]], endpoint=event["endpoint"])
        return client.invoke("inner", data={}).value
    return held
"""


def test_an_instance_gets_new_credentials(folder):
    """A warm instance finds new credentials before its old ones end; both count until then, and each leads to the
    invocation that holds it; a token that has ended is refused as the platform does it."""
    folder("outer", OUTER, "component: scf\nname: outer\ninputs: {timeout: 20}\n")
    folder("inner")
    with LocalSCF(folder.path, credential_seconds=3) as scf, Api(scf) as api:
        api.invoke("outer", {})
        first, second = json.loads(api.invoke("outer", {})["RetMsg"])  # one list: one instance
        assert not set(first) & set(second)
        for number in (-2, -1):
            event = {"endpoint": scf.endpoint, "with": number}
            assert api.invoke("outer", event)["RetMsg"] == "1"
        chained = [record.invocation for record in scf.records if record.invocation.function.name == "inner"]
        assert all(invocation.parent for invocation in chained)
        assert len(chained) == 2
        until(lambda: code_with(scf, second) == "AuthFailure.TokenFailure")
        assert code_with(scf, json.loads(api.invoke("outer", {})["RetMsg"])[-1]) == ""


def test_credentials_last_six_hours(folder):
    """Without an option credentials stay the same from one event to the next."""
    folder("outer", OUTER)
    with LocalSCF(folder.path) as scf, Api(scf) as api:
        api.invoke("outer", {})
        first, second = json.loads(api.invoke("outer", {})["RetMsg"])
    assert first == second


def code_with(scf, keys):
    """The error code of a request with this id, key and token; "" for none."""
    with Api(SimpleNamespace(endpoint=scf.endpoint, secret_id=keys[0], secret_key=keys[1])) as api:
        return api("ListFunctions", more={"X-TC-Token": keys[2]}).get("Error", {}).get("Code", "")
