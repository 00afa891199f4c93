"""Signs the requests on standard input (a JSON list) as the official SDK does; tells the signatures."""

import json
import sys
import time

from tencentcloud.common.credential import Credential
from tencentcloud.common.http.request import RequestInternal
from tencentcloud.scf.v20180416.scf_client import ScfClient

client = ScfClient(Credential("AKID", "key"), "ap-guangzhou")
signatures = []
for asked in json.load(sys.stdin):
    request = RequestInternal(host=asked["host"], method="POST", uri="/", data=asked["body"].encode("utf-8"))
    request.header["Content-Type"] = "application/json"
    request.header["Host"] = asked["host"]
    request.header["X-TC-Timestamp"] = str(asked["timestamp"])
    date = time.strftime("%Y-%m-%d", time.gmtime(asked["timestamp"]))
    signatures.append(client._get_tc3_signature(None, request, date, "scf", asked["secret_key"]))
json.dump(signatures, sys.stdout)
