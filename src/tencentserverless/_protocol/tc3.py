"""TC3-HMAC-SHA256, the signature of API 3.0: canonical request, string to sign, authorization.

https://cloud.tencent.com/document/api/583/33846 (SCF API, "Signature v3")
"""

from hashlib import sha256
from time import gmtime, strftime

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Sequence, Tuple

ALGORITHM = "TC3-HMAC-SHA256"
TERMINATOR = "tc3_request"
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"

_BLOCK_BYTES = 64  # of SHA-256, which HMAC pads its key to
_INNER_PAD = bytes(byte ^ 0x36 for byte in range(256))
_OUTER_PAD = bytes(byte ^ 0x5C for byte in range(256))
_KEPT_KEYS = 64


def utc_date(timestamp: int) -> str:
    """The UTC date of `timestamp` (Unix seconds) as ``YYYY-MM-DD``: the day for which a signing key is good."""
    return strftime("%Y-%m-%d", gmtime(timestamp))


def credential_scope(date: str, service: str) -> str:
    return "%s/%s/%s" % (date, service, TERMINATOR)


def canonical_request(method: str, query: str, headers: "Sequence[Tuple[str, str]]", payload_sha256: str) -> str:
    """The six fields that are signed. `headers` are the signed ones, lower-case names, in the order of signing."""
    return canonical_text(method, query, canonical_headers(headers), payload_sha256)


def canonical_headers(headers: "Sequence[Tuple[str, str]]") -> str:
    """Two of the six fields, which a client sends again and again."""
    return "%s\n%s" % ("".join(["%s:%s\n" % pair for pair in headers]), ";".join([name for name, _ in headers]))


def canonical_text(method: str, query: str, headers: str, payload_sha256: str) -> str:
    """As `canonical_request`, with `canonical_headers`."""
    return "%s\n/\n%s\n%s\n%s" % (method, query, headers, payload_sha256)


def string_to_sign(timestamp: int, scope: str, canonical: str) -> str:
    digest = sha256(canonical.encode("utf-8")).hexdigest()
    return "%s\n%d\n%s\n%s" % (ALGORITHM, timestamp, scope, digest)


class SigningKey(object):
    """A secret key made ready for one UTC date and service.

    The two padded keys of the last HMAC are absorbed once; signing copies their states, which halves the cost
    of calling `hmac` for every request.
    """

    __slots__ = ("_inner", "_outer")

    def __init__(self, secret_key: str, date: str, service: str) -> None:
        key = ("TC3" + secret_key).encode("utf-8")
        for part in (date, service, TERMINATOR):
            key = _hmac(*_pads(key), part.encode("utf-8"))
        self._inner, self._outer = _pads(key)

    def sign(self, text: str) -> str:
        """The signature of `text`, 64 lower-case hexadecimal digits."""
        return _hmac(self._inner, self._outer, text.encode("utf-8")).hex()


_keys = {}  # type: Dict[Tuple[str, str, str], SigningKey]


def signing_key(secret_key: str, date: str, service: str) -> SigningKey:
    """The `SigningKey` of these three, from a small store of those used last."""
    wanted = (secret_key, date, service)
    key = _keys.get(wanted)
    if key is None:
        if len(_keys) >= _KEPT_KEYS:
            _keys.clear()
        key = _keys[wanted] = SigningKey(secret_key, date, service)
    return key


def authorization(secret_id: str, scope: str, signed_headers: str, signature: str) -> str:
    """The value of the `Authorization` header."""
    return "%s Credential=%s/%s, SignedHeaders=%s, Signature=%s" % (
        ALGORITHM,
        secret_id,
        scope,
        signed_headers,
        signature,
    )


def _pads(key: bytes) -> "Tuple[Any, Any]":
    """The two SHA-256 states of HMAC, its padded keys absorbed (RFC 2104, section 2)."""
    if len(key) > _BLOCK_BYTES:
        key = sha256(key).digest()
    key = key.ljust(_BLOCK_BYTES, b"\0")
    return sha256(key.translate(_INNER_PAD)), sha256(key.translate(_OUTER_PAD))


def _hmac(inner: "Any", outer: "Any", message: bytes) -> bytes:
    inner, outer = inner.copy(), outer.copy()
    inner.update(message)
    outer.update(inner.digest())
    return outer.digest()  # type: ignore[no-any-return]
