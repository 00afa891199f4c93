"""Authentication of requests: signatures, the time window, common parameters. Pure.

The order of the checks is that of the platform's gateway. Signature v3 (TC3-HMAC-SHA256) and v1 (HmacSHA1,
HmacSHA256): https://cloud.tencent.com/document/api/583/33846 and /583/33845
"""

import hmac
import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from hashlib import sha256
from typing import Any, NamedTuple
from urllib.parse import unquote_plus

from tencentserverless._protocol import tc3
from tencentserverless.local.api.call import Call
from tencentserverless.local.api.parameters import from_form, from_json, from_multipart
from tencentserverless.local.http.hosts import host_names
from tencentserverless.local.http.request import BODY_LIMIT_BYTES, Request
from tencentserverless.local.model import api_errors
from tencentserverless.local.model.credentials import Credential, KeyRegistry
from tencentserverless.local.model.regions import REGIONS

VERSION = "2018-04-16"
SERVICE = "scf"
WINDOW_SECONDS = 300
DAY_SECONDS = 24 * 3600
V1_BODY_LIMIT_BYTES = 1024 * 1024
QUERY_LIMIT_BYTES = 32 * 1024
# The longest texts that are kept in the caches below.
SIGNER_CHARACTERS = 4096
SIGNED_CHARACTERS = 1024
TYPE_CHARACTERS = 100

_SIGNER = re.compile(
    re.escape(tc3.ALGORITHM) + r"\s+Credential=([^/\s,]+)/(\d{4}-\d\d-\d\d)/([!-+.0-~-]+)/tc3_request\s*,"
    r"\s*SignedHeaders=([^,]+),\s*"
)
_MOST_SIGNED_HEADERS = 64
_BOUNDARY = re.compile(r"multipart/form-data\s*;(?:.*;)?\s*boundary=(?:\"([^\"]+)\"|([^\s;]+))", re.IGNORECASE)
_FORM = re.compile(rb"[A-Za-z][\w.]*=")
_HEXADECIMAL = re.compile(r"[0-9a-fA-F]+").fullmatch
_TIMESTAMP = re.compile(r"[0-9]{1,12}").fullmatch
_SIGNED_AT_LEAST = frozenset(("content-type", "host"))
_V3_REQUIRED = {
    "x-tc-action": "Action",
    "x-tc-version": "Version",
    "x-tc-region": "Region",
    "x-tc-timestamp": "Timestamp",
    "authorization": "Authorization",
}
_V1_DIGESTS = {"HmacSHA1": "sha1", "HmacSHA256": "sha256", "": "sha1"}
_V1_NAMES = "Action Version Region Timestamp Nonce SecretId Signature SignatureMethod Token Language RequestClient"
_V1_COMMON = frozenset(_V1_NAMES.split())


class _Claim(NamedTuple):
    """The common parameters of a request, for both signature versions."""

    action: str
    version: str
    region: str
    timestamp: str
    token: str
    region_label: str


class _Signer(NamedTuple):
    """The `Authorization` header without its signature. It is the same for all requests of a client in one day.

    names: those of the signed headers, as they are written. keys: their names in `Request.headers`.
    """

    secret_id: str
    date: str
    service: str
    scope: str
    names: tuple[str, ...]
    keys: tuple[str, ...]
    signs_enough: bool


