"""The gate: signatures as real clients make them, and the order in which it refuses."""

import json
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tencentserverless.local.api.authentication import Gate, stated
from tencentserverless.local.api.router import KNOWN
from tencentserverless.local.http.hosts import host_names
from tencentserverless.local.http.request import Request
from tencentserverless.local.model.api_errors import Refusal
from tencentserverless.local.model.credentials import Credential, KeyRegistry
from tests.local.api_client import headers as signed_headers

NOW = 1700000000
ID, KEY = "AKIDEXAMPLE0000000000000000000000000", "ExampleSecretKey0123456789abcdef"
HOST = "scf.tencentcloudapi.com"
BODY = b'{"FunctionName": "hello", "InvocationType": "RequestResponse", "ClientContext": "{\\"a\\": 1}"}'
QUERY = "FunctionName=hello&InvocationType=RequestResponse&ClientContext=%7B%22a%22%3A+1%7D"
PARAMETERS = {"FunctionName": "hello", "InvocationType": "RequestResponse", "ClientContext": '{"a": 1}'}
JSON, FORM = "application/json", "application/x-www-form-urlencoded"

# The published vectors of TC3 for the request above: host, content type, signed headers, signature.
VECTORS = {
    "A": ("POST", HOST, JSON, "content-type;host", "87bf6f1509ccedbc88dd4395c2f709e914d1ef7333afbae66d7ac38eb32ba645"),
    "B": ("POST", HOST, JSON, "content-type;host", "9767ebc93b8f9a2e23d7bf64020a1a66196d828a72c4a5dcf9f9e298d8c60a88"),
    "C": ("GET", HOST, FORM, "content-type;host", "60835e4ad24dccc66550c246f5e908c05e2efe93bcfd441dab0ddc8b23d4ad59"),
    "D": (
        "POST",
        "127.0.0.1:9000",
        JSON,
        "content-type;host",
        "f7e58fedcb238421a4a7f82e22ac5e36fd82dbf114ce450ca1c66e4c71e31038",
    ),
    "E": (
        "POST",
        HOST,
        JSON + "; charset=utf-8",
        "content-type;host;x-tc-action",
        "d8aaeda9fb6f4a3996779a3f186bb45088158f008d55e853e353d7496e754259",
    ),
}
V1 = {
    ("POST", "HmacSHA1"): "UnDn5h41W9gimncwMvL4HS2oRzk=",
    ("GET", "HmacSHA1"): "5dZMy9VcXT8eSbkgU0qL0OWFPWw=",
    ("POST", "HmacSHA256"): "9ZE8j74EFofgKd0tJ0JTudzIuDpGCli7TnzGKPrA/Y0=",
    ("GET", "HmacSHA256"): "i9SV77OKXnLpicRYK7zSuHbxOCxnK09VQqEdKdrSbAM=",
}


def keys():
    return KeyRegistry([Credential(ID, KEY), Credential("AKIDtemporary", KEY, "a token", "scf-1")])


def gate(**options):
    return Gate(KNOWN, keys(), **options)


def v3(method="POST", host=HOST, kind=JSON, names="content-type;host", signature="", body=None, query="", **changes):
    """A request with the headers of signature v3; `changes` by underscored header name, None takes one away."""
    scope = changes.pop("scope", "2023-11-14/scf/tc3_request")
    headers = {
        "host": host,
        "content-type": kind,
        "x-tc-action": "Invoke",
        "x-tc-version": "2018-04-16",
        "x-tc-region": "ap-guangzhou",
        "x-tc-timestamp": str(NOW),
        "authorization": f"TC3-HMAC-SHA256 Credential={changes.pop('id', ID)}/{scope}, "
        f"SignedHeaders={names}, Signature={signature or VECTORS['A'][4]}",
    }
    headers.update({name.replace("_", "-"): value for name, value in changes.items()})
    headers = {name: value for name, value in headers.items() if value is not None}
    return Request(method, query, headers, BODY if body is None else body)


def v1(method="POST", digest="HmacSHA1", signature="", **changes):
    pairs = {
        "Action": "Invoke",
        **PARAMETERS,
        "Language": "zh-CN",
        "Nonce": "11886",
        "Region": "ap-guangzhou",
        "RequestClient": "SDK_PYTHON_3.1.195",
        "SecretId": ID,
        "SignatureMethod": digest,
        "Timestamp": str(NOW),
        "Version": "2018-04-16",
        "Signature": signature or V1[method, digest],
        **changes,
    }
    text = urlencode({name: value for name, value in pairs.items() if value is not None})
    headers = {"host": HOST, "content-type": FORM}
    return Request(method, text if method == "GET" else "", headers, b"" if method == "GET" else text.encode())


