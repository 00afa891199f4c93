"""Programs of other makers' clients, with keys in their source, run under ``local exec`` as they are."""

import sys

from tests.environments import CONSTRAINTS, environment, run

HERE = CONSTRAINTS.parent / "tests" / "peers"
OFFICIAL = """
from tencentcloud.common import credential
from tencentcloud.scf.v20180416 import models, scf_client

client = scf_client.ScfClient(credential.Credential("AKIDinTheSource", "a key"), "ap-guangzhou")
request = models.InvokeRequest()
request.FunctionName, request.ClientContext = "Echo", '{"official": true}'
print(client.Invoke(request).Result.RetMsg)
"""
PREDECESSOR = """
from tencentserverless import scf

client = scf.Client(secret_id="AKIDinTheSource", secret_key="a key", region="ap-guangzhou", token=None)
print(client.invoke("Echo", data={"old": True}))
print(client.Echo(a="b"))
"""


def test_programs_of_the_official_sdk_and_0_1_7(tmp_path):
    """Unchanged programs with their own keys, a proxy and a bundle of their own invoke functions of the endpoint."""
    version = "{}.{}".format(*sys.version_info[:2])
    pins = [CONSTRAINTS / "peers-official.txt", CONSTRAINTS / "peers-predecessor.txt"]
    python = environment(version, "predecessor", "--no-deps", "-r", pins[0], "-r", pins[1])
    for name, program in (("official", OFFICIAL), ("predecessor", PREDECESSOR)):
        (tmp_path / f"{name}.py").write_text(program)
    command = f"{python} {tmp_path}/official.py; {python} {tmp_path}/predecessor.py"
    bundle = HERE.parent / "certificates" / "authority.pem"
    code, output, errors = run(
        sys.executable,
        *("-m", "tencentserverless", "local", "exec", HERE / "functions", "--", "sh", "-ec", command),
        HTTPS_PROXY="http://127.0.0.1:9",
        REQUESTS_CA_BUNDLE=str(bundle),
    )
    assert code == 0, errors
    assert output.splitlines() == ['{"official": true}', '{"old": true}', '{"a": "b"}']
    assert "requests sent: 3" in errors
