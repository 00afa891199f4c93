"""The signature TC3-HMAC-SHA256 against published vectors, the standard library and the official SDK."""

import datetime as dt
import hashlib
import hmac

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tencentserverless._protocol import tc3
from tencentserverless._protocol.identity import Identity

SECRET_ID = "AKIDEXAMPLE0000000000000000000000000"
SECRET_KEY = "ExampleSecretKey0123456789abcdef"
TIMESTAMP = 1700000000
DATE = "2023-11-14"
BODY = b'{"FunctionName": "hello", "InvocationType": "RequestResponse", "ClientContext": "{\\"a\\": 1}"}'
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
HOST = "scf.tencentcloudapi.com"
QUERY = "FunctionName=hello&InvocationType=RequestResponse&ClientContext=%7B%22a%22%3A+1%7D"

texts = st.text(st.characters(blacklist_categories=["Cs"]), max_size=200)


def sha256(data):
    """The hexadecimal SHA-256 of bytes."""
    return hashlib.sha256(data).hexdigest()


def by_hmac(key, *messages):
    """The HMACs of a chain of messages, each keyed with the one before: the standard library's."""
    found = []
    for message in messages:
        key = hmac.new(key, message.encode("utf-8"), hashlib.sha256).digest()
        found.append(key.hex())
    return found


VECTORS = {
    "A": ("POST", "", JSON, HOST, BODY, "87bf6f1509ccedbc88dd4395c2f709e914d1ef7333afbae66d7ac38eb32ba645"),
    "B": (
        "POST",
        "",
        JSON,
        HOST,
        b"UNSIGNED-PAYLOAD",
        "9767ebc93b8f9a2e23d7bf64020a1a66196d828a72c4a5dcf9f9e298d8c60a88",
    ),
    "C": ("GET", QUERY, FORM, HOST, b"", "60835e4ad24dccc66550c246f5e908c05e2efe93bcfd441dab0ddc8b23d4ad59"),
    "D": ("POST", "", JSON, "127.0.0.1:9000", BODY, "f7e58fedcb238421a4a7f82e22ac5e36fd82dbf114ce450ca1c66e4c71e31038"),
}


def owner(secret_key):
    """An object that has this secret key."""
    return Identity("AKIDEXAMPLE", secret_key)


@pytest.mark.parametrize("name", sorted(VECTORS))
def test_vectors(name):
    """Requests signed independently of this package have the same signatures here: POST, unsigned, GET, with a port."""
    method, query, content_type, host, payload, signature = VECTORS[name]
    canonical = tc3.canonical_request(method, query, [("content-type", content_type), ("host", host)], sha256(payload))
    scope = tc3.credential_scope(DATE, "scf")
    assert (
        tc3.signing_key(owner(SECRET_KEY), DATE, "scf").sign(tc3.string_to_sign(TIMESTAMP, scope, canonical))
        == signature
    )


def test_the_steps_of_a_signature():
    """Every step between a request and its Authorization header is what the reference prints."""
    assert len(BODY) == 93
    digest = sha256(BODY)
    canonical = tc3.canonical_request("POST", "", [("content-type", JSON), ("host", HOST)], digest)
    assert canonical == (
        "POST\n/\n\ncontent-type:application/json\nhost:scf.tencentcloudapi.com\n\ncontent-type;host\n"
        "d9f334f00d13593301a95e306d31646cb17b6d53c9e748566472f709f1b0bd9b"
    )
    assert tc3.utc_date(TIMESTAMP) == DATE
    scope = tc3.credential_scope(DATE, "scf")
    assert scope == "2023-11-14/scf/tc3_request"
    text = tc3.string_to_sign(TIMESTAMP, scope, canonical)
    assert text == (
        "TC3-HMAC-SHA256\n1700000000\n2023-11-14/scf/tc3_request\n"
        "f1caf9e7a0bd827320b76345e3b026707d3c76503447a03acbc0d465cf8fb8ac"
    )
    signature = tc3.SigningKey(owner(SECRET_KEY), DATE, "scf").sign(text)
    assert tc3.authorization(SECRET_ID, scope, "content-type;host", signature) == (
        "TC3-HMAC-SHA256 Credential=AKIDEXAMPLE0000000000000000000000000/2023-11-14/scf/tc3_request, "
        "SignedHeaders=content-type;host, "
        "Signature=87bf6f1509ccedbc88dd4395c2f709e914d1ef7333afbae66d7ac38eb32ba645"
    )


def test_a_third_signed_header():
    """A client that signs x-tc-action too, with a charset in the content type, has its signature recomputed."""
    headers = [("content-type", "application/json; charset=utf-8"), ("host", HOST), ("x-tc-action", "invoke")]
    canonical = tc3.canonical_request("POST", "", headers, sha256(BODY))
    assert "\n\ncontent-type;host;x-tc-action\n" in canonical
    text = tc3.string_to_sign(TIMESTAMP, tc3.credential_scope(DATE, "scf"), canonical)
    signature = "d8aaeda9fb6f4a3996779a3f186bb45088158f008d55e853e353d7496e754259"
    assert tc3.signing_key(owner(SECRET_KEY), DATE, "scf").sign(text) == signature