def code(request, now=NOW, **options):
    with pytest.raises(Refusal) as caught:
        gate(**options).admit(request, now)
    return caught.value.code


@pytest.mark.parametrize("name", VECTORS)
def test_published_vectors_of_v3(name):
    """Requests with the published signatures are let in: POST, unsigned payload, GET, another host, a third header."""
    method, host, kind, names, signature = VECTORS[name]
    more = {"x_tc_content_sha256": "UNSIGNED-PAYLOAD"} if name == "B" else {}
    get = {"query": QUERY, "body": b""} if method == "GET" else {}
    call = gate().admit(v3(method, host, kind, names, signature, **get, **more), NOW)
    assert (call.action, call.region, call.parameters) == ("Invoke", "ap-guangzhou", PARAMETERS)
    assert call.credential.secret_id == ID


@pytest.mark.parametrize(("method", "digest"), V1)
def test_published_vectors_of_v1(method, digest):
    """Requests with the published v1 signatures are let in: POST and GET, SHA-1 and SHA-256."""
    call = gate().admit(v1(method, digest), NOW)
    assert (call.action, call.parameters) == ("Invoke", PARAMETERS)


@pytest.mark.parametrize("request_", [v1("GET", signature="x"), v1(signature="x"), v3(x_tc_language="zh-CN")])
def test_what_a_request_states(request_):
    """The language of the answer is known before the signature is checked, for both signature versions."""
    assert (stated(request_, "Language"), stated(request_, "Nothing")) == ("zh-CN", "")
    assert stated(Request("POST", "", {"content-type": FORM}, b"Language=\xff%"), "Language") == "\ufffd%"
    assert stated(v3(body=b"Language=zh-CN"), "Language") == ""


def test_v1_without_a_method_is_sha1():
    """A request that names no signature method is held against SHA-1, over the parameters that it has."""
    assert code(v1(SignatureMethod=None)) == "AuthFailure.SignatureFailure"
    assert code(v1(SignatureMethod="HmacMD5")) == "InvalidParameterValue"


@pytest.mark.parametrize("sent", ["http://127.0.0.1:9000", "127.0.0.1:9000"])
def test_hosts_as_sdks_sign_them(sent):
    """The host may be signed as sent, without the scheme that some SDKs send in it, and without the port."""
    for signed in host_names(sent):
        made = signed_headers(ID, KEY, signed, BODY, now=NOW)
        request = Request("POST", "", {name.lower(): value for name, value in {**made, "Host": sent}.items()}, BODY)
        assert gate().admit(request, NOW).credential.secret_id == ID


def test_host_names():
    """The forms of a host, likeliest first, none twice."""
    assert list(host_names("http://127.0.0.1:9000")) == ["http://127.0.0.1:9000", "127.0.0.1:9000", "127.0.0.1"]
    assert list(host_names("localhost")) == ["localhost"]


def test_the_service_is_taken_from_the_scope():
    """Clients that derive the service from the endpoint's name are let in: the scope's service is what is signed."""
    from tencentserverless._protocol import tc3

    scope = tc3.credential_scope("2023-11-14", "127")
    signed = [("content-type", JSON), ("host", "127.0.0.1")]
    digest = __import__("hashlib").sha256(BODY).hexdigest()
    text = tc3.string_to_sign(NOW, scope, tc3.canonical_request("POST", "", signed, digest))
    signature = tc3.signing_key(Credential("AKIDEXAMPLE", KEY), "2023-11-14", "127").sign(text)
    assert gate().admit(v3(host="127.0.0.1:9000", scope=scope, signature=signature), NOW).action == "Invoke"


@given(st.binary(min_size=1, max_size=50), st.integers(0, len(BODY) - 1))
def test_a_changed_body_is_refused(noise, place):
    """Any other body than the signed one is refused."""
    body = BODY[:place] + noise + BODY[place:]
    assert code(v3(body=body)) == "AuthFailure.SignatureFailure"


