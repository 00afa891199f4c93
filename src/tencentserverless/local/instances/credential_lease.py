"""The temporary credentials of one instance."""

import time

from tencentserverless.local.model.credentials import Credential, KeyRegistry, needs_renewal


class CredentialLease:
    """The temporary credentials of an instance, which are renewed before they expire.

    life_seconds: how long each of them is valid.
    """

    def __init__(self, keys: KeyRegistry, instance_id: str, life_seconds: float) -> None:
        self._keys = keys
        self._instance_id = instance_id
        self._life_seconds = life_seconds
        self.credential = self._issued()

    def renewed(self, timeout: float) -> Credential | None:
        """Return a new credential if the present one could expire during an event of `timeout` seconds, else None."""
        now = time.time()
        if not needs_renewal(self.credential, timeout, now):
            return None
        self._keys.forget(self._instance_id, now)
        self.credential = self._issued()
        return self.credential

    def end(self) -> None:
        """Make all credentials of the instance invalid."""
        self._keys.forget(self._instance_id)

    def _issued(self) -> Credential:
        return self._keys.issue(self._instance_id, time.time() + self._life_seconds)
