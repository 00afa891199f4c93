"""Text files in other encodings."""

import pytest

from tencentserverless.local.functions.encodings import decoded


@pytest.mark.parametrize(
    ("data", "text", "is_utf8"),
    [
        ("a: 签到".encode(), "a: 签到", True),
        ("a: 签到".encode("utf-8-sig"), "a: 签到", True),
        ("a: 签到".encode("utf-16"), "a: 签到", False),
        (b"\xfe\xff" + "a: 签到".encode("utf-16-be"), "a: 签到", False),
        (b"\xff\xfea", "\ufffd", False),
        ("a: 签到\nb".encode("gbk"), "a: ǩ\ufffd\ufffd\nb", False),
        (b"", "", True),
    ],
)
def test_the_text_of_a_file(data, text, is_utf8):
    """A byte order mark names the encoding; without one, what is not UTF-8 is replaced, and the result says so."""
    assert decoded(data) == (text, is_utf8)
