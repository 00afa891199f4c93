"""The HTTP face: headers, connections, and who is refused."""

import json
import socket

import pytest

from tencentserverless.local import LocalSCF
from tests.local.api_client import Api, headers


def signed(api, body, **more):
    return headers(api.scf.secret_id, api.scf.secret_key, api.host, body, **more)


def test_answers_look_like_the_platforms(api):
    """HTTP 200, exactly `application/json`, a length, a request id; for errors too."""
    for action in ("ListFunctions", "Foo"):
        status, got, body = api.raw(body=b"{}", headers=signed(api, b"{}", action=action))
        assert status == 200
        assert got["Content-Type"] == "application/json"
        assert int(got["Content-Length"]) == len(body)
        assert got["X-TC-RequestId"] == json.loads(body)["Response"]["RequestId"]
        assert got["Connection"] is None


def test_connections_are_kept(scf):
    """A hundred requests of one client open one connection."""
    before = scf.counters.connections, scf.counters.requests
    with Api(scf) as api:
        for _ in range(100):
            api("ListFunctions")
    assert (scf.counters.connections - before[0], scf.counters.requests - before[1]) == (1, 100)


def test_a_response_is_one_write(api):
    """A response arrives in one piece: a second write would wait for an acknowledgement."""
    body = b'{"FunctionName": "echo"}'
    head = "".join(f"{name}: {value}\r\n" for name, value in signed(api, body).items())
    host, port = api.host.split(":")
    with socket.create_connection((host, int(port)), 10) as connection:
        connection.sendall(f"POST /? HTTP/1.1\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        data = connection.recv(65536)
    head, _, text = data.partition(b"\r\n\r\n")
    assert json.loads(text)["Response"]["Result"]["RetMsg"] == "{}"


@pytest.mark.parametrize("path", ["/", "/?"])
def test_paths_of_the_api(api, path):
    """Both forms of the API's one path are served."""
    assert api.raw(path=path, body=b"{}", headers=signed(api, b"{}", action="ListFunctions"))[0] == 200


@pytest.mark.parametrize("path", ["/x", "//", "/v2/index.php"])
def test_other_paths(api, path):
    """Any other path is not found."""
    assert api.raw(path=path)[0] == 404


def test_hosts(api):
    """A request is for the host in its first line if there is one, and needs exactly one Host header."""
    body = b"{}"
    head = "".join(f"{name}: {value}\r\n" for name, value in signed(api, body, action="ListFunctions").items())
    statuses = []
    for target, more in ((f"http://{api.host}/", ""), ("http://evil.example/", ""), ("/", "Host: evil.example\r\n")):
        with socket.create_connection(api.host.split(":"), 10) as connection:
            connection.sendall(f"POST {target} HTTP/1.1\r\n{head}{more}Content-Length: 2\r\n\r\n".encode() + body)
            statuses.append(connection.recv(65536).split()[1])
    assert statuses == [b"200", b"403", b"400"]


def test_get_with_v3(api):
    """A signed GET is served from its query string exactly as sent."""
    from hashlib import sha256

    from tencentserverless._protocol import tc3

    query, made = "FunctionName=echo&ClientContext=%7B%22a%22%3A+1%7D", signed(api, b"")
    now = int(made["X-TC-Timestamp"])
    scope = tc3.credential_scope(tc3.utc_date(now), "scf")
    values = [("content-type", "application/x-www-form-urlencoded"), ("host", api.host)]
    text = tc3.string_to_sign(now, scope, tc3.canonical_request("GET", query, values, sha256(b"").hexdigest()))
    signature = tc3.signing_key(api.scf, tc3.utc_date(now), "scf").sign(text)
    made["Content-Type"] = "application/x-www-form-urlencoded"
    made["Authorization"] = tc3.authorization(api.scf.secret_id, scope, "content-type;host", signature)
    answer = json.loads(api.raw("GET", f"/?{query}", headers=made)[2])
    assert answer["Response"]["Result"]["RetMsg"] == '{"a": 1}'


def test_another_address(folder):
    """It listens where it is asked to, and on no other address; beyond loopback a notice says who can come in."""
    folder("one")
    notices = []
    with LocalSCF(folder.path, host="127.0.0.2", notify=notices.append) as scf, Api(scf) as api:
        assert scf.endpoint.startswith("http://127.0.0.2:")
        assert api.invoke("one")["RetMsg"] == "1"
        with socket.socket() as client:
            assert client.connect_ex(("127.0.0.1", int(scf.endpoint.rpartition(":")[2])))
    assert notices == []
    with LocalSCF(folder.path, host="0.0.0.0", notify=notices.append) as scf, Api(scf) as api:
        assert api.invoke("one")["RetMsg"] == "1"
    assert "other machines that have a key" in notices[0]
    with pytest.raises(ValueError, match="does not appear to be"):
        LocalSCF(folder.path, host="evil.example")


@pytest.mark.parametrize("header", ["Origin", "Referer", "Sec-Fetch-Site"])
def test_browsers_are_refused(api, header):
    """A request with a header that only browsers send is refused before anything is looked at; its connection ends."""
    status, got, _ = api.raw(body=b"{}", headers={**signed(api, b"{}"), header: "http://127.0.0.1"})
    assert (status, got["Connection"]) == (403, "close")


def test_a_body_that_is_too_large(api):
    """More than 10 MB is the platform's refusal with the size in it, announced or not."""
    size = 10 * 1024 * 1024 + 1
    _, got, body = api.raw(body=b"x" * size, headers=signed(api, b""))
    error = json.loads(body)["Response"]["Error"]
    assert error["Code"] == "RequestSizeLimitExceeded"
    assert f"but your {size}B" in error["Message"]
    assert got["Connection"] == "close"


def test_it_listens_on_loopback_only(scf):
    """The port is bound on 127.0.0.1 and nowhere else."""
    port = int(scf.endpoint.rpartition(":")[2])
    with open("/proc/net/tcp") as table:
        rows = [line.split() for line in table][1:]
    listening = [row[1].split(":")[0] for row in rows if row[3] == "0A" and int(row[1].split(":")[1], 16) == port]
    assert listening == ["0100007F"]


def test_a_client_that_leaves_stops_nothing(scf):
    """An invocation that has begun runs to its end although its client has gone."""
    from tests.local.process_table import until

    with Api(scf) as api:
        body = b'{"FunctionName": "sleeps", "ClientContext": "{\\"seconds\\": 0.3}"}'
        before = len(scf.records)
        api.connection.request("POST", "/", body, signed(api, body))
        until(lambda: len(scf.records) > before)
    record = next(kept for kept in reversed(scf.records) if kept.invocation.function.name == "sleeps")
    until(lambda: scf.records and record.outcome is not None)
    assert record.outcome.ret_msg == '"awake"'