class Gate:
    """Authenticates requests.

    actions: the names of all actions of the API.
    keys: the credentials that are valid now.
    accept_any: whether to accept requests with unknown ids without checking their signatures.
    """

    def __init__(self, actions: Collection[str], keys: KeyRegistry, accept_any: bool = False) -> None:
        self._actions = actions
        self._keys = keys
        self._accept_any = accept_any

    def admit(self, request: Request, now: float, sent_by: str = "") -> Call:
        """Authenticate a request and return its call. now: Unix seconds. Raises `Refusal`.

        sent_by: the id of the instance through whose ports it came. If it came through none, its credential says.
        """
        if request.method not in ("GET", "POST"):
            raise api_errors.unsupported_method(request.method)
        is_v1 = _is_v1(request)
        _check_size(request, is_v1)
        return self._admit_v1(request, now, sent_by) if is_v1 else self._admit_v3(request, now, sent_by)

    def _admit_v3(self, request: Request, now: float, sent_by: str) -> Call:
        claim = _v3_claim(request.headers)
        self._check_action(claim)
        authorization = request.headers["authorization"].strip()
        if authorization == "SKIP" and self._accept_any:
            return _call(claim, _v3_parameters(request), None, sent_by)
        before, _, signature = authorization.rpartition("Signature=")
        signer = _signer(before) if len(before) <= SIGNER_CHARACTERS else None
        if signer is None or not _HEXADECIMAL(signature):
            raise api_errors.invalid_authorization(
                "it is not `TC3-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`."
            )
        timestamp = _checked_time(claim, now)
        if signer.date != _utc_date(timestamp // DAY_SECONDS):
            raise api_errors.invalid_authorization("`Date` in Credential not valid.")
        if signer.service != SERVICE and signer.service not in _services(request.headers.get("host", "")):
            raise api_errors.invalid_authorization("`Service` in Credential not valid.")
        if not signer.signs_enough:
            raise api_errors.invalid_authorization("`SignedHeaders` not valid.")
        credential = self._credential(signer.secret_id, claim.token, now)
        if credential is not None:
            key = tc3.signing_key(credential, signer.date, signer.service)
            _check_signature(map(key.sign, _v3_texts(request, timestamp, signer)), signature.lower())
        _check_region(claim)
        return _call(claim, _v3_parameters(request), credential, sent_by)

    def _admit_v1(self, request: Request, now: float, sent_by: str) -> Call:
        pairs = _form_pairs(request)
        claim = _v1_claim(pairs)
        self._check_action(claim)
        digest = _V1_DIGESTS.get(pairs.get("SignatureMethod", ""))
        if digest is None:
            raise api_errors.wrong_value("SignatureMethod")
        _checked_time(claim, now)
        credential = self._credential(pairs["SecretId"], claim.token, now)
        if credential is not None:
            key = credential.secret_key.encode()
            texts = _v1_texts(request, pairs)
            given = _decoded_signature(pairs["Signature"])
            _check_signature((hmac.digest(key, text.encode("utf-8", "surrogatepass"), digest) for text in texts), given)
        _check_region(claim)
        own = {name: value for name, value in pairs.items() if name not in _V1_COMMON}
        return _call(claim, from_form(own), credential, sent_by)

    def _check_action(self, claim: _Claim) -> None:
        if claim.version != VERSION:
            raise api_errors.no_such_version(claim.version)
        if claim.action not in self._actions:
            raise api_errors.invalid_action(claim.action, claim.version)

    def _credential(self, secret_id: str, token: str, now: float) -> Credential | None:
        """The credential of this id; None for an unknown id that is accepted. Raises `Refusal`."""
        credential = self._keys.get(secret_id)
        if credential is None:
            if self._keys.has_issued(secret_id):
                raise api_errors.credentials_expired()
            if self._accept_any:
                return None
            raise api_errors.secret_id_not_found()
        if not (credential.takes_any_token or _is_equal(token, credential.token)):
            raise api_errors.token_failure()
        if credential.expires_at <= now:
            raise api_errors.credentials_expired()
        return credential


def stated(request: Request, name: str) -> str:
    """A common parameter as a request states it, of a header or of a form with signature v1; "" without one.

    The request need not be authentic.
    """
    value = request.headers.get(f"x-tc-{name.lower()}", "")
    if value or "authorization" in request.headers:
        return value
    form = b"&" + _form_text(request)[:V1_BODY_LIMIT_BYTES]
    found = form.partition(f"&{name}=".encode())[2]
    return found[:TYPE_CHARACTERS].partition(b"&")[0].decode("utf-8", "replace")


@lru_cache(maxsize=64)
def _signer(text: str) -> _Signer | None:
    parsed = _SIGNER.fullmatch(text)
    if parsed is None:
        return None
    secret_id, date, service, names = parsed.groups()
    signed = tuple(names.strip().split(";"))
    keys = _keys_of(signed)
    signs_enough = len(signed) <= _MOST_SIGNED_HEADERS and _SIGNED_AT_LEAST.issubset(keys)
    return _Signer(secret_id, date, service, tc3.credential_scope(date, service), signed, keys, signs_enough)


def _keys_of(names: Iterable[str]) -> tuple[str, ...]:
    """The keys of `Request.headers` for names of signed headers, which clients also write in upper case."""
    return tuple([name.strip().lower() for name in names])


@lru_cache(maxsize=64)
def _services(host: str) -> tuple[str, ...]:
    """The services in the scopes of SDKs that take the text before the first dot of the endpoint's name."""
    return tuple(name.partition(".")[0] for name in host_names(host))


@lru_cache(maxsize=4)
def _utc_date(day: int) -> str:
    return tc3.utc_date(day * DAY_SECONDS)


def _is_v1(request: Request) -> bool:
    """Whether this is a form with signature v1. Some SDKs send it as JSON, by its Content-Type."""
    if "authorization" in request.headers:
        return False
    return not _is_json(request) or _FORM.match(_form_text(request)) is not None


def _form_text(request: Request) -> bytes:
    return request.query.encode("utf-8", "surrogateescape") if request.method == "GET" else request.body


def _check_size(request: Request, is_v1: bool) -> None:
    size = len(request.body)
    if size > BODY_LIMIT_BYTES:
        raise api_errors.request_too_large(BODY_LIMIT_BYTES, size)
    if len(request.query) > QUERY_LIMIT_BYTES:
        raise api_errors.request_too_large(QUERY_LIMIT_BYTES, len(request.query))
    if size > V1_BODY_LIMIT_BYTES and is_v1:
        raise api_errors.too_large_for_v1(V1_BODY_LIMIT_BYTES)


def _is_json(request: Request) -> bool:
    return _says_json(request.headers.get("content-type", "")[:TYPE_CHARACTERS])


@lru_cache(maxsize=64)
def _says_json(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() == "application/json"


def _v3_claim(headers: Mapping[str, str]) -> _Claim:
    for name, parameter in _V3_REQUIRED.items():
        if not headers.get(name):
            raise api_errors.missing_parameter(parameter)
    return _Claim(
        headers["x-tc-action"],
        headers["x-tc-version"],
        headers["x-tc-region"],
        headers["x-tc-timestamp"],
        headers.get("x-tc-token", "").strip(),
        "X-TC-Region",
    )


def _v1_claim(pairs: Mapping[str, str]) -> _Claim:
    for name in ("Action", "Version", "Region", "Timestamp", "Nonce", "SecretId", "Signature"):
        if not pairs.get(name):
            raise api_errors.missing_parameter(name)
    token = pairs.get("Token", "").strip()
    return _Claim(pairs["Action"], pairs["Version"], pairs["Region"], pairs["Timestamp"], token, "Region")


def _checked_time(claim: _Claim, now: float) -> int:
    if not _TIMESTAMP(claim.timestamp):
        raise api_errors.wrong_value(claim.region_label.replace("Region", "Timestamp"))
    timestamp = int(claim.timestamp)
    if abs(timestamp - now) > WINDOW_SECONDS:
        raise api_errors.signature_expired(int(now))
    return timestamp


def _check_region(claim: _Claim) -> None:
    if claim.region not in REGIONS:
        raise api_errors.wrong_value(claim.region_label)


def _is_equal(given: str, right: str) -> bool:
    """Compare secrets in constant time."""
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), right.encode())


