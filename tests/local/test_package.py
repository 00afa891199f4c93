"""What lies in a function's folder."""

import os

from tencentserverless.local import package
from tencentserverless.local.catalog import Function


def test_a_folder(folder):
    """The file with the handler, when it was changed, and the size of all files."""
    place = folder("one", "x = 1\n")
    (place / "more").mkdir()
    (place / "more" / "data").write_bytes(b"12345")
    os.utime(place / "index.py", (0, 1_700_000_000))
    one = Function("one", place)
    assert (package.entry_text(one), package.size_bytes(one)) == ("x = 1\n", 11)
    assert package.shown_time(package.modified(one)) == "2023-11-15 06:13:20"  # in China


def test_no_folder(tmp_path):
    """What cannot be read is none of it."""
    gone = Function("gone", tmp_path / "gone")
    assert (package.entry_text(gone), package.size_bytes(gone), package.modified(gone)) == (None, 0, 0.0)
