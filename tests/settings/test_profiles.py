"""Profiles in files, as tccli, editors and people write them."""

import json
import os
import time

import pytest

from tencentserverless import exception as errors
from tencentserverless._settings import profiles, roles, settings
from tencentserverless._settings.report import explain
from tencentserverless.scf import Client
from tests.clients import KINDS, client_of
from tests.loopback import Server, answering, header, http, refusal, result
from tests.settings.identities import identity_of


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """An empty home directory, and an environment without credentials, on no machine of the cloud."""
    for name in list(os.environ):
        if name.startswith(("TENCENT", "TCCLI_", "TKE_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("TENCENTCLOUD_RUNENV", "SCF")
    monkeypatch.setattr(profiles, "SYSTEM_FILE", str(tmp_path / "etc" / "credentials"))
    monkeypatch.setattr(roles, "_kept", {})
    return tmp_path


def write(home, path, data):
    """Write a file below the home directory: an object as JSON, a text or bytes. Returns its path."""
    file = home.joinpath(*path.split("/"))
    file.parent.mkdir(exist_ok=True)
    data = json.dumps(data, indent=1) if isinstance(data, dict) else data
    file.write_bytes(data.encode("utf-8") if isinstance(data, str) else data)
    return str(file)


def refusal_of(profile=None):
    """The message of the SettingsError that these files lead to."""
    with pytest.raises(errors.SettingsError) as caught:
        identity_of(None, None, None, profile=profile)
    assert caught.value.executed == "no"
    return caught.value.message


KEYS = {"secretId": "AKIDbase", "secretKey": "base-key"}
INI = ".tencentcloud/credentials"


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbf[default]\r\nsecret_id = AKIDX\r\nsecret_key = k\r\n",
        b"[default]\rsecret_id = AKIDX\rsecret_key = k\r",
        b"[default]\nsecret_id = \"AKIDX\"\nsecret_key = 'k'\n",
        b"[default]\n  secret_id: AKIDX\n  secret_key: k\n",
        b"[default]\nSECRET_ID = AKIDX\nSecret_Key = k\nTOKEN =\n",
        b"[default]\nsecret_id = AKIDX\xc2\xa0\nsecret_key = k\n",
        b"# keys\n\n; of mine\n[other]\nsecret_id = AKIDY\n[default]\nsecretId = AKIDX\nsecretKey = k\n",
    ],
)
def test_what_editors_add_does_no_harm(home, data):
    """Byte order mark, ends of lines of any kind, blanks, quotes and other spellings of names are understood."""
    write(home, INI, data)
    assert identity_of(None, None, None) == ("AKIDX", "k", None)


@pytest.mark.parametrize(
    ("data", "line"),
    [
        ("[default]\nsecret_id = AKIDX\nsecret_key = hush\n".encode("utf-16"), 1),
        ("[default]\nsecret_id = AKIDX\n# \u4e3b\u8d26\u53f7\n".encode("gbk"), 3),
        (b"secret_id = AKIDX\nsecret_key = hush\n", 1),
        (b"[default]\nsecret_id = AKIDX\n[default]\nsecret_key = hush\n", 3),
        (b"[default]\nsecret_id = AKIDX\nsecret_key = hush\nsecret_key = hush\n", 4),
        (b"[default]\nsecret_id = AKIDX\xe2\x80\x8b\nsecret_key = hush\n", 2),
        (b"[default]\nsecret_id = AKIDX\nsecret_key = hush ; main account\n", 3),
        (b"[default]\nsecret_id = AKIDX\nhush\n", 3),
        (b"[default]\nsecret_id = AKIDX\n", 2),
        (b"[default]\n\nsecret_key = hush\n", 3),
    ],
)
def test_what_cannot_be_understood_is_named(home, data, line):
    """A file that is not one whole identity is a SettingsError with its path and the line, and without its text."""
    path = write(home, INI, data)
    message = refusal_of()
    assert f"{path}, line {line}: " in message
    assert "hush" not in message
    assert "AKIDX" not in message


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b'{\n"secretId": "AKIDX",\n"secretKey": "hush"', 3),
        (b"[]", 1),
        ('{"secretId": "AKIDX"}'.encode("utf-16"), 1),
        (b'{\n"secretId": "AKIDX"\n}', 2),
        (b'{\n"secretId": "AKIDX",\n"secretKey": ["hush"]\n}', 3),
        (b'{\n"secretId": 5,\n"secretKey": "hush"\n}', 2),
    ],
)
def test_what_tccli_did_not_write(home, data, line):
    """A profile of tccli that is broken or half is named with its line, and without its text."""
    path = write(home, ".tccli/work.credential", data)
    message = refusal_of("work")
    assert f"{path}, line {line}: " in message
    assert "hush" not in message


