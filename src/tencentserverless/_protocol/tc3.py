"""The signature of API 3.0, TC3-HMAC-SHA256: canonical request, string to sign, authorization.

https://cloud.tencent.com/document/api/583/33846 (SCF API, "Signature v3")
"""

from hashlib import sha256
from time import gmtime, strftime

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Sequence, Tuple

    KeyOwner = Any  # an object that has `secret_key`

ALGORITHM = "TC3-HMAC-SHA256"
TERMINATOR = "tc3_request"
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"

_BLOCK_BYTES = 64  # the block size of SHA-256, to which HMAC pads its key
_INNER_PAD = bytes(byte ^ 0x36 for byte in range(256))
_OUTER_PAD = bytes(byte ^ 0x5C for byte in range(256))
_KEPT_KEYS = 64


def utc_date(timestamp: int) -> str:
    """The UTC date of `timestamp` (Unix seconds) as ``YYYY-MM-DD``. A signing key is valid for one such day."""
    return strftime("%Y-%m-%d", gmtime(timestamp))


def credential_scope(date: str, service: str) -> str:
    return f"{date}/{service}/{TERMINATOR}"


def canonical_request(method: str, query: str, headers: "Sequence[Tuple[str, str]]", payload_sha256: str) -> str:
    """The six fields that are signed. `headers`: the signed headers with lower-case names, in the order of signing."""
    return canonical_text(method, query, canonical_headers(headers), payload_sha256)


def canonical_headers(headers: "Sequence[Tuple[str, str]]") -> str:
    """The two fields about headers, which are the same in many requests."""
    lines = "".join([f"{name}:{value}\n" for name, value in headers])
    names = ";".join([name for name, _ in headers])
    return f"{lines}\n{names}"


def canonical_text(method: str, query: str, headers: str, payload_sha256: str) -> str:
    """As `canonical_request`, with `headers` as `canonical_headers` returns them."""
    return f"{method}\n/\n{query}\n{headers}\n{payload_sha256}"


def string_to_sign(timestamp: int, scope: str, canonical: str) -> str:
    digest = sha256(canonical.encode("utf-8")).hexdigest()
    return f"{ALGORITHM}\n{timestamp}\n{scope}\n{digest}"


class SigningKey:
    """The `secret_key` of an object, prepared for one UTC date and service.

    The object is passed on and not its key: tools that show the variables of a traceback would show the key.

    The last HMAC's two padded keys are hashed once. Signing copies these hash states, which halves the cost of calling
    `hmac` for every request.
    """

    __slots__ = ("_inner", "_outer")

    def __init__(self, owner: "KeyOwner", date: str, service: str) -> None:
        pads = _pads_of_block(owner)
        for part in (date, service, TERMINATOR):
            pads = _pads(_hmac(*pads, part.encode("utf-8")))
        self._inner, self._outer = pads

    def sign(self, text: str) -> str:
        """The signature of `text`, 64 lower-case hexadecimal digits."""
        return _hmac(self._inner, self._outer, text.encode("utf-8")).hex()


_keys: "Dict[Tuple[str, str, str], SigningKey]" = {}


def signing_key(owner: "KeyOwner", date: str, service: str) -> SigningKey:
    """The `SigningKey` of these three; a small number of them is kept."""
    key = _keys.get((owner.secret_key, date, service))
    if key is None:
        if len(_keys) >= _KEPT_KEYS:
            _keys.clear()
        key = _keys[owner.secret_key, date, service] = SigningKey(owner, date, service)
    return key


def authorization(secret_id: str, scope: str, signed_headers: str, signature: str) -> str:
    """The value of the `Authorization` header."""
    return f"{ALGORITHM} Credential={secret_id}/{scope}, SignedHeaders={signed_headers}, Signature={signature}"


def _pads(digest: bytes) -> "Tuple[Any, Any]":
    """The two SHA-256 states of HMAC after its padded keys (RFC 2104, section 2)."""
    block = digest.ljust(_BLOCK_BYTES, b"\0")
    return sha256(block.translate(_INNER_PAD)), sha256(block.translate(_OUTER_PAD))


def _pads_of_block(owner: "KeyOwner") -> "Tuple[Any, Any]":
    """As `_pads`, of the secret key."""
    return sha256(_block(owner).translate(_INNER_PAD)), sha256(_block(owner).translate(_OUTER_PAD))


def _block(owner: "KeyOwner") -> bytes:
    if len(f"TC3{owner.secret_key}".encode()) > _BLOCK_BYTES:
        return sha256(f"TC3{owner.secret_key}".encode()).digest().ljust(_BLOCK_BYTES, b"\0")
    return f"TC3{owner.secret_key}".encode().ljust(_BLOCK_BYTES, b"\0")


def _hmac(inner: "Any", outer: "Any", message: bytes) -> bytes:
    inner, outer = inner.copy(), outer.copy()
    inner.update(message)
    outer.update(inner.digest())
    return outer.digest()  # type: ignore[no-any-return]