def _check_signature(candidates: Iterable[Any], given: Any) -> None:
    try:
        for candidate in candidates:
            if hmac.compare_digest(candidate, given):
                return
    except UnicodeEncodeError:  # headers that are not UTF-8 cannot have a valid signature
        pass
    raise api_errors.signature_failure()


def _v3_texts(request: Request, timestamp: int, signer: _Signer) -> Iterator[str]:
    """The texts that a correct client may have signed for this request, the most likely one first."""
    digest = sha256(_signed_payload(request)).hexdigest()
    query = request.query if request.method == "GET" else ""
    values = tuple([request.headers.get(key, "") for key in signer.keys])
    canonical_headers = _known_headers if sum(map(len, values)) <= SIGNED_CHARACTERS else _signed_headers
    for headers in canonical_headers(signer.names, values):
        canonical = tc3.canonical_text(request.method, query, headers, digest)
        yield tc3.string_to_sign(timestamp, signer.scope, canonical)


def _signed_headers(names: tuple[str, ...], values: tuple[str, ...]) -> tuple[str, ...]:
    """The canonical texts of these headers that a correct client may have signed."""
    keys = _keys_of(names)
    sent = dict(zip(keys, values, strict=True))
    spellings = dict.fromkeys((names, keys, tuple(sorted(keys))))
    return tuple(
        tc3.canonical_headers([(name, changed(host if key == "host" else sent[key].strip())) for name, key in spelled])
        for spelled in (list(zip(spelling, _keys_of(spelling), strict=True)) for spelling in spellings)
        for changed in (str.lower, str)
        for host in host_names(sent["host"])
    )


