"""Requests in every form and wrong in every way, through the gate and the parameters: `make fuzz` sends 20,000."""

import hmac
import json
from base64 import b64encode
from hashlib import sha256
from urllib.parse import quote_from_bytes

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tencentserverless.local.api import functions, invoke, lookup, past, router
from tencentserverless.local.api.authentication import Gate
from tencentserverless.local.api.call import PendingCall
from tencentserverless.local.functions.catalog import Catalog
from tencentserverless.local.http.request import Request
from tencentserverless.local.model.credentials import Credential, KeyRegistry, accepted
from tests.local.factories import function

NOW, DATE = 1700000000, "2023-11-14"
ID, KEY = "AKIDEXAMPLE0000000000000000000000000", "ExampleSecretKey0123456789abcdef"
KEYS = KeyRegistry(
    [Credential(ID, KEY), Credential("AKIDtemporary", KEY, "t", "scf-1", NOW), *accepted([f"mine:{KEY}"])]
)
GATES = [Gate(router.KNOWN, KEYS), Gate(router.KNOWN, KEYS, accept_any=True)]
CATALOG = Catalog([function(), function("far", region="ap-chengdu")])
FORM = b"application/x-www-form-urlencoded"
READERS = {
    "Invoke": invoke.invoke_parameters,
    "InvokeFunction": invoke.invoke_parameters,
    "ListFunctions": functions.functions_on_page,
    "ListNamespaces": lambda call, catalog: functions.namespaces_on_page(call, catalog.namespaces(call.region)),
    "GetFunctionLogs": lambda call, catalog: (past.wanted_logs(call, catalog), past.Page.of(call.parameters)),
    "GetRequestStatus": past.wanted_status,
    "GetFunction": lambda call, catalog: lookup.find(call.region, {"FunctionName": "", **call.parameters}, catalog),
}


raw = st.binary(max_size=30).map(lambda data: data.replace(b"\n", b"").replace(b"\r", b"").replace(b"\0", b""))
odd = st.one_of(
    raw, st.sampled_from([b"\xff", b"\xed\xa0\x80", "名".encode(), b"x" * 5000, b" ", b"%", b"::", b"\xef\xbb\xbf"])
)
deep = st.integers(1, 3000).map(lambda depth: b"[" * depth + b"]" * depth)
names = st.sampled_from(
    b"FunctionName FunctionName InvocationType Qualifier ClientContext Event LogType Namespace RoutingKey Order "
    b"Orderby Offset Limit SearchKey Description Filters ShowCode ShowTriggers Odd Filters.0.Name Filters.0.Values.0 "
    b"A.B. . FunctionRequestId StartTime EndTime OrderBy Filter Filter.RetCode SearchContext".split()
)
routing_keys = deep.map(lambda nested: json.dumps('{"a":%s}' % nested.decode()).encode())
values = st.one_of(
    st.sampled_from(
        [b'"hello"', b'"far"', b'"Event"', b'"tail"', b"null", b"1", b"2.0", b"1e400", b"-0", b"NaN", b"true"]
    ),
    st.sampled_from(
        [b'"\\ud800"', b"9" * 400, b'{"a": 1}', b'[{"Name": "a", "Values": null}]', b'"1"', b'[null, "a"]']
    ),
    st.text(max_size=20).map(lambda text: json.dumps(text).encode()),
    deep,
    routing_keys,
    odd,
)
json_pairs = st.lists(st.tuples(names, values), max_size=4).map(
    lambda pairs: b'{"FunctionName": "hello"%s}' % b"".join(b', "%s": %s' % pair for pair in pairs)
)
form_pairs = st.lists(st.tuples(names, st.one_of(odd, values)), max_size=4)


def cut_short(text):
    return text[:-1]


def with_bom(text):
    return b"\xef\xbb\xbf" + text


def in_utf_16(text):
    return text.decode("latin-1").encode("utf-16")


def encoded_form(pairs):
    return "&".join(f"{quote_from_bytes(name)}={quote_from_bytes(value)}" for name, value in pairs).encode()


