"""Credentials from arguments and the environment: one family, never mixed, with the token that belongs to it."""

import itertools
import os

import pytest
from hypothesis import given
from hypothesis import settings as tries
from hypothesis import strategies as st

from tencentserverless import exception as errors
from tencentserverless._settings import credentials
from tests.settings.identities import identity_of

FAMILIES = {
    "SCF": ("TENCENTCLOUD_SECRETID", "TENCENTCLOUD_SECRETKEY", ["TENCENTCLOUD_SESSIONTOKEN"]),
    "SDK": (
        "TENCENTCLOUD_SECRET_ID",
        "TENCENTCLOUD_SECRET_KEY",
        ["TENCENTCLOUD_TOKEN", "TENCENTCLOUD_SESSION_TOKEN", "TENCENTCLOUD_SECURITY_TOKEN"],
    ),
    "old": ("TENCENT_SECRET_ID", "TENCENT_SECRET_KEY", ["TENCENT_TOKEN"]),
}
NAMES = [name for id_name, key_name, tokens in FAMILIES.values() for name in [id_name, key_name, *tokens]]
ORDER = ["SCF", "SDK", "old"]


@pytest.fixture(autouse=True)
def environment(monkeypatch, tmp_path):
    """An environment without credentials, on no machine of the cloud; a function that sets variables."""
    for name in list(os.environ):
        if name.startswith(("TENCENT", "TCCLI_", "TKE_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("TENCENTCLOUD_RUNENV", "SCF")  # a function has no machine's role to look for

    def put(variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return put


def of_family(family, token=True):
    """The variables of a whole family."""
    id_name, key_name, token_names = FAMILIES[family]
    variables = {id_name: family + "-id", key_name: family + "-key"}
    if token:
        variables[token_names[0]] = family + "-token"
    return variables


def refused(*arguments):
    """The SettingsError of these credentials."""
    with pytest.raises(errors.SettingsError) as caught:
        identity_of(*arguments)
    assert (caught.value.code, caught.value.executed) == ("InvalidCredential", "no")
    return caught.value


def test_what_is_given_is_used(environment):
    """Id, key and token that are given win over every family of the environment."""
    for family in ORDER:
        environment(of_family(family))
    assert identity_of("id", "key", "token") == ("id", "key", "token")


@pytest.mark.parametrize("family", ORDER)
def test_each_family(environment, family):
    """Every spelling of the environment is understood, with and without a token."""
    environment(of_family(family, token=False))
    assert identity_of(None, None, None) == (family + "-id", family + "-key", None)
    environment(of_family(family))
    assert identity_of(None, None, None) == (family + "-id", family + "-key", family + "-token")
    assert identity_of("", "", None) == (family + "-id", family + "-key", family + "-token")


@pytest.mark.parametrize("family", ORDER)
def test_each_name_of_a_token(environment, family):
    """Every name of a family's token is understood, the first one first."""
    environment(of_family(family, token=False))
    for name in reversed(FAMILIES[family][2]):
        environment({name: "from-" + name})
        assert identity_of(None, None, None)[2] == "from-" + name


@pytest.mark.parametrize("families", list(itertools.combinations(ORDER, 2)))
def test_the_order_of_families(environment, families):
    """SCF's own spelling comes before the official SDK's, and that before the old one."""
    for family in families:
        environment(of_family(family))
    first = families[0]
    assert identity_of(None, None, None) == (first + "-id", first + "-key", first + "-token")


@tries(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from(NAMES), st.sampled_from(["", "x"])))
def test_families_are_never_mixed(present):
    """Whatever variables are set, id, key and token come from one family that has both id and key, or from none."""
    os.environ.update({name: value and "of-" + name for name, value in present.items()})
    try:
        whole = [row for row in FAMILIES.values() if present.get(row[0]) and present.get(row[1])]
        if not whole:
            refused(None, None, None)
            return
        id_name, key_name, token_names = whole[0]
        tokens = ["of-" + name for name in token_names if present.get(name)]
        expected = ("of-" + id_name, "of-" + key_name, tokens[0] if tokens else None)
        assert identity_of(None, None, None) == expected
    finally:
        for name in present:
            del os.environ[name]


@pytest.mark.parametrize("family", ORDER)
def test_the_token_of_an_id_from_the_environment(environment, family):
    """Programs that pass id and key from the environment by hand get the token that belongs to them."""
    for other in ORDER:
        environment(of_family(other))
    assert identity_of(family + "-id", family + "-key", None)[2] == family + "-token"
    assert identity_of("another-id", family + "-key", None)[2] is None


@pytest.mark.parametrize("token", ["", " ", "\t\n  "])
def test_a_token_of_blanks_is_none(environment, token):
    """A token of blanks means that there is none, also where the environment has one."""
    environment(of_family("SCF"))
    assert identity_of("SCF-id", "SCF-key", token) == ("SCF-id", "SCF-key", None)
    assert identity_of(None, None, token) == ("SCF-id", "SCF-key", None)
    assert identity_of("id", "key", token) == ("id", "key", None)


def test_a_token_that_is_given_wins(environment):
    """A token that is given is used with credentials of the environment too."""
    environment(of_family("SCF"))
    assert identity_of(None, None, "given") == ("SCF-id", "SCF-key", "given")
    assert identity_of("SCF-id", "SCF-key", "given") == ("SCF-id", "SCF-key", "given")


def test_an_id_alone(environment):
    """An id alone is completed where it is one of the environment's, and refused where it is not."""
    for family in ORDER:
        environment(of_family(family))
    assert identity_of("old-id", None, None) == ("old-id", "old-key", "old-token")
    assert "secret_id was given without its secret_key" in refused("another-id", None, None).message


def test_a_key_alone(environment):
    """A key alone is refused: nobody knows whose it is."""
    environment(of_family("SCF"))
    assert "secret_key was given without its secret_id" in refused(None, "SCF-key", None).message
    assert "SCF-key" not in str(refused(None, "SCF-key", None))


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        (["TENCENTCLOUD_SECRETID"], "TENCENTCLOUD_SECRETID is set, TENCENTCLOUD_SECRETKEY is not"),
        (["TENCENTCLOUD_SECRETKEY"], "TENCENTCLOUD_SECRETKEY is set, TENCENTCLOUD_SECRETID is not"),
        (["TENCENT_SECRET_ID"], "TENCENT_SECRET_ID is set, TENCENT_SECRET_KEY is not"),
        (
            ["TENCENTCLOUD_SECRETID", "TENCENTCLOUD_SECRET_KEY"],
            "TENCENTCLOUD_SECRETID is set, TENCENTCLOUD_SECRETKEY is not; "
            "TENCENTCLOUD_SECRET_KEY is set, TENCENTCLOUD_SECRET_ID is not",
        ),
    ],
)
def test_half_a_pair_in_the_environment(environment, tmp_path, variables, said):
    """Half a pair is told by the names of its variables; a file is not used in its place, for it may be another's."""
    (tmp_path / ".tencentcloud").mkdir()
    (tmp_path / ".tencentcloud" / "credentials").write_text("[default]\nsecret_id = AKIDfile\nsecret_key = k\n")
    environment(dict.fromkeys(variables, "hush"))
    error = refused(None, None, None)
    assert error.message.startswith(said + ": ")
    assert "hush" not in error.message


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_wrong_character_is_told_by_its_place(environment, place):
    """The message names the argument or the variable that holds the character, and the character."""
    arguments = ["id", "key", "token"]
    arguments[place] += "\u200b"
    name = ("secret_id", "secret_key", "token")[place]
    assert f"the argument {name} holds the character U+200B" in refused(*arguments).message
    variables = dict(zip([FAMILIES["SCF"][0], FAMILIES["SCF"][1], FAMILIES["SCF"][2][0]], arguments))
    environment(variables)
    assert f"{list(variables)[place]} holds the character U+200B" in refused(None, None, None).message


