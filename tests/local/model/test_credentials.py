"""Key pairs, and how those of instances are renewed."""

import json
from types import SimpleNamespace

import pytest

from tencentserverless.local import LocalSCF
from tencentserverless.local.model.credentials import LIFE_SECONDS, accepted, needs_renewal, new_credential
from tests.local.api_client import Api
from tests.local.process_table import until

NOW = 1700000000.0
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


def test_credentials():
    """Every credential is new, long, and without a token unless an instance holds it."""
    mine, yours = new_credential(), new_credential("scf-1")
    assert mine.secret_id != yours.secret_id
    assert (len(mine.secret_key), mine.token, len(yours.token)) == (32, "", 64)


@pytest.mark.parametrize("text", ["", "AKID", "AKID:", ":key"])
def test_accept_texts(text):
    """What is neither ID:KEY nor any is refused without being repeated: it may be a secret."""
    with pytest.raises(ValueError, match=r"^accept takes ID:KEY or any$"):
        accepted([text])
    assert accepted(["any", "a:b:c"])[0].secret_key == "b:c"


@pytest.mark.parametrize(
    ("left", "timeout", "needed"),
    [(LIFE_SECONDS, 900, False), (1800, 3, False), (1799, 3, True), (7199, 7200, True), (7200, 7200, False)],
)
def test_when_a_credential_is_renewed(left, timeout, needed):
    """A credential is renewed where less than half an hour, or less than one run of the function, is left of it."""
    assert needs_renewal(new_credential("scf-1", NOW + left), timeout, NOW) == needed


def test_keys_that_never_expire():
    """People's keys, and the one made for the run, need no renewal."""
    assert not needs_renewal(new_credential(), 900, NOW)


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
