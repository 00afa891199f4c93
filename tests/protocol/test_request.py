"""The bytes of a signed request, read by independent parsers."""

import hashlib
import http.client
import io
import re

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tencentserverless import __version__
from tencentserverless._protocol import tc3
from tencentserverless._protocol.effects import Moment, Origin
from tencentserverless._protocol.identity import Identity
from tencentserverless._protocol.request import signed_request

HOST = "scf.tencentcloudapi.com"
ORIGIN = Origin("https", HOST, 443, HOST)
IDENTITY = Identity("AKIDEXAMPLE0000000000000000000000000", "ExampleSecretKey0123456789abcdef")
AUTHORIZATION = re.compile(
    r"TC3-HMAC-SHA256 Credential=([^/]+)/([0-9-]{10})/scf/tc3_request, SignedHeaders=content-type;host, "
    r"Signature=([0-9a-f]{64})\Z"
)

visible = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=60)
ids = visible.filter(lambda text: "/" not in text and "," not in text)


def parse(request):
    """A request as (request line, message of its header lines, body), by the parsers of the standard library."""
    file = io.BytesIO(request)
    line = file.readline()
    message = http.client.parse_headers(file)
    assert not message.defects
    return line, message, file.read()


def make(body=b"{}", wall=1700000000.0, identity=IDENTITY, origin=ORIGIN, region="ap-guangzhou", action="Invoke"):
    """A parsed request of these parts."""
    return parse(signed_request(origin, region, action, body, Moment(0.0, wall, identity)))


def test_the_whole_request():
    """A request is these lines and its body: nothing is sent that is not listed here."""
    body = b'{"FunctionName": "hello", "InvocationType": "RequestResponse", "ClientContext": "{\\"a\\": 1}"}'
    request = signed_request(ORIGIN, "ap-guangzhou", "Invoke", body, Moment(5.0, 1700000000.9, IDENTITY))
    head, _, found = request.partition(b"\r\n\r\n")
    line, *lines = head.decode("ascii").split("\r\n")
    assert found == body
    assert line == "POST / HTTP/1.1"
    assert sorted(lines) == [
        "Authorization: TC3-HMAC-SHA256 Credential=AKIDEXAMPLE0000000000000000000000000/2023-11-14/scf/tc3_request, "
        "SignedHeaders=content-type;host, "
        "Signature=87bf6f1509ccedbc88dd4395c2f709e914d1ef7333afbae66d7ac38eb32ba645",
        "Content-Length: 93",
        "Content-Type: application/json",
        "Host: scf.tencentcloudapi.com",
        "X-TC-Action: Invoke",
        "X-TC-Language: zh-CN",
        "X-TC-Region: ap-guangzhou",
        "X-TC-RequestClient: tencentserverless_" + __version__,
        "X-TC-Timestamp: 1700000000",
        "X-TC-Version: 2018-04-16",
    ]


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from([HOST, "127.0.0.1:9000", "[::1]:9000", "scf.internal.tencentcloudapi.com"]),
    st.sampled_from(["ap-guangzhou", "ap-shanghai-fsi", "na-siliconvalley"]),
    st.sampled_from(["Invoke", "InvokeFunction", "GetRequestStatus"]),
    st.binary(max_size=200),
    st.floats(0, 4102444800),
    st.integers(-100000, 100000),
    st.builds(Identity, ids, visible, st.one_of(st.none(), visible)),
)
@example(HOST, "ap-guangzhou", "Invoke", "事件".encode(), 1700006399.999, 0, Identity("id", "key", "token"))
def test_any_request(authority, region, action, body, wall, offset, identity):
    """Every request parses, says each thing once, and carries the signature of what the parsers found in it."""
    origin = Origin("https", "h", 443, authority)
    origin.clock_offset = max(float(offset), -wall)
    line, message, found = make(body, wall, identity, origin, region, action)
    assert line == b"POST / HTTP/1.1\r\n"
    assert found == body
    names = [name.lower() for name, _ in message.items()]
    assert len(set(names)) == len(names)
    timestamp = int(wall + origin.clock_offset)
    assert (message["Host"], message["Content-Length"]) == (authority, str(len(body)))
    assert (message["X-TC-Action"], message["X-TC-Region"]) == (action, region)
    assert (message["X-TC-Timestamp"], message["X-TC-Token"]) == (str(timestamp), identity.token)
    secret_id, date, signature = AUTHORIZATION.match(message["Authorization"]).groups()
    assert (secret_id, date) == (identity.secret_id, tc3.utc_date(timestamp))
    headers = [("content-type", message["Content-Type"]), ("host", message["Host"])]
    canonical = tc3.canonical_request("POST", "", headers, hashlib.sha256(found).hexdigest())
    text = tc3.string_to_sign(timestamp, tc3.credential_scope(date, "scf"), canonical)
    assert signature == tc3.SigningKey(identity, date, "scf").sign(text)


def test_a_token_adds_one_line():
    """A token adds its line and changes nothing else, the signature included."""
    moment = Moment(0.0, 1700000000.0, Identity(IDENTITY.secret_id, IDENTITY.secret_key, "the-token"))
    with_token = signed_request(ORIGIN, "ap-guangzhou", "Invoke", b"{}", moment)
    without = signed_request(ORIGIN, "ap-guangzhou", "Invoke", b"{}", Moment(0.0, 1700000000.0, IDENTITY))
    assert with_token.replace(b"X-TC-Token: the-token\r\n", b"") == without
    assert with_token != without


def test_the_date_follows_the_corrected_clock():
    """Timestamp and date of the scope are both of the corrected clock, over midnight too."""
    origin = Origin("https", HOST, 443, HOST)
    origin.clock_offset = 10.0
    _, message, _ = make(wall=1700006395.0, origin=origin)
    assert message["X-TC-Timestamp"] == "1700006405"
    assert AUTHORIZATION.match(message["Authorization"]).group(2) == "2023-11-15"


def test_the_secret_key_stays_here():
    """The secret key is nowhere in a request."""
    assert IDENTITY.secret_key.encode() not in signed_request(ORIGIN, "r", "Invoke", b"{}", Moment(0.0, 1.0, IDENTITY))
