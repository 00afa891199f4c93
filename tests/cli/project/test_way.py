"""`way`: what `doctor` tells of the settings, the endpoint and the clock."""

import json
import os
import time
from email.utils import formatdate

import pytest
from click.testing import CliRunner

from tencentserverless._cli.commands import root
from tests.loopback import AUTHORITY, Server, http

SETTINGS = ("TENCENT", "TCCLI", "TKE_", "SSL_CERT", "REQUESTS_CA", "HTTPS_", "https_", "NO_PROXY", "no_proxy")


@pytest.fixture
def good(tmp_path):
    """`good(...)` runs `doctor` on a right function; what is known of the settings, and the findings."""
    (tmp_path / "index.py").write_text("def main_handler(event, context):\n    return event\n")
    unset = {name: None for name in os.environ if name.startswith(SETTINGS)}
    isolated = {**unset, "HOME": str(tmp_path), "USERPROFILE": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}

    def run(*arguments, **variables):
        command = ["doctor", str(tmp_path), "--json", *arguments]
        done = CliRunner().invoke(root, command, env={**isolated, **variables})
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        rows = {each["name"]: (each["value"], each["source"]) for each in lines if "name" in each}
        found = [(each["rule"], each["level"], each["reason"], each["fix"]) for each in lines if "rule" in each]
        assert done.exit_code == int(any(level == "error" for _, level, _, _ in found)), done.stderr
        return rows, found

    return run


def answering(seconds_off):
    """A server whose clock is this many seconds ahead, and which says so to HEAD."""

    def serve(connection, _number):
        assert connection.recv(65536).startswith(b"HEAD / HTTP/1.1\r\n")
        connection.sendall(http(b"", f"Date: {formatdate(time.time() + seconds_off, usegmt=True)}\r\n"))

    return Server(serve, tls=True)


def test_the_endpoint_and_the_clock(good):
    """The endpoint's Date is compared with the clock through TLS, a minute is allowed, and each setting is told with
    its place; a certificate that is not trusted and a closed port are told with the phase and its own fix."""
    keys = {"TENCENTCLOUD_SECRETID": "AKIDEXAMPLE", "TENCENTCLOUD_SECRETKEY": "a-secret-key"}
    with answering(500) as server, answering(-30) as right:
        rows, found = good(TENCENTSERVERLESS_ENDPOINT=server.endpoint, SSL_CERT_FILE=AUTHORITY, **keys)
        assert rows["endpoint"] == (server.endpoint, "TENCENTSERVERLESS_ENDPOINT")
        assert rows["secret_key"] == ("***", "TENCENTCLOUD_SECRETKEY")
        assert rows["clock"][0].endswith(" s behind")
        ((rule, level, reason, fix),) = found
        assert (rule, level) == ("D32", "error")
        assert 490 < int(reason.split(" s behind")[0].split()[-1]) < 510
        assert "set-ntp" in fix
        rows, found = good("--endpoint", right.endpoint, SSL_CERT_FILE=AUTHORITY)
        assert (rows["clock"][0].endswith(" s ahead"), found) == (True, [])
        ((rule, level, reason, fix),) = good("--endpoint", server.endpoint)[1]
        assert (rule, level, reason[:18]) == ("D31", "error", "not reached (tls):")
        assert "SSL_CERT_FILE" in fix
    ((rule, level, reason, _),) = good("--endpoint", right.endpoint)[1]
    assert (rule, level, reason[:22]) == ("D31", "error", "not reached (connect):")


def test_without_the_cloud(good):
    """The default endpoint that is not reached is an error only for someone with credentials; the login of the proxy
    on the way is not shown, and what was wrong in the settings is one finding for each, certificates that
    cannot be read included."""
    proxy = {"HTTPS_PROXY": "http://name:pass-word@127.0.0.1:1", "NO_PROXY": ""}
    ((rule, level, reason, fix),) = good(**proxy)[1]
    assert (rule, level, reason[:20]) == ("D31", "warning", "not reached (proxy):")
    assert "HTTPS_PROXY" in fix
    assert "pass-word" not in reason
    rows, found = good(**proxy, TENCENTCLOUD_REGION="not a region", TENCENTCLOUD_SECRETID="AKIDEXAMPLE")
    assert [each[:2] for each in found] == [("D30", "error"), ("D30", "error")]
    assert "language" in rows
    ((rule, level, reason, _),) = good("--no-network", SSL_CERT_FILE="/no/such/file")[1]
    assert (rule, level, "/no/such/file" in reason) == ("D30", "error", True)
