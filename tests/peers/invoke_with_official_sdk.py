"""Run with the official SDK: ``python invoke_with_official_sdk.py HOST:PORT ID KEY SIGNATURE METHOD``, {events, names}
on stdin."""

import json
import sys

from tencentcloud.common import credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.scf.v20180416 import models, scf_client

address, secret_id, secret_key, signature, method = sys.argv[1:]
profile = ClientProfile(signature, HttpProfile("http", address, method))


def client_of(key):
    return scf_client.ScfClient(credential.Credential(secret_id, key), "ap-guangzhou", profile)


def invoke(client, name, event, **more):
    request = models.InvokeRequest()
    request.FunctionName = name
    request.ClientContext = json.dumps(event)
    for field, value in more.items():
        setattr(request, field, value)
    return outcome(client.Invoke, request)


def invoke_function(client, name, event):
    request = models.InvokeFunctionRequest()
    request.FunctionName = name
    request.Event = json.dumps(event)
    return outcome(client.InvokeFunction, request)


def outcome(action, request):
    try:
        answer = action(request)
    except TencentCloudSDKException as error:
        return {"refused": error.code}
    told = json.loads(answer.to_json_string())
    return dict(told["Result"], RequestId=told["RequestId"])


def listed(client):
    answer = client.ListFunctions(models.ListFunctionsRequest())
    return sorted(function.FunctionName for function in answer.Functions)


asked = json.load(sys.stdin)
client = client_of(secret_key)
told = {
    "events": [invoke(client, "Echo", event) for event in asked["events"]],
    "function": invoke_function(client, "Echo", {"a": "b"}),
    "tail": invoke(client, "Echo", {}, LogType="Tail"),
    "event_type": invoke(client, "Echo", {}, InvocationType="Event"),
    "failures": {name: invoke(client, name, {}) for name in asked["names"]},
    "missing": invoke(client, "NoSuchFunction", {}),
    "wrong_key": invoke(client_of("x" * 32), "Echo", {}),
    "listed": listed(client),
}
print(json.dumps(told))
