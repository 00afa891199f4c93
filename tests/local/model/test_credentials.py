"""Key pairs, and how those of instances are renewed."""

import pytest

from tencentserverless.local.model.credentials import LIFE_SECONDS, accepted, needs_renewal, new_credential

NOW = 1700000000.0


def test_credentials():
    """Every credential is new, long, and without a token unless an instance holds it."""
    mine, yours = new_credential(), new_credential("scf-1")
    assert mine.secret_id != yours.secret_id
    assert (len(mine.secret_key), mine.token, len(yours.token)) == (32, "", 64)


@pytest.mark.parametrize("text", ["", "AKID", "AKID:", ":key"])
def test_accept_texts(text):
    """What is neither ID:KEY nor any is refused without being repeated: it may be a secret."""
    with pytest.raises(ValueError, match=r"^accept takes ID:KEY or any$"):
        accepted([text])
    assert accepted(["any", "a:b:c"])[0].secret_key == "b:c"


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