def encoded_parts(pairs):
    head = b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
    return b"".join(head % pair for pair in pairs) + b"--x--\r\n"


bodies = st.one_of(
    json_pairs,
    json_pairs,
    st.tuples(json_pairs, st.sampled_from([cut_short, with_bom, in_utf_16])).map(lambda pair: pair[1](pair[0])),
    form_pairs.map(encoded_form),
    form_pairs.map(encoded_parts),
    st.binary(max_size=60),
    deep,
)
types = st.sampled_from(
    [b"application/json"] * 4
    + [b"application/json; charset=utf-8", FORM, b"multipart/form-data; boundary=x"]
    + [b"multipart/form-data; boundary=", b"application/octet-stream", b"", b"\xff"]
)
actions = st.sampled_from(sorted(router.SERVED)).map(str.encode)
hosts = st.one_of(st.sampled_from([b"http://127.0.0.1:9000", b"[::1]:9000", b"", b"a,b"]), odd)
V3_CHANGES = {
    "method": st.sampled_from([b"GET", b"GET", b"PUT"]),
    "date": odd,
    "service": st.one_of(st.sampled_from([b"cvm", b"127", b"s\xf3f"]), odd),
    "signed": st.one_of(
        st.sampled_from([b"host;content-type", b"Content-Type;Host", b" content-type; host ", b";", b"host;host"]),
        st.sampled_from([b"content-type;host;x-tc-action", b"content-type;host;absent", b";".join([b"host"] * 99)]),
        odd,
    ),
    "secret_id": st.one_of(st.sampled_from([b"AKIDtemporary", b"mine", b"AKIDwhoever"]), odd),
    "signature": odd,
    "missing": st.sampled_from([b"host", b"content-type", b"x-tc-action", b"x-tc-version", b"x-tc-timestamp"]),
    "host": hosts,
    "content-type": types,
    "x-tc-action": st.one_of(actions, odd),
    "x-tc-version": odd,
    "x-tc-region": st.one_of(st.just(b"AP-GUANGZHOU"), odd),
    "x-tc-timestamp": st.one_of(st.sampled_from([b"1", b"9" * 12, b"%d" % (NOW + 301)]), odd),
    "x-tc-language": st.sampled_from([b"zh-CN", b"\xff"]),
    "x-tc-content-sha256": st.just(b"UNSIGNED-PAYLOAD"),
    "x-tc-token": st.one_of(st.just(b"t"), odd),
    "authorization": st.one_of(st.just(b"SKIP"), odd),
}
V1_CHANGES = {
    "Action": st.one_of(actions, odd),
    "Region": odd,
    "SecretId": st.one_of(st.just(b"AKIDwhoever"), odd),
    "SignatureMethod": odd,
    "Timestamp": odd,
    "Token": odd,
    "Version": odd,
    "Signature": odd,
    "host": hosts,
    "content-type": types,
    "more": odd,
}


def changes(strategies):
    """Other values of up to three of these."""
    return st.lists(
        st.one_of([st.tuples(st.just(name), values) for name, values in strategies.items()]), max_size=3
    ).map(dict)


v3_changes, v1_changes = changes(V3_CHANGES), changes(V1_CHANGES)
v1_ways = st.sampled_from([(method, digest) for method in (b"GET", b"POST") for digest in ("sha1", "sha256")])


