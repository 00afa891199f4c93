"""The heads of requests and replies."""

from email.utils import parsedate_to_datetime
from time import time

from tencentserverless.local.http.head import header_key, known_key, reply_head
from tencentserverless.local.http.request import Reply


def test_names_of_headers():
    """Names are in lower case, remembered or not."""
    assert header_key(b"X-TC-Action") == known_key(b"X-TC-Action") == "x-tc-action"


def test_the_head_of_a_reply():
    """A reply has its status, its length, the time, and what else it has been given."""
    lines = reply_head(Reply(b"abc", "an id", 404, "text/plain", closing=True), "close").decode().split("\r\n")
    assert lines[0] == "HTTP/1.1 404 Not Found"
    assert lines[-2:] == ["", ""]
    headers = dict(line.split(": ", 1) for line in lines[1:-2])
    assert abs(parsedate_to_datetime(headers.pop("Date")).timestamp() - time()) < 5
    assert headers == {
        "Content-Type": "text/plain",
        "X-TC-RequestId": "an id",
        "Connection": "close",
        "Content-Length": "3",
    }
