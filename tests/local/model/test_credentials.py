"""Key pairs, and how those of instances are renewed."""

import pytest

from tencentserverless.local.model.credentials import (
    LIFE_SECONDS,
    KeyRegistry,
    accepted,
    needs_renewal,
    new_credential,
)

NOW = 1700000000.0


def test_credentials():
    """Every credential is new, long, and without a token unless an instance holds it."""
    mine, yours = new_credential(), new_credential("scf-1")
    assert mine.secret_id != yours.secret_id
    assert (len(mine.secret_key), mine.token, len(yours.token)) == (32, "", 64)


@pytest.mark.parametrize("text", ["", "AKID", "AKID:", ":key", "AKID::token", "a:b:c:d", "a:\udcff"])
def test_texts_that_are_no_keys(text):
    """What is neither ID:KEY nor ID:KEY:TOKEN nor any is refused without being repeated: it may be a secret."""
    with pytest.raises(ValueError, match=r"^accept takes ID:KEY, ID:KEY:TOKEN or any$"):
        accepted([text])


def test_accepted_tokens():
    """A token that is named with a pair is the only one, and without it any token is right."""
    named, any_token = accepted(["any", "a:b:c", "名:键"])
    assert (named.secret_id, named.secret_key, named.token, named.takes_any_token) == ("a", "b", "c", False)
    assert (any_token.secret_key, any_token.token, any_token.takes_any_token) == ("键", "", True)


def test_ids_of_the_past():
    """An id that was issued is known as such after it is forgotten; ids of others never are."""
    keys, others = KeyRegistry(), KeyRegistry()
    issued = keys.issue("scf-1", NOW)
    keys.forget("scf-1")
    assert keys.get(issued.secret_id) is None
    assert len(issued.secret_id) == len(new_credential().secret_id) == 36
    assert keys.has_issued(issued.secret_id)
    assert not others.has_issued(issued.secret_id)
    assert not keys.has_issued(new_credential().secret_id)


@pytest.mark.parametrize(
    ("left", "timeout", "needed"),
    [(LIFE_SECONDS, 900, False), (1800, 3, False), (1799, 3, True), (7199, 7200, True), (7200, 7200, False)],
)
def test_when_a_credential_is_renewed(left, timeout, needed):
    """A credential is renewed where less than half an hour, or less than one run of the function, is left of it."""
    assert needs_renewal(new_credential("scf-1", NOW + left), timeout, NOW) == needed


def test_keys_that_never_expire():
    """People's keys, and the one made for the run, need no renewal."""
    assert not needs_renewal(new_credential(), 900, NOW)
