"""Run with tencentserverless 0.1.7: ``python invoke_with_0_1_7.py HOST:PORT ID KEY``, {events, names} on stdin.

The package itself is not touched; only the official SDK's `HttpProfile` is, because 0.1.7 names its host in its code.
"""

import json
import sys

from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.http_profile import HttpProfile

from tencentserverless import scf
from tencentserverless.exception import TencentServerlessSDKException

address, secret_id, secret_key = sys.argv[1:]
make = HttpProfile.__init__


def redirected(self, **settings):
    make(self, **dict(settings, endpoint=address, protocol="http"))


HttpProfile.__init__ = redirected


def outcome(invoke, *args, **kwargs):
    try:
        return {"returned": invoke(*args, **kwargs)}
    except TencentServerlessSDKException as error:
        return {"failed": [error.code, error.message, error.stack_trace, error.request_id], "response": error.response}
    except TencentCloudSDKException as error:
        return {"refused": error.code}


asked = json.load(sys.stdin)
keys = {"secret_id": secret_id, "secret_key": secret_key, "region": "ap-guangzhou"}
client = scf.Client(**keys)
told = {
    "events": [outcome(client.invoke, "Echo", data=event) for event in asked["events"]],
    "module": outcome(scf.invoke, "Echo", data={"a": "b"}, **keys),
    "native": outcome(client.Echo, a="b"),
    "item": outcome(client["Echo"], a="b"),
    "nothing": outcome(client.invoke, "Echo", data={}),
    "event_type": outcome(client.invoke, "Echo", data={"a": 1}, invocation_type="Event"),
    "failures": {name: outcome(client.invoke, name, data={"a": 1}) for name in asked["names"]},
    "missing": outcome(client.invoke, "NoSuchFunction"),
    "wrong_key": outcome(scf.invoke, "Echo", **dict(keys, secret_key="x" * 32)),
    "unknown_id": outcome(scf.invoke, "Echo", **dict(keys, secret_id="AKIDunknown")),
}
print(json.dumps(told))
