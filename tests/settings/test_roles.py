"""The roles of machines and of profiles, asked for at services on this machine."""

import json
import time

import pytest

from tencentserverless import exception as errors
from tencentserverless._settings import roles
from tencentserverless.scf import Client
from tests.clients import KINDS, client_of
from tests.loopback import Server, answering, header, http, refusal, result
from tests.settings.files import KEYS, refusal_of, write
from tests.settings.identities import identity_of

pytestmark = [
    pytest.mark.usefixtures("home"),
    pytest.mark.filterwarnings("ignore:datetime.*utcfromtimestamp:DeprecationWarning"),  # the official SDK's
]

CVM = [{"use-cvm-role": "True"}, {"use_cvm_role": True}]
ARN = "qcs::cam::uin/1:roleName/deploy"
TAKEN_ON = [{"role-arn": ARN, "role-session-name": "ci"}, {"role_arn": ARN}]


def who(head, body):
    """Answer with the secret id that the request was signed with."""
    return http(result(json.dumps(signer(head))))


def signer(head):
    """The secret id that a request was signed with."""
    return header(head, "Authorization").split("Credential=")[1].split("/")[0]


class Metadata:
    """The metadata service of a CVM, and the service that gives out roles: numbered keys that live for two hours."""

    def __init__(self):
        self.asked = []

    def __call__(self, connection, number):
        data = b""
        while b"\r\n\r\n" not in data or (data.startswith(b"POST") and not data.endswith(b"}")):
            more = connection.recv(65536)
            if not more:
                return
            data += more
        head, _, body = data.decode("utf-8").partition("\r\n\r\n")
        self.asked.append((head, body))
        connection.sendall(self.answer(head))

    def answer(self, head):
        number = len(self.asked)
        keys = {"TmpSecretId": f"AKIDrole{number}", "TmpSecretKey": "k", "Token": "t"}
        end = int(time.time()) + 7200
        if head.startswith("GET"):
            path = head.split()[1]
            return http(b"worker" if path.endswith("/") else dict(keys, Code="Success", ExpiredTime=end))
        return http({"Response": {"Credentials": keys, "ExpiredTime": end, "RequestId": "r"}})


@pytest.fixture
def official(monkeypatch):
    """The official package's module of credentials; it asks this machine instead of the cloud, without TLS."""
    credential = pytest.importorskip("tencentcloud.common.credential")
    make = credential.HttpProfile.__init__
    monkeypatch.setattr(credential.HttpProfile, "__init__", lambda profile: make(profile, protocol="http"))
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)

    def put(service):
        monkeypatch.setattr(roles, "METADATA", ("127.0.0.1", service.port))
        monkeypatch.setattr(credential.CVMRoleCredential, "_role_endpoint", service.endpoint + "/roles/")
        monkeypatch.setattr(credential.STSAssumeRoleCredential, "_endpoint", f"127.0.0.1:{service.port}")

    return put


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("role", CVM, ids=str)
def test_the_instance_role_of_a_profile(home, official, kind, role):
    """A profile that uses the role of the CVM signs as that role, not with the keys beside it, and asks once."""
    write(home, ".tccli/work.credential", dict(KEYS, **role))
    metadata = Metadata()
    with Server(metadata) as service, Server(answering(who)) as server:
        official(service)
        with client_of(kind, server.endpoint, profile="work") as client:
            assert [client.invoke("f").value for _ in range(2)] == ["AKIDrole2"] * 2
    assert len(metadata.asked) == 2  # the role's name and its keys


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("role", TAKEN_ON, ids=str)
def test_the_role_of_a_profile_is_taken_on(home, official, kind, role):
    """A profile with a role asks for its keys with those of the profile, and signs with the role's."""
    write(home, ".tccli/work.credential", dict(KEYS, **role))
    metadata = Metadata()
    with Server(metadata) as service, Server(answering(who)) as server:
        official(service)
        with client_of(kind, server.endpoint, profile="work") as client:
            assert client.invoke("f").value == "AKIDrole1"
            write(home, ".tccli/work.credential", dict(KEYS, secretId="AKIDother", **role))
            assert client.invoke("f").value == "AKIDrole2"
    assert [signer(head) for head, _ in metadata.asked] == ["AKIDbase", "AKIDother"]
    assert json.loads(metadata.asked[0][1])["RoleArn"] == ARN


@pytest.mark.parametrize("kind", KINDS)
def test_a_role_whose_keys_were_refused(home, official, kind):
    """Keys of a role that the platform does not take any more are fetched once more, though they have not ended."""
    write(home, ".tccli/work.credential", dict(KEYS, **TAKEN_ON[0]))

    def answer(head, body):
        return http(refusal("AuthFailure.TokenFailure")) if signer(head) == "AKIDrole1" else who(head, body)

    with Server(Metadata()) as service, Server(answering(answer)) as server:
        official(service)
        with client_of(kind, server.endpoint, profile="work") as client:
            assert [client.invoke("f").value for _ in range(2)] == ["AKIDrole2"] * 2


def test_a_role_that_cannot_be_taken_on(home, monkeypatch):
    """A role without keys, with a token, or on another machine, is an error that names file and line."""
    path = write(home, ".tccli/work.credential", {"role-arn": "qcs::cam::uin/1:roleName/deploy"})
    assert f"{path}, line 2: role-arn needs secretId and secretKey" in refusal_of("work")
    write(home, ".tccli/work.credential", dict(KEYS, token="t", **{"role-arn": "qcs::cam::uin/1:roleName/deploy"}))
    assert "role-arn cannot be used with a token" in refusal_of("work")
    monkeypatch.setattr(roles, "METADATA", ("127.0.0.1", 1))
    write(home, ".tccli/work.credential", dict(KEYS, **{"use-cvm-role": "true"}))
    assert "use-cvm-role: this machine is not a CVM" in refusal_of("work")


def test_a_role_that_the_service_refuses(home, official):
    """What goes wrong while a role is taken on is a SettingsError that names the file, with the cause behind it."""
    path = write(home, ".tccli/work.credential", dict(KEYS, **TAKEN_ON[0]))
    with Server(answering(http(refusal("AuthFailure", "no such role")))) as service:
        official(service)
        with pytest.raises(errors.SettingsError) as caught:
            Client(profile="work").invoke("f")
    assert f"{path}, line 4: role-arn: " in caught.value.message
    assert "no such role" in str(caught.value.__cause__)


def test_the_role_of_this_cvm(official, monkeypatch):
    """On a CVM, the official package asks the metadata server for the role's credentials, once while they live."""
    monkeypatch.delenv("TENCENTCLOUD_RUNENV")
    metadata = Metadata()
    with Server(metadata) as service:
        official(service)
        assert [identity_of(None, None, None) for _ in range(2)] == [("AKIDrole2", "k", "t")] * 2
    assert [head.split()[1] for head, _ in metadata.asked] == ["/roles/", "/roles/worker"]


def test_a_pod_that_is_not_set_up(monkeypatch):
    """In TKE a missing variable is a SettingsError with the cause behind it."""
    pytest.importorskip("tencentcloud.common.credential")
    monkeypatch.delenv("TENCENTCLOUD_RUNENV")
    monkeypatch.setenv("TKE_ROLE_ARN", "qcs::cam::uin/1:roleName/pod")
    with pytest.raises(errors.SettingsError, match="role of TKE") as caught:
        Client().invoke("f")
    assert "TKE_REGION" in str(caught.value.__cause__)