@given(st.text(max_size=60), st.sampled_from(["authorization", "x-tc-timestamp", "host", "content-type", "x-tc-token"]))
def test_no_header_breaks_the_gate(value, name):
    """Whatever a header holds, the request is let in or refused with a code."""
    request = v3()
    request.headers[name] = value
    try:
        gate().admit(request, NOW)
    except Refusal as error:
        assert error.code


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("x_tc_action", "Action"),
        ("x_tc_version", "Version"),
        ("x_tc_region", "Region"),
        ("x_tc_timestamp", "Timestamp"),
        ("authorization", "Authorization"),
    ],
)
def test_common_parameters_must_be_there(name, shown):
    """Each common parameter of v3 that is missing is named."""
    with pytest.raises(Refusal, match=f"required parameter `{shown}`"):
        gate().admit(v3(**{name: None}), NOW)


@pytest.mark.parametrize("name", ["Action", "Version", "Region", "Timestamp", "Nonce", "SecretId", "Signature"])
def test_common_parameters_of_v1_must_be_there(name):
    """Each common parameter of v1 that is missing is named."""
    with pytest.raises(Refusal, match=f"required parameter `{name}`"):
        gate().admit(v1(**{name: None}), NOW)


def test_the_order_of_checks():
    """A request wrong in every way is refused for the first reason in the gateway's order, then for the next."""
    wrong = {
        "x_tc_action": "Foo",
        "authorization": "nonsense",
        "x_tc_timestamp": str(NOW - 301),
        "x_tc_region": "mars",
        "body": b"{",
    }
    seen = [code(v3(**wrong))]
    del wrong["x_tc_action"]
    seen.append(code(v3(**wrong)))
    del wrong["authorization"]
    seen.append(code(v3(**wrong, id="AKIDunknown")))
    del wrong["x_tc_timestamp"]
    seen.append(code(v3(**wrong, id="AKIDunknown")))
    seen.append(code(v3(**wrong, id="AKIDtemporary")))
    seen.append(code(v3(**wrong)))
    del wrong["body"]
    seen.append(code(v3(**wrong)))
    assert seen == [
        "InvalidAction",
        "AuthFailure.InvalidAuthorization",
        "AuthFailure.SignatureExpire",
        "AuthFailure.SecretIdNotFound",
        "AuthFailure.TokenFailure",
        "AuthFailure.SignatureFailure",
        "InvalidParameterValue",
    ]


def test_the_version_must_be_the_api():
    """Another version of the API does not exist."""
    assert code(v3(x_tc_version="2019-07-22")) == "NoSuchVersion"


@pytest.mark.parametrize("skew", [-300, 300])
def test_the_edge_of_the_time_window(skew):
    """A clock that is 300 seconds off is let in, one second more is not; the text ends with the server's time."""
    assert gate().admit(v3(), NOW + skew).action == "Invoke"
    with pytest.raises(Refusal) as caught:
        gate().admit(v3(), NOW + skew + (1 if skew > 0 else -1))
    assert caught.value.code == "AuthFailure.SignatureExpire"
    assert caught.value.message.endswith(f"the server time {NOW + skew + (1 if skew > 0 else -1)}.")


@pytest.mark.parametrize("value", ["", "soon", "1e9", "9" * 40, "-1", "٣"])
def test_timestamps_that_are_none(value):
    """What is no number of seconds is a wrong value, or missing."""
    assert code(v3(x_tc_timestamp=value)) in ("InvalidParameterValue", "MissingParameter")


def test_the_date_of_the_scope_is_the_timestamps():
    """A scope with the local date instead of the UTC one is refused, as the platform does."""
    assert code(v3(scope="2023-11-15/scf/tc3_request")) == "AuthFailure.InvalidAuthorization"


def test_content_type_and_host_must_be_signed():
    """A signature that does not cover host and content type is malformed."""
    assert code(v3(names="host")) == "AuthFailure.InvalidAuthorization"


def test_the_region_is_checked_after_the_signature():
    """An unknown region is a wrong value under the name that the signature version has for it."""
    with pytest.raises(Refusal, match="`X-TC-Region`"):
        gate().admit(v3(x_tc_region="mars"), NOW)
    assert code(v1(Region="mars")) == "AuthFailure.SignatureFailure"


def test_tokens():
    """A temporary key needs its token; blanks mean no token; a permanent key takes none."""
    assert gate().admit(v3(x_tc_token=" "), NOW).credential.secret_id == ID
    assert code(v3(x_tc_token="x")) == "AuthFailure.TokenFailure"
    assert code(v3(id="AKIDtemporary", x_tc_token="another")) == "AuthFailure.TokenFailure"
    call = gate().admit(v3(id="AKIDtemporary", x_tc_token="a token"), NOW)
    assert call.credential.instance_id == "scf-1"


