"""Credentials as tuples, to compare them."""

from tencentserverless._settings.found import Found
from tencentserverless._settings.identity import ARGUMENTS, identity


def identity_of(secret_id, secret_key, token, profile=None, source=None):
    """The credentials that are used with these arguments, as (secret id, secret key, token)."""
    return _tuple(identity(Found(secret_id, secret_key, token, ARGUMENTS), profile, source))


def triple(source):
    """The present credentials of a source, as (secret id, secret key, token)."""
    return _tuple(source.identity(None))


def _tuple(found):
    return found.secret_id, found.secret_key, found.token