@st.composite
def v3_requests(draw):
    """A request with signature v3, signed as the platform's pages say over whatever it contains."""
    body, other = draw(bodies), draw(v3_changes)
    method, query = other.pop("method", b"POST"), b""
    if method == b"GET":
        query, body = body.replace(b" ", b"+"), b""
    date, service, signed, secret_id, signature, missing = (
        other.pop(name, usual)
        for name, usual in (
            ("date", DATE.encode()),
            ("service", b"scf"),
            ("signed", b"content-type;host"),
            ("secret_id", ID.encode()),
            ("signature", b""),
            ("missing", b""),
        )
    )
    headers = {
        b"host": b"127.0.0.1:9000",
        b"content-type": b"application/json",
        b"x-tc-action": b"Invoke",
        b"x-tc-version": b"2018-04-16",
        b"x-tc-region": b"ap-guangzhou",
        b"x-tc-timestamp": b"%d" % NOW,
    }
    headers.update({name.encode(): value for name, value in other.items()})
    scope = b"%s/%s/tc3_request" % (date, service)
    lines = b"".join(b"%s:%s\n" % (name, headers.get(name, b"").strip()) for name in signed.split(b";"))
    payload = b"UNSIGNED-PAYLOAD" if b"x-tc-content-sha256" in headers else body
    canonical = b"\n".join((method, b"/", query, lines, signed, sha256(payload).hexdigest().encode()))
    key = b"TC3" + KEY.encode()
    for part in (date, service, b"tc3_request"):
        key = hmac.digest(key, part, "sha256")
    hashed = sha256(canonical).hexdigest().encode()
    text = b"\n".join((b"TC3-HMAC-SHA256", headers[b"x-tc-timestamp"], scope, hashed))
    signature = signature or hmac.digest(key, text, "sha256").hex().encode()
    authorization = b"TC3-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s"
    headers.setdefault(b"authorization", authorization % (secret_id, scope, signed, signature))
    headers.pop(missing, None)
    return request(method, query, headers, body)


@st.composite
def v1_requests(draw):
    """A form with signature v1, signed over its own pairs, by GET or POST."""
    other, (method, digest) = draw(v1_changes), draw(v1_ways)
    headers = {b"host": other.pop("host", b"127.0.0.1:9000"), b"content-type": other.pop("content-type", FORM)}
    more = other.pop("more", b"")
    pairs = {
        b"Action": b"Invoke",
        b"FunctionName": b"hello",
        b"Nonce": b"1",
        b"Region": b"ap-guangzhou",
        b"SecretId": ID.encode(),
        b"SignatureMethod": b"HmacSHA1" if digest == "sha1" else b"HmacSHA256",
        b"Timestamp": b"%d" % NOW,
        b"Version": b"2018-04-16",
        **dict(draw(form_pairs)),
        **{name.encode(): value for name, value in other.items()},
    }
    text = b"&".join(b"%s=%s" % pair for pair in sorted(pairs.items()))
    signature = b64encode(hmac.digest(KEY.encode(), method + headers[b"host"] + b"/?" + text, digest))
    form = encoded_form(({b"Signature": signature} | pairs).items()) + more
    return request(method, form, headers, b"") if method == b"GET" else request(method, b"", headers, form)


def request(method, query, headers, body):
    """The request as the HTTP server reads it."""
    texts = {name.decode(): value.decode("utf-8", "surrogateescape").strip(" \t") for name, value in headers.items()}
    return Request(method.decode(), query.decode("utf-8", "surrogateescape"), texts, body)


def answered(gate, sent):
    """The error code of the answer to a request, "OK" if its action may be performed."""
    answers = []
    pending = PendingCall("zh-CN", lambda _, body, __: answers.append(body), with_hint=True)
    try:
        call = gate.admit(sent, NOW)
        action = router.SERVED.get(call.action)
        if action is None:
            router.perform(None, call, pending)
        else:
            action._replace(handler=read).perform(None, call, pending)
        pending.answer({})
    except Exception as error:
        pending.fail(error)
    (body,) = answers
    assert len(body) < 10_000
    return json.loads(body)["Response"].get("Error", {}).get("Code", "OK")


def read(services, call, pending):
    READERS[call.action](call, CATALOG)


@pytest.mark.fuzz
@settings(max_examples=500)
@given(st.one_of(v3_requests(), v3_requests(), v1_requests()), st.sampled_from(GATES))
def test_no_request_is_an_internal_error(sent, gate):
    """Whatever a request contains, it is let in or refused with a code that says what is wrong with it."""
    assert not answered(gate, sent).startswith("InternalError")
