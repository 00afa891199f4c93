"""Answers of an endpoint, read by another client."""

import socket
from http.client import HTTPResponse


def test_the_oracle(scf):
    """http.client reads the answers of a running endpoint, refusals included, and finds the date in them."""
    host, port = scf.endpoint.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), 10) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")
        response = HTTPResponse(client, method="POST")
        response.begin()
        assert (response.status, response.getheader("Date", "")[-3:]) == (200, "GMT")
        assert b"MissingParameter" in response.read()
        response.close()