def test_tccli_s_default_profile_is_the_last_file(home):
    """The profile `default` of tccli is used if nothing names another; the official SDK's file comes before it."""
    write(home, ".tccli/default.credential", KEYS)
    assert identity_of(None, None, None) == ("AKIDbase", "base-key", None)
    write(home, INI, "[default]\nsecret_id = AKIDini\nsecret_key = k\n")
    assert identity_of(None, None, None) == ("AKIDini", "k", None)


def test_a_login_with_an_end(home):
    """The keys of `tccli auth login` are used until their end; then the error names the file and the command."""
    login = dict(KEYS, type="oauth", token="t", expiresAt=int(time.time()) + 3600, oauth={"accessToken": "hush"})
    path = write(home, ".tccli/work.credential", login)
    assert identity_of(None, None, None, profile="work") == ("AKIDbase", "base-key", "t")
    write(home, ".tccli/work.credential", dict(login, expiresAt=int(time.time()) - 1))
    message = refusal_of("work")
    assert path in message
    assert "tccli auth login --profile work" in message
    write(home, ".tccli/default.credential", dict(login, expiresAt="2020-01-01T00:00:00Z"))
    assert "tccli auth login --profile default" in refusal_of()


def test_files_that_the_system_does_not_let_us_read(home, monkeypatch):
    """In a search such a file counts as absent, and `settings` says so; a profile that was named is an error."""
    home.joinpath(".tencentcloud", "credentials").mkdir(
        parents=True
    )  # a folder cannot be read as a file, by root either
    write(home, ".tccli/default.credential", KEYS)
    assert identity_of(None, None, None) == ("AKIDbase", "base-key", None)
    lines = explain(Client())
    assert ("not readable", "Is a directory", str(home / ".tencentcloud" / "credentials")) in lines
    assert [line[2] for line in lines if line[0] == "secret_id"] == [f"{home}/.tccli/default.credential, line 2"]
    home.joinpath(".tccli", "work.credential").mkdir()
    assert "work.credential cannot be read: Is a directory" in refusal_of("work")
    monkeypatch.setenv("TCCLI_PROFILE", "work")
    assert "work.credential cannot be read: Is a directory" in refusal_of()


def test_without_a_home_folder(monkeypatch, home):
    """Where there is no home folder, no file in the current folder is taken for one of it."""
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    monkeypatch.chdir(home)
    write(home, "~/.tccli/default.credential", KEYS) if (home / "~").mkdir() else None
    assert "no credentials" in refusal_of()


@pytest.mark.parametrize("profile", [5, b"work", "a/b", "a\0b"])
def test_a_profile_is_a_name(profile):
    """What is not a name is a SettingsError."""
    assert "profile" in refusal_of(profile)


def test_a_region_in_a_file_is_named_by_its_line(home):
    """A region of a profile that is not one is told by file and line."""
    path = write(home, ".tccli/work.configure", '{\n"region": "ap guangzhou"\n}')
    with pytest.raises(errors.SettingsError) as caught:
        settings.region(None, "work")
    assert f"region ({path}, line 2: region) is not" in caught.value.message


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