def test_a_removed_credential_is_unknown():
    """Once an instance has ended its key opens nothing."""
    known = keys()
    closed = Gate(KNOWN, known)
    known.forget("scf-1")
    with pytest.raises(Refusal, match="SecretId is not found"):
        closed.admit(v3(id="AKIDtemporary", x_tc_token="a token"), NOW)
    assert closed.admit(v3(), NOW).credential.secret_id == ID


def test_an_expired_credential_is_a_dead_token():
    """From its last second on a credential opens nothing, and what has not expired stays when that is forgotten."""
    known = keys()
    made = Gate(KNOWN, known)
    for name, expires_at in (("AKIDold", NOW), ("AKIDnew", NOW + 1)):
        known.add(Credential(name, KEY, "a token", "scf-1", expires_at))
    for _ in range(2):
        with pytest.raises(Refusal) as caught:
            made.admit(v3(id="AKIDold", x_tc_token="a token"), NOW)
        assert made.admit(v3(id="AKIDnew", x_tc_token="a token"), NOW).credential.instance_id == "scf-1"
        known.forget("scf-2", NOW)
    assert caught.value.code == "AuthFailure.TokenFailure"
    known.forget("scf-1", NOW)
    with pytest.raises(Refusal, match="SecretId is not found"):
        made.admit(v3(id="AKIDold", x_tc_token="a token"), NOW)
    assert made.admit(v3(id="AKIDnew", x_tc_token="a token"), NOW).credential.instance_id == "scf-1"


def test_any_lets_only_unknown_ids_in():
    """With `any` an unknown id is not verified, a known one still is."""
    assert gate(accept_any=True).admit(v3(id="AKIDwhoever", signature="0" * 64), NOW).credential is None
    assert gate(accept_any=True).admit(v1(SecretId="AKIDwhoever"), NOW).credential is None
    assert code(v3(signature="0" * 64), accept_any=True) == "AuthFailure.SignatureFailure"
    assert gate(accept_any=True).admit(v3(authorization="SKIP"), NOW).credential is None
    assert code(v3(authorization="SKIP")) == "AuthFailure.InvalidAuthorization"


def test_sizes():
    """The platform's bounds: 10 MB with v3, 1 MB with v1, 32 KB of query."""
    assert code(v3(body=b"x" * (10 * 1024 * 1024 + 1))) == "RequestSizeLimitExceeded"
    assert code(v1(ClientContext="x" * 1024 * 1024)) == "AuthFailure.SignatureFailure"
    assert code(v3("GET", query="a=" + "x" * 32768, body=b"")) == "RequestSizeLimitExceeded"


def test_methods_and_forms():
    """Other methods than GET and POST, and pairs without `=`, are refused."""
    assert code(v3("PUT")) == "UnsupportedProtocol"
    assert code(Request("GET", "abc", {"host": HOST}, b"")) == "InvalidParameter"
    assert code(Request("POST", "", {"host": HOST, "content-type": FORM}, "ü".encode())) == "InvalidRequest"


def test_secrets_are_in_no_repr():
    """The repr of a credential shows neither key nor token."""
    text = repr(Credential(ID, KEY, "a token"))
    assert ID in text
    assert KEY not in text
    assert "a token" not in text


def test_nested_parameters_of_a_signed_form():
    """A v1 form with nested names is verified over the flat names and unfolded after."""
    import hmac
    from base64 import b64encode

    pairs = {"Action": "ListFunctions", "Filters.0.Name": "Runtime", "Filters.0.Values.0": "Python3.6"}
    common = {"Nonce": "1", "Region": "ap-guangzhou", "SecretId": ID, "Timestamp": str(NOW), "Version": "2018-04-16"}
    pairs |= common
    text = "GET" + HOST + "/?" + "&".join(f"{name}={pairs[name]}" for name in sorted(pairs))
    pairs["Signature"] = b64encode(hmac.digest(KEY.encode(), text.encode(), "sha1")).decode()
    call = gate().admit(Request("GET", urlencode(pairs), {"host": HOST}, b""), NOW)
    assert json.loads(json.dumps(call.parameters)) == {"Filters": [{"Name": "Runtime", "Values": ["Python3.6"]}]}
