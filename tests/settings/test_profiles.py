"""Profiles in files, as tccli, editors and people write them."""

import os
import time

import pytest

from tencentserverless import exception as errors
from tencentserverless._settings import settings
from tencentserverless._settings.report import explain
from tencentserverless.scf import Client
from tests.settings.files import KEYS, refusal_of, write
from tests.settings.identities import identity_of

pytestmark = pytest.mark.usefixtures("home")

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


@pytest.mark.parametrize(
    "fields",
    [
        *({"use-cvm-role": value} for value in ("maybe", "enabled", 1.0, 2, [True], {"true": True})),
        *({"role-arn": value} for value in (1, True, ["qcs::cam"], {"arn": "qcs::cam"})),
        {"type": "sso", "secretId": None, "secretKey": None},
        {"use-cvm-role": "no", "role-arn": "qcs::cam", "token": "t"},
    ],
)
def test_what_decides_who_signs_is_understood_or_refused(home, fields):
    """A profile that may mean somebody else than its keys is an error with file and line."""
    path = write(home, ".tccli/work.credential", dict(KEYS, **fields))
    assert f"{path}, line " in refusal_of("work")


@pytest.mark.parametrize("value", [False, "False", " no ", "0", 0, "off", None, "", "None", "n"])
def test_a_switch_that_is_off(home, value):
    """A profile that says in one form or another that it does not use the role of the CVM uses its keys."""
    write(home, ".tccli/work.credential", dict(KEYS, **{"use-cvm-role": value}))
    assert identity_of(None, None, None, profile="work") == ("AKIDbase", "base-key", None)


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


@pytest.mark.parametrize("profile", [5, b"work", "a/b", "a\0b", "a\ud800b"])
def test_a_profile_is_a_name(profile):
    """What is not a name is a SettingsError."""
    assert "profile" in refusal_of(profile)


def test_a_region_in_a_file_is_named_by_its_line(home):
    """A region of a profile that is not one is told by file and line."""
    path = write(home, ".tccli/work.configure", '{\n"region": "ap guangzhou"\n}')
    with pytest.raises(errors.SettingsError) as caught:
        settings.region(None, "work")
    assert f"region ({path}, line 2: region) is not" in caught.value.message
