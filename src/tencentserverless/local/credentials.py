"""Key pairs: those made for this run, people's own, and the temporary ones of instances.

https://cloud.tencent.com/document/product/583/32389 (execution roles)
"""

import secrets
import string
from collections.abc import Iterable
from math import inf

from tencentserverless.local.gate import Credential

ACCEPT_ANY = "any"
LIFE_SECONDS = 6 * 3600.0  # the platform's: at most
LEAST_LEFT_SECONDS = 1800.0  # what is left when an event begins, so that the function and what it sends on can end
_ALPHANUMERIC = string.ascii_letters + string.digits


def new_credential(holder: str | None = None, expires_at: float = inf) -> Credential:
    """A key pair made for this run; with a token where an instance holds it. expires_at: Unix seconds."""
    token = _random_text(64) if holder else ""
    return Credential(f"AKID{_random_text(32)}", _random_text(32), token, holder, expires_at)


def needs_renewal(credential: Credential, timeout: float, now: float) -> bool:
    """Whether an event that begins at `now` and runs for `timeout` seconds should find a newer one."""
    return credential.expires_at - now < max(timeout, LEAST_LEFT_SECONDS)


def accepted(texts: Iterable[str]) -> list[Credential]:
    """The credentials in ``ID:KEY`` texts. Raises ValueError, without the text in it: it may be a secret."""
    credentials = []
    for text in texts:
        secret_id, colon, secret_key = text.partition(":")
        if text == ACCEPT_ANY:
            continue
        if not (secret_id and colon and secret_key):
            raise ValueError("accept takes ID:KEY or any")
        credentials.append(Credential(secret_id, secret_key))
    return credentials


def _random_text(length: int) -> str:
    most = 256 // len(_ALPHANUMERIC) * len(_ALPHANUMERIC)  # so that each is as likely as the others
    found = [byte for byte in secrets.token_bytes(2 * length) if byte < most]
    return "".join(_ALPHANUMERIC[byte % len(_ALPHANUMERIC)] for byte in found[:length])
