"""The gate: the forms in which real clients send requests, and whose keys they use."""

import json
from base64 import b64encode
from hashlib import sha1, sha256
from hmac import digest
from urllib.parse import urlencode

import pytest

from tencentserverless.local.api.authentication import Gate
from tencentserverless.local.api.router import KNOWN
from tencentserverless.local.http.request import Request
from tencentserverless.local.model.api_errors import Refusal
from tencentserverless.local.model.credentials import Credential, KeyRegistry, accepted

NOW, DATE = 1700000000, "2023-11-14"
ID, KEY = "AKIDEXAMPLE0000000000000000000000000", "ExampleSecretKey0123456789abcdef"
HOST = "127.0.0.1:9000"
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
PARAMETERS = {"FunctionName": "hello", "ClientContext": '{"a": "名"}'}


def signed(
    body=b"", kind=JSON, method="POST", names="content-type;host", service="scf", secret_id=ID, host=HOST, **more
):
    """A request with signature v3. names: the signed headers as they are written and signed."""
    headers = {"content-type": kind, "host": host, "x-tc-action": "Invoke", **more.pop("headers", {})}
    query = more.pop("query", "")
    payload = b"UNSIGNED-PAYLOAD" if "x-tc-content-sha256" in headers else body
    lines = "".join(f"{name}:{headers.get(name.lower(), '')}\n" for name in names.split(";"))
    canonical = f"{method}\n/\n{query}\n{lines}\n{names}\n{sha256(payload).hexdigest()}"
    scope = f"{DATE}/{service}/tc3_request"
    key = f"TC3{KEY}".encode()
    for part in (DATE, service, "tc3_request"):
        key = digest(key, part.encode(), "sha256")
    text = f"TC3-HMAC-SHA256\n{NOW}\n{scope}\n{sha256(canonical.encode()).hexdigest()}"
    headers |= {
        "x-tc-version": "2018-04-16",
        "x-tc-region": "ap-guangzhou",
        "x-tc-timestamp": str(NOW),
        "authorization": f"TC3-HMAC-SHA256 Credential={secret_id}/{scope}, SignedHeaders={names}, "
        f"Signature={digest(key, text.encode(), 'sha256').hex()}",
        **more,
    }
    return Request(method, query, headers, body)


def v1(method="POST", kind=FORM, **more):
    """A form with signature v1."""
    pairs = {"Action": "Invoke", **PARAMETERS, "Nonce": "1", "Region": "ap-guangzhou", "SecretId": ID}
    pairs |= {"Timestamp": str(NOW), "Version": "2018-04-16", **more}
    text = f"{method}{HOST}/?" + "&".join(f"{name}={pairs[name]}" for name in sorted(pairs))
    form = urlencode({**pairs, "Signature": b64encode(digest(KEY.encode(), text.encode(), sha1)).decode()})
    headers = {"host": HOST, "content-type": kind}
    return Request(method, form, headers, b"") if method == "GET" else Request(method, "", headers, form.encode())


def admitted(request, *keys, sent_by="", **options):
    keys = KeyRegistry(keys or [Credential(ID, KEY)])
    return Gate(KNOWN, keys, **options).admit(request, NOW, sent_by)


def refused(request, *keys, **options):
    with pytest.raises(Refusal) as caught:
        admitted(request, *keys, **options)
    return caught.value.code


def multipart(pairs):
    """A body as the official SDK writes it."""
    part = '--x\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'
    return ("".join(part.format(*pair) for pair in pairs.items()) + "--x--\r\n").encode()


@pytest.mark.parametrize("boundary", ["; boundary=x", '; charset=utf-8; boundary="x"', "; Boundary=x ;a=b"])
@pytest.mark.parametrize("headers", [{}, {"x-tc-content-sha256": "UNSIGNED-PAYLOAD"}], ids=["signed", "unsigned"])
def test_multipart_with_v3(boundary, headers):
    """A multipart form with signature v3 is let in, whether its body is signed or not; a changed one is not."""
    request = signed(multipart(PARAMETERS), f"multipart/form-data{boundary}", headers=headers)
    assert admitted(request).parameters == PARAMETERS
    changed = request._replace(body=request.body.replace(b"hello", b"other"))
    if headers:
        assert admitted(changed).parameters["FunctionName"] == "other"
    else:
        assert refused(changed) == "AuthFailure.SignatureFailure"
    assert refused(signed(multipart(PARAMETERS), "multipart/form-data")) == "InvalidRequest"


@pytest.mark.parametrize("kind", [FORM, JSON, "application/json; charset=utf-8", ""])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_forms_of_any_type(method, kind):
    """A form with signature v1 is let in whatever Content-Type its client gives it."""
    assert admitted(v1(method, kind)).parameters == PARAMETERS


