"""The documentation's chain with the official SDK, which names its host in its code."""

import json
import os

from tencentcloud.common import credential
from tencentcloud.scf.v20180416 import models, scf_client

NAMES = ("TENCENTCLOUD_SECRETID", "TENCENTCLOUD_SECRETKEY", "TENCENTCLOUD_SESSIONTOKEN")


def main_handler(event, context):
    client = scf_client.ScfClient(credential.Credential(*[os.environ[name] for name in NAMES]), "ap-guangzhou")
    request = models.InvokeRequest()
    request.FunctionName = "FuncInvoked"
    request.ClientContext = json.dumps(event)
    print(client.Invoke(request).Result.RetMsg)
    return "Already invoked a function!"