_known_headers = lru_cache(maxsize=64)(_signed_headers)


def _signed_payload(request: Request) -> bytes:
    if request.headers.get("x-tc-content-sha256") == tc3.UNSIGNED_PAYLOAD:
        return tc3.UNSIGNED_PAYLOAD.encode()
    return b"" if request.method == "GET" else request.body


def _v1_texts(request: Request, pairs: Mapping[str, str]) -> Iterator[str]:
    signed = {name: value for name, value in pairs.items() if name != "Signature"}
    for host in host_names(request.headers.get("host", "")):
        for names in (signed, {name.replace("_", "."): value for name, value in signed.items()}):
            text = "&".join(f"{name}={names[name]}" for name in sorted(names))
            yield f"{request.method}{host}/?{text}"


def _decoded_signature(text: str) -> bytes:
    try:
        return b64decode(text.replace(" ", "+"), validate=True)
    except (Base64Error, ValueError):
        raise api_errors.signature_failure() from None


def _form_pairs(request: Request) -> dict[str, str]:
    """The parameters of a query string or a form, decoded. Raises `Refusal`."""
    try:
        text = request.query if request.method == "GET" else request.body.decode("ascii")
    except UnicodeDecodeError:
        raise api_errors.malformed_body("a form is ASCII") from None
    pairs = {}
    for piece in filter(None, text.split("&")):
        name, equals, value = piece.partition("=")
        if not equals:
            raise api_errors.malformed_form()
        pairs[unquote_plus(name)] = unquote_plus(value, errors="surrogateescape")
    return pairs


def _v3_parameters(request: Request) -> dict[str, Any]:
    if request.method == "GET":
        return from_form(_form_pairs(request))
    kind = request.headers.get("content-type", "")
    if _says_json(kind):
        is_form = len(request.body) <= V1_BODY_LIMIT_BYTES and _FORM.match(request.body) is not None
        return from_form(_form_pairs(request)) if is_form else from_json(request.body)
    boundary = _BOUNDARY.match(kind)
    if boundary is None:
        raise api_errors.malformed_body(f"Content-Type `{kind[:80]}` is not supported with this signature")
    return from_multipart(request.body, (boundary[1] or boundary[2]).encode("utf-8", "surrogateescape"))


def _call(claim: _Claim, parameters: dict[str, Any], credential: Credential | None, sent_by: str) -> Call:
    signed_by = credential.instance_id if credential is not None else ""
    return Call(claim.action, claim.region, parameters, credential, _sender(sent_by, signed_by))


def _sender(by_port: str, by_keys: str) -> str:
    """The id of the instance that sent a request; "" if port and keys are those of two instances."""
    return "" if by_port and by_keys and by_port != by_keys else by_port or by_keys