def test_forms_with_v3():
    """Parameters that are a form by their bytes and JSON by their Content-Type are read as a form."""
    assert admitted(signed(urlencode(PARAMETERS).encode())).parameters == PARAMETERS
    assert refused(signed(b"nonsense")) == refused(signed(b"=")) == "InvalidRequest"
    assert refused(Request("POST", "", {"content-type": JSON}, b"{}")) == "MissingParameter"


@pytest.mark.parametrize(
    "names", ["host;content-type", "Content-Type;Host", "content-type;host;x-tc-action", "Host;Content-Type;absent"]
)
def test_signed_headers_in_any_order_and_case(names):
    """The names of the signed headers may have another order and letters of another case, in the list and its text."""
    assert admitted(signed(b"{}", names=names)).action == "Invoke"
    listed = signed(b"{}", names="content-type;host")
    for written in ("Content-Type; Host", "host;content-type", " content-type;host "):
        said = listed.headers["authorization"].replace("content-type;host", written)
        assert admitted(listed._replace(headers={**listed.headers, "authorization": said})).action == "Invoke"


@pytest.mark.parametrize("names", ["host", ";", "content-type;host" + ";a" * 63, "content-type host"])
def test_signed_headers_that_are_none(names):
    """Too few signed headers, too many, or something else is a malformed header."""
    assert refused(signed(b"{}", names=names)) == "AuthFailure.InvalidAuthorization"


@pytest.mark.parametrize(
    ("service", "host", "is_right"),
    [
        ("scf", HOST, True),
        ("127", HOST, True),
        ("localhost:9000", "localhost:9000", True),
        ("localhost", "http://localhost:9000", True),
        ("cvm", HOST, False),
        ("cvm", "scf.tencentcloudapi.com", False),
        ("SCF", HOST, False),
    ],
)
def test_services(service, host, is_right):
    """The scope's service is scf, or what SDKs make of the endpoint's name; that of another product is malformed."""
    request = signed(b"{}", service=service, host=host)
    if is_right:
        assert admitted(request).action == "Invoke"
    else:
        assert refused(request) == "AuthFailure.InvalidAuthorization"


def test_a_service_that_is_not_utf_8():
    """A scope that is not UTF-8 is malformed, and no failure of the endpoint."""
    request = signed(b"{}")
    scope = request.headers["authorization"].replace("/scf/", "/s\udcf3f/")
    for host in (HOST, "s\udcf3f"):
        changed = request._replace(headers={**request.headers, "authorization": scope, "host": host})
        assert refused(changed) == "AuthFailure.InvalidAuthorization"


def test_tokens_of_accepted_keys():
    """A token that comes with an accepted pair is let in, if none was named; the endpoint's own pair takes none."""
    request = signed(b"{}", **{"x-tc-token": "theirs"})
    assert admitted(request, *accepted([f"{ID}:{KEY}"])).credential.secret_id == ID
    assert admitted(request, *accepted([f"{ID}:{KEY}:theirs"])).credential.secret_id == ID
    assert refused(request, *accepted([f"{ID}:{KEY}:another"])) == "AuthFailure.TokenFailure"
    assert refused(request, Credential(ID, KEY)) == "AuthFailure.TokenFailure"
    assert admitted(v1(Token="theirs"), *accepted([f"{ID}:{KEY}"])).credential.secret_id == ID


def test_credentials_of_the_past():
    """Temporary credentials that have expired, or whose instance has ended, are said to have expired; so with `any`."""
    keys = KeyRegistry()
    old = keys.issue("scf-1", NOW)
    for _ in range(2):
        for accept_any in (False, True):
            request = signed(b"{}", secret_id=old.secret_id, **{"x-tc-token": old.token})
            with pytest.raises(Refusal, match="has expired") as caught:
                Gate(KNOWN, keys, accept_any).admit(request, NOW)
            assert caught.value.code == "AuthFailure.TokenFailure"
        keys.forget("scf-1")


def test_the_sender():
    """Port and keys name the instance that sent a request; if they name two, it is not known."""
    request = signed(b"{}")
    own, theirs = Credential(ID, KEY), Credential(ID, KEY, instance_id="scf-1")
    assert [admitted(request, own, sent_by=port).sent_by for port in ("", "scf-2")] == ["", "scf-2"]
    assert [admitted(request, theirs, sent_by=port).sent_by for port in ("", "scf-1", "scf-2")] == [
        "scf-1",
        "scf-1",
        "",
    ]


def test_what_deploy_tools_ask_for():
    """GetFunction takes the parameters that deploy tools send, also the one that is on no page."""
    from tencentserverless.local.api.router import SERVED

    found = []
    row = SERVED["GetFunction"]._replace(handler=lambda services, call, pending: found.append(call.parameters))
    asked = {"FunctionName": "hello", "Namespace": "default", "ShowCode": "FALSE", "ShowTriggers": "FALSE"}
    request = signed(json.dumps(asked).encode(), headers={"x-tc-action": "GetFunction"})
    row.perform(None, admitted(request), None)
    assert found == [asked]