def test_without_credentials():
    """Without credentials the error says what to set."""
    message = refused(None, None, None).message
    assert "TENCENTCLOUD_SECRETID" in message
    assert "secret_id" in message


def test_blanks_around_credentials(environment):
    """Blanks and line ends around an id, key or token are not part of it."""
    assert identity_of(" id\n", "\tkey ", " token\r\n") == ("id", "key", "token")
    environment({"TENCENTCLOUD_SECRETID": "id\n", "TENCENTCLOUD_SECRETKEY": " key", "TENCENTCLOUD_SESSIONTOKEN": "t "})
    assert identity_of(None, None, None) == ("id", "key", "t")


@pytest.mark.parametrize("bad", ["se cret", "se\r\ncret: x", "sécret", "se\0cret", "密钥", "secret\x7f"])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_what_cannot_be_written_is_refused(bad, place):
    """An id, key or token that could not stand in a header is a SettingsError that does not repeat it."""
    arguments = ["id", "key", "token"]
    arguments[place] = bad
    error = refused(*arguments)
    assert bad not in str(error)
    assert bad not in repr(error)


@pytest.mark.parametrize("bad", [5, b"id", True])
def test_credentials_are_texts(bad):
    """An id, key or token that is no text is a SettingsError."""
    refused(bad, "key", None)
    refused("id", bad, None)
    refused("id", "key", bad)


def test_many_credentials():
    """Credentials are told apart however many there are, and whichever came before."""
    for turn in range(3):
        for number in range(200):
            assert identity_of(f"id{number}", f"key{turn}", None) == (f"id{number}", f"key{turn}", None)


def test_a_source_comes_before_the_environment(environment):
    """A callable is asked before the environment; id and key that are given come before it."""
    environment(of_family("SCF"))
    source = credentials.Source(lambda: ("called-id", "called-key", "called-token"))
    assert identity_of(None, None, None, None, source) == ("called-id", "called-key", "called-token")
    assert identity_of("id", "key", None, None, source) == ("id", "key", None)
