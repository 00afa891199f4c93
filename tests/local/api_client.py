"""A signed request in ten lines, for tests of the endpoint that should not stand on the package's own client."""

import http.client
import json
import time
from hashlib import sha256
from urllib.parse import urlsplit

from tencentserverless._protocol import tc3
from tencentserverless._protocol.identity import Identity


def headers(secret_id, secret_key, host, body, action="Invoke", region="ap-guangzhou", now=None, **more):
    """The headers of a TC3 request whose body is `body` (bytes)."""
    now = int(time.time() if now is None else now)
    scope = tc3.credential_scope(tc3.utc_date(now), "scf")
    signed = [("content-type", "application/json"), ("host", host)]
    canonical = tc3.canonical_request("POST", "", signed, sha256(body).hexdigest())
    key = tc3.signing_key(Identity(secret_id, secret_key), tc3.utc_date(now), "scf")
    signature = key.sign(tc3.string_to_sign(now, scope, canonical))
    return {
        "Content-Type": "application/json",
        "Host": host,
        "X-TC-Action": action,
        "X-TC-Version": "2018-04-16",
        "X-TC-Region": region,
        "X-TC-Timestamp": str(now),
        "Authorization": tc3.authorization(secret_id, scope, "content-type;host", signature),
        **more,
    }


class Api:
    """Signed requests to a running `LocalSCF` over one connection."""

    def __init__(self, scf):
        self.scf = scf
        self.host = urlsplit(scf.endpoint).netloc
        self.connection = http.client.HTTPConnection(self.host, timeout=60)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def raw(self, method="POST", path="/", body=b"", headers=()):
        """Send what is given; (status, headers, body)."""
        self.connection.request(method, path, body, dict(headers))
        response = self.connection.getresponse()
        return response.status, response.headers, response.read()

    def __call__(self, action="Invoke", region="ap-guangzhou", *, more=(), **parameters):
        """The inner `Response` of an action."""
        body = json.dumps(parameters).encode()
        signed = headers(self.scf.secret_id, self.scf.secret_key, self.host, body, action, region, **dict(more))
        return json.loads(self.raw(body=body, headers=signed)[2])["Response"]

    def invoke(self, name, event=None, region="ap-guangzhou", **parameters):
        """The `Result` of an invocation, its log tail with it."""
        if event is not None:
            parameters["ClientContext"] = event if isinstance(event, str) else json.dumps(event)
        response = self("Invoke", region, FunctionName=name, LogType="Tail", **parameters)
        assert "Result" in response, response
        return response["Result"]
