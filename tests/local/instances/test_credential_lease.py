"""The credentials that one instance has in its life."""

import time

from hypothesis import given
from hypothesis import strategies as st

from tencentserverless.local.instances.credential_lease import MOST, CredentialLease
from tencentserverless.local.model.credentials import LEAST_LEFT_SECONDS, LIFE_SECONDS, KeyRegistry, new_credential


def test_an_instance_has_valid_credentials_from_its_start():
    """The first credential is the instance's own, is known, and lasts as long as it should."""
    keys = KeyRegistry()
    before = time.time()
    held = CredentialLease(keys, "scf-1", LIFE_SECONDS).credential
    assert keys.get(held.secret_id) is held
    assert held.instance_id == "scf-1"
    assert before + LIFE_SECONDS <= held.expires_at <= time.time() + LIFE_SECONDS


@given(st.integers(-100, 20000), st.integers(1, 7200))
def test_what_lasts_long_enough_is_kept(life_seconds, timeout):
    """A credential is renewed exactly if it could expire while the event runs; the new one is known."""
    keys = KeyRegistry()
    lease = CredentialLease(keys, "scf-1", life_seconds + 0.5)  # half a second for this test to run in
    first = lease.credential
    renewed = lease.renewed(timeout)
    if life_seconds >= max(timeout, LEAST_LEFT_SECONDS):
        assert renewed is None
        assert lease.credential is first
    else:
        assert renewed is lease.credential is keys.get(renewed.secret_id)
        assert renewed.secret_id != first.secret_id


def test_a_credential_is_valid_until_it_expires():
    """A renewal leaves the one before valid, for children that hold it; one that has expired is forgotten."""
    for life_seconds, is_valid in ((60, True), (-60, False)):
        keys = KeyRegistry()
        lease = CredentialLease(keys, "scf-1", life_seconds)
        first = lease.credential
        assert lease.renewed(3) is not None
        assert (keys.get(first.secret_id) is first) is is_valid


def test_many_renewals():
    """However often an event begins while credentials are short, no more than the newest are valid."""
    keys = KeyRegistry()
    lease = CredentialLease(keys, "scf-1", 60)
    held = [lease.renewed(3) for _ in range(10 * MOST)]
    assert [keys.get(each.secret_id) for each in held] == [None] * 9 * MOST + held[-MOST:]


def test_the_end():
    """At the end all credentials of the instance are invalid, and nobody else's are."""
    mine = new_credential()
    keys = KeyRegistry([mine])
    lease, other = CredentialLease(keys, "scf-1", 60), CredentialLease(keys, "scf-2", 60)
    held = [lease.credential, lease.renewed(3), lease.renewed(3)]
    lease.end()
    assert [keys.get(credential.secret_id) for credential in held] == [None] * 3
    assert keys.get(other.credential.secret_id) is other.credential
    assert keys.get(mine.secret_id) is mine
