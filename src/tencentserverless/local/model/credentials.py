"""Key pairs: the endpoint's own, those named with `accept`, and the temporary ones of instances. Pure, but random.

https://cloud.tencent.com/document/product/583/32389 (execution roles)
"""

import secrets
import string
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import inf

ACCEPT_ANY = "any"
LIFE_SECONDS = 6 * 3600.0  # of temporary credentials; the platform's maximum
LEAST_LEFT_SECONDS = 1800.0  # when an event begins: time for the function and for the functions that it invokes
_ALPHANUMERIC = string.ascii_letters + string.digits


@dataclass(frozen=True, slots=True)
class Credential:
    """A key pair that the endpoint knows.

    instance_id: the instance that it was made for; "" for the endpoint's own keys and those of programs.
    expires_at: Unix seconds. From then on the credential is refused.
    takes_any_token: whether any token may come with it. A program has its own, and nobody has told the endpoint.
    """

    secret_id: str
    secret_key: str = field(repr=False)
    token: str = field(default="", repr=False)
    instance_id: str = ""
    expires_at: float = inf
    takes_any_token: bool = False


class KeyRegistry:
    """The credentials that are valid now, by secret id."""

    def __init__(self, credentials: Iterable[Credential] = ()) -> None:
        self._credentials = {credential.secret_id: credential for credential in credentials}
        self._prefix = f"AKID{_random_text(8)}"  # of the ids that are issued here

    def get(self, secret_id: str) -> Credential | None:
        return self._credentials.get(secret_id)

    def add(self, credential: Credential) -> None:
        self._credentials[credential.secret_id] = credential

    def issue(self, instance_id: str, expires_at: float) -> Credential:
        """Make a temporary credential for this instance, and add it."""
        credential = new_credential(instance_id, expires_at, self._prefix)
        self.add(credential)
        return credential

    def discard(self, credential: Credential) -> None:
        """Remove a credential, if it is known."""
        self._credentials.pop(credential.secret_id, None)

    def has_issued(self, secret_id: str) -> bool:
        """Whether `issue` made this id, also if it is forgotten since."""
        return secret_id.startswith(self._prefix)

    def forget(self, instance_id: str, now: float = inf) -> None:
        """Remove the credentials of this instance that have expired at `now`; all of them by default."""
        for credential in list(self._credentials.values()):
            if credential.instance_id == instance_id and credential.expires_at <= now:
                del self._credentials[credential.secret_id]


def new_credential(instance_id: str = "", expires_at: float = inf, prefix: str = "AKID") -> Credential:
    """A random key pair. A credential for an instance has a token too. expires_at: Unix seconds."""
    token = _random_text(64) if instance_id else ""
    secret_id = prefix + _random_text(36 - len(prefix))
    return Credential(secret_id, _random_text(32), token, instance_id, expires_at)


def needs_renewal(credential: Credential, timeout: float, now: float) -> bool:
    """Whether an event that begins at `now` and may run for `timeout` seconds should get a newer credential."""
    return credential.expires_at - now < max(timeout, LEAST_LEFT_SECONDS)


def accepted(texts: Iterable[str]) -> list[Credential]:
    """The credentials in ``ID:KEY`` and ``ID:KEY:TOKEN`` texts; the text "any" is skipped. Raises ValueError.

    The message does not contain the wrong text, because that may be a secret.
    """
    return [_accepted(text) for text in texts if text != ACCEPT_ANY]


def _accepted(text: str) -> Credential:
    parts = text.split(":")
    secret_id, secret_key, token = (*parts, "", "")[:3]
    if not (secret_id and secret_key) or len(parts) > 3 or not text.isprintable():
        raise ValueError("accept takes ID:KEY, ID:KEY:TOKEN or any")
    return Credential(secret_id, secret_key, token, takes_any_token=not token)


def _random_text(length: int) -> str:
    most = 256 // len(_ALPHANUMERIC) * len(_ALPHANUMERIC)  # with larger bytes some characters would be more frequent
    found = [byte for byte in secrets.token_bytes(2 * length) if byte < most]
    return "".join(_ALPHANUMERIC[byte % len(_ALPHANUMERIC)] for byte in found[:length])
