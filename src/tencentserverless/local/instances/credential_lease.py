"""The temporary credentials of one instance."""

from collections import deque
from time import time

from tencentserverless.local.model.credentials import Credential, KeyRegistry, needs_renewal

MOST = 64


class CredentialLease:
    """The temporary credentials of an instance, which are renewed before they expire.

    The newest `MOST` of them are valid until they expire, for children of the function that have an older one.

    life_seconds: how long each of them is valid.
    """

    def __init__(self, keys: KeyRegistry, instance_id: str, life_seconds: float) -> None:
        self._keys = keys
        self._instance_id = instance_id
        self._life_seconds = life_seconds
        self._issued: deque[Credential] = deque()
        self.credential = self._issue()

    def renewed(self, timeout: float) -> Credential | None:
        """Return a new credential if the present one could expire during an event of `timeout` seconds, else None."""
        now = time()
        if not needs_renewal(self.credential, timeout, now):
            return None
        self._keys.forget(self._instance_id, now)
        if len(self._issued) >= MOST:
            self._keys.discard(self._issued.popleft())
        self.credential = self._issue()
        return self.credential

    def end(self) -> None:
        """Make all credentials of the instance invalid."""
        self._keys.forget(self._instance_id)

    def _issue(self) -> Credential:
        self._issued.append(self._keys.issue(self._instance_id, time() + self._life_seconds))
        return self._issued[-1]