@pytest.mark.parametrize(
    ("secret_key", "signature"),
    [
        ("Gu5t9xGARNpq86cd98joQYCN3EXAMPLE", "72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168"),
        ("Gu5t9xGARNpq86cd98joQYCN3*******", "2230eefd229f582d8b1b891af7107b91597240707d778ab3738f756258d7652c"),
    ],
)
def test_the_example_that_tencent_publishes(secret_key, signature):
    """Tencent's own example, a request to CVM, has the signature that its pages print, masked key and all."""
    body = b'{"Limit": 1, "Filters": [{"Values": ["\\u672a\\u547d\\u540d"], "Name": "instance-name"}]}'
    assert sha256(body) == "35e9c5b0e3ae67532d3c9f17ead6c90222632e5b1ff7f6e89887f1398934f064"
    headers = [("content-type", "application/json; charset=utf-8"), ("host", "cvm.tencentcloudapi.com")]
    canonical = tc3.canonical_request("POST", "", headers, sha256(body))
    assert sha256(canonical.encode("utf-8")) == "5ffe6a04c0664d6b969fab9a13bdab201d63ee709638e2749d62a09ca18d7031"
    date = tc3.utc_date(1551113065)
    assert date == "2019-02-25"
    text = tc3.string_to_sign(1551113065, tc3.credential_scope(date, "cvm"), canonical)
    assert tc3.SigningKey(owner(secret_key), date, "cvm").sign(text) == signature


def test_the_example_of_the_newest_page():
    """The newest page signs a third header; from the key that it prints for the last step comes its signature."""
    body = b'{"Limit": 1, "Filters": [{"Values": ["\\u672a\\u547d\\u540d"], "Name": "instance-name"}]}'
    headers = [("content-type", "application/json; charset=utf-8"), ("host", "cvm.tencentcloudapi.com")]
    headers.append(("x-tc-action", "describeinstances"))
    canonical = tc3.canonical_request("POST", "", headers, sha256(body))
    assert sha256(canonical.encode("utf-8")) == "7019a55be8395899b900fb5564e4200d984910f34794a27cb3fb7d10ff6a1e84"
    text = tc3.string_to_sign(1551113065, tc3.credential_scope("2019-02-25", "cvm"), canonical)
    key = bytes.fromhex("b596b923aad85185e2d1f6659d2a062e0a86731226e021e61bfe06f7ed05f5af")
    assert by_hmac(key, text) == ["10b1a37a7301a02ca19a647ad722d5e43b4b3cff309d421d85b46093f6ab6c4f"]


def test_the_keys_of_the_vector():
    """The chain that test and package share, date to service to tc3_request, has the keys that the reference prints."""
    assert by_hmac(b"TC3" + SECRET_KEY.encode(), DATE, "scf", "tc3_request") == [
        "74e4930fd195d06d353526583ff1039c5469cfbcc2effd69345730810270c584",
        "9ff2f8eab929b8f3469d53c158bf7a14f2d306eca49c9da2c2aabacca5995793",
        "deaf899303d2a0459cc8f4b3478ff7617f653375802375f346db4695dbdc553f",
    ]


@settings(max_examples=300, deadline=None)
@given(texts, texts, texts, texts)
@example("", "", "", "")
@example("k" * 60, "d", "s", "t")  # with "TC3" one byte less than a block of SHA-256
@example("k" * 61, "d", "s", "t")  # a block
@example("k" * 62, "d", "s", "t")  # a byte more, which HMAC hashes first
@example("键" * 100, "日", "服", "文")
def test_the_standard_library_agrees(secret_key, date, service, text):
    """Keys of any length, shorter and longer than a block of the hash, sign as `hmac` signs."""
    expected = by_hmac(("TC3" + secret_key).encode("utf-8"), date, service, "tc3_request", text)[-1]
    assert tc3.SigningKey(owner(secret_key), date, service).sign(text) == expected


@settings(max_examples=200, deadline=None)
@given(texts, st.dates().map(str), texts)
def test_the_official_sdk_agrees(secret_key, date, text):
    """The official SDK's function for the last step gives the same signature."""
    sign = pytest.importorskip("tencentcloud.common.sign").Sign
    assert tc3.SigningKey(owner(secret_key), date, "scf").sign(text) == sign.sign_tc3(secret_key, date, "scf", text)


def test_signing_leaves_the_key_as_it_was():
    """A key signs any number of texts, each as if it were the first."""
    key = tc3.SigningKey(owner(SECRET_KEY), DATE, "scf")
    assert [key.sign("a"), key.sign("b"), key.sign("a")] == [
        tc3.SigningKey(owner(SECRET_KEY), DATE, "scf").sign(text) for text in "aba"
    ]


def test_a_key_is_kept():
    """The key of one secret, date and service is made once, and never taken for another's."""
    key = tc3.signing_key(owner("one"), DATE, "scf")
    assert tc3.signing_key(owner("one"), DATE, "scf") is key
    for secret_key, *scope in (("two", DATE, "scf"), ("one", "2023-11-15", "scf"), ("one", DATE, "cvm")):
        other = (owner(secret_key), *scope)
        assert tc3.signing_key(*other).sign("text") == tc3.SigningKey(*other).sign("text") != key.sign("text")


def test_not_every_key_is_kept():
    """A process that sees ever new temporary keys keeps a few of them, and signs rightly with each."""
    first = tc3.signing_key(owner("first"), DATE, "scf")
    for number in range(1000):
        secret = f"temporary {number}"
        assert tc3.signing_key(owner(secret), DATE, "scf").sign("text") == tc3.SigningKey(
            owner(secret), DATE, "scf"
        ).sign("text")
    assert len(tc3._keys) <= tc3._KEPT_KEYS
    assert tc3.signing_key(owner("first"), DATE, "scf") is not first


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 4102444800))
@example(1700006399)
@example(1699920000)
@example(951782400)  # 29 February
def test_dates_are_utc(timestamp):
    """The date of a timestamp is that of Greenwich, whatever the time zone of this machine."""
    assert tc3.utc_date(timestamp) == str((dt.datetime(1970, 1, 1) + dt.timedelta(seconds=timestamp)).date())


def test_the_repr_of_a_key_is_silent():
    """A key does not show the secret it is made of."""
    assert SECRET_KEY not in repr(tc3.SigningKey(owner(SECRET_KEY), DATE, "scf"))
