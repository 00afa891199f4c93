"""Credentials as an object that does not show them."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional


class Identity:
    """Credentials to sign with: secret id, secret key, and a token or None.

    Tools that show the variables of a traceback (Sentry, rich, pytest -l) show the repr, which has neither the key nor
    the token. So credentials are passed on as this object, never as texts. It is not a tuple: those tools look inside.

    is_refused: the platform refused these credentials, so they must not be kept for the next invocation.
    clock_offset: seconds that the clock of the server is ahead of ours, as far as it is known.
    """

    __slots__ = ("secret_id", "secret_key", "token", "is_refused", "clock_offset")

    def __init__(self, secret_id: str, secret_key: str, token: "Optional[str]" = None) -> None:
        self.secret_id = secret_id
        self.secret_key = secret_key
        self.token = token
        self.is_refused = False
        self.clock_offset = 0.0

    def __repr__(self) -> str:
        return f"<Identity {masked(self.secret_id)}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Identity) and (
            (self.secret_id, self.secret_key, self.token) == (other.secret_id, other.secret_key, other.token)
        )

    def __hash__(self) -> int:
        return hash((self.secret_id, self.secret_key, self.token))

    def hide(self, data: bytes, least: int = 1) -> bytes:
        """`data` without these credentials: a proxy or a wrong server may send our request back.

        least: so many characters has a secret that is hidden.
        """
        for secret in (self.token, self.secret_key, self.secret_id):
            for form in (secret, secret.replace("/", "\\/")) if secret and len(secret) >= least else ():
                # Some servers write JSON with \/ in the place of /.
                data = data.replace(form.encode("utf-8"), b"***")
        return data


def masked(secret_id: str) -> str:
    """Enough of an id to distinguish it from another."""
    return f"{secret_id[:4]}***{secret_id[-4:]}" if len(secret_id) > 12 else "***"
