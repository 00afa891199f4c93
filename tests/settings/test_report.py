"""Where settings come from, told to people."""

import json
import os

import pytest

from tencentserverless import exception as errors
from tencentserverless._settings import settings
from tencentserverless._settings.report import explain
from tencentserverless.scf import Client

ID, KEY = "AKIDEXAMPLE00000000000001234", "a-secret-key"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """An empty home directory, and an environment without settings."""
    for name in list(os.environ):
        if name.startswith(("TENCENT", "TCCLI_", "TKE_", "SSL_CERT", "REQUESTS_CA", "HTTPS_", "https_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    return tmp_path


def told(client):
    """What is explained, by setting."""
    return {setting: (value, source) for setting, value, source in explain(client)}


def test_arguments_are_named_and_secrets_masked():
    """Arguments are told as such, and neither key nor token nor the whole id is shown."""
    client = Client("ap-chengdu", ID, KEY, "a-token", endpoint="http://127.0.0.1:9000", timeout=5, ca_file="x.pem")
    lines = told(client)
    assert lines["region"] == ("ap-chengdu", "argument")
    assert lines["endpoint"] == ("http://127.0.0.1:9000", "argument")
    assert lines["timeout"] == ("5 s", "argument")
    assert lines["CA certificates"] == ("x.pem", "argument")
    assert lines["secret_id"] == ("AKID***1234", "argument")
    shown = repr(explain(client))
    assert not [secret for secret in (ID, KEY, "a-token") if secret in shown]


def test_defaults_are_named(monkeypatch):
    """Where nothing is set, the defaults are told, and the family of variables that gave the credentials."""
    monkeypatch.setenv("TENCENTCLOUD_SECRET_ID", ID)
    monkeypatch.setenv("TENCENTCLOUD_SECRET_KEY", KEY)
    assert told(Client()) == {
        "region": ("ap-guangzhou", "default"),
        "secret_id": ("AKID***1234", "TENCENTCLOUD_SECRET_ID"),
        "secret_key": ("***", "TENCENTCLOUD_SECRET_KEY"),
        "token": ("none", "TENCENTCLOUD_TOKEN"),
        "endpoint": ("https://scf.tencentcloudapi.com", "default"),
        "proxy": ("none", "default"),
        "CA certificates": ("the system's", "default"),
        "language": ("zh-CN", "default"),
        "timeout": ("310 s", "default"),
    }


@pytest.mark.parametrize(
    ("variables", "setting", "expected"),
    [
        ({"TENCENTCLOUD_REGION": "ap-beijing"}, "region", ("ap-beijing", "TENCENTCLOUD_REGION")),
        (
            {"TENCENTCLOUD_REGION": "ap-shanghai-fsi"},
            "endpoint",
            ("https://scf.ap-shanghai-fsi.tencentcloudapi.com", "region"),
        ),
        (
            {"TENCENTCLOUD_RUNENV": "SCF"},
            "endpoint",
            ("https://scf.internal.tencentcloudapi.com", "TENCENTCLOUD_RUNENV"),
        ),
        (
            {"TENCENTSERVERLESS_ENDPOINT": "127.0.0.1:9000"},
            "endpoint",
            ("http://127.0.0.1:9000", "TENCENTSERVERLESS_ENDPOINT"),
        ),
        ({"TENCENTSERVERLESS_LANGUAGE": "en-US"}, "language", ("en-US", "TENCENTSERVERLESS_LANGUAGE")),
        ({"TENCENTSERVERLESS_TIMEOUT": "7"}, "timeout", ("7 s", "TENCENTSERVERLESS_TIMEOUT")),
        ({"HTTPS_PROXY": "http://me:secret@proxy:3128"}, "proxy", ("http://proxy:3128", "HTTPS_PROXY")),
        ({"REQUESTS_CA_BUNDLE": "bundle.pem"}, "CA certificates", ("bundle.pem", "REQUESTS_CA_BUNDLE")),
    ],
)
def test_variables_are_named(variables, setting, expected, monkeypatch):
    """A setting from the environment is told with the variable's name."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert told(Client(secret_id=ID, secret_key=KEY))[setting] == expected


def test_a_profile_is_named(home, monkeypatch):
    """Credentials and region of a profile are told with its name."""
    folder = home / ".tccli"
    folder.mkdir()
    (folder / "work.credential").write_text(json.dumps({"secretId": ID, "secretKey": KEY}))
    (folder / "work.configure").write_text(json.dumps({"region": "ap-chengdu"}))
    lines = told(Client(profile="work"))
    assert (lines["region"], lines["secret_id"]) == (("ap-chengdu", "profile work"), ("AKID***1234", "profile work"))
    monkeypatch.setenv("TCCLI_PROFILE", "work")
    assert told(Client())["secret_id"] == ("AKID***1234", "profile work (TCCLI_PROFILE)")


def test_what_would_have_to_be_asked_for_is_not_fetched():
    """Credentials of a callable or of a role are named, and nobody is asked for them."""
    asked = []
    assert told(Client(credentials=lambda: asked.append(1)))["credentials"][1] == "callable credentials"
    assert told(Client())["credentials"][1] == "role of this CVM, if it is one"
    assert asked == []


def test_what_an_invocation_would_refuse_is_refused(monkeypatch):
    """A region that is none, and half of a key pair, are refused here too."""
    with pytest.raises(errors.SettingsError, match="region"):
        explain(Client("not a region", ID, KEY))
    with pytest.raises(errors.SettingsError, match="secret_key"):
        explain(Client(secret_id=ID))
    monkeypatch.setenv("TENCENTCLOUD_RUNENV", "SCF")
    with pytest.raises(errors.SettingsError, match="execution role"):
        explain(Client())


def test_it_says_what_the_settings_are():
    """The values told are those that the settings themselves resolve to."""
    client = Client(secret_id=ID, secret_key=KEY)
    lines = told(client)
    assert lines["region"][0] == settings.region(None)
    assert lines["endpoint"][0] == repr(settings.origin(None, settings.region(None)))
