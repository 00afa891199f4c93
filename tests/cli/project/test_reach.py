"""`reach`: the head of an endpoint's answer."""

import pytest

from tencentserverless._cli.project import reach
from tencentserverless._protocol.effects import Fault
from tencentserverless._settings.settings import parse_endpoint
from tests.loopback import Server


def asked(answer, scheme="http"):
    """What comes of asking a server that sends `answer` to the first bytes, and then ends the connection."""

    def serve(connection, _number):
        connection.recv(65536)
        connection.sendall(answer)

    with Server(serve) as server:
        return reach.ask(parse_endpoint(f"{scheme}://127.0.0.1:{server.port}"), None)


def test_any_status_is_an_answer():
    """A refusal has a date too, and an answer without one is an answer."""
    assert asked(b"HTTP/1.1 403 Forbidden\r\ndate:  now \r\n\r\n").date == "now"
    assert asked(b"HTTP/1.0 200 OK\r\n\r\n").date == ""


@pytest.mark.parametrize(
    ("answer", "scheme", "phase"),
    [(b"SSH-2.0-x\r\n", "http", "read"), (b"", "http", "read"), (b"HTTP/1.1 400 Bad Request\r\n\r\n", "https", "tls")],
)
def test_what_is_not_an_answer(answer, scheme, phase):
    """Another protocol, the end of the connection, and a server without TLS are told with the phase."""
    with pytest.raises(Fault) as raised:
        asked(answer, scheme)
    assert raised.value.phase == phase


def test_a_silent_server(monkeypatch):
    """A server that takes the request and never answers is given up after the limit."""
    monkeypatch.setattr(reach, "SECONDS", 0.1)
    with Server(lambda connection, _number: connection.recv(65536) and connection.recv(1)) as server:
        with pytest.raises(Fault, match="no answer"):
            reach.ask(parse_endpoint(server.endpoint), None)
