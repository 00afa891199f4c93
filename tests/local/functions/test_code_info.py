"""What lies in a function's folder."""

import os

from tencentserverless.local.functions import code_info
from tencentserverless.local.model.function import Function


def test_a_folder(folder):
    """The file with the handler, when it was changed, and the size of all files."""
    place = folder("one", "x = 1\n")
    (place / "more").mkdir()
    (place / "more" / "data").write_bytes(b"12345")
    os.utime(place / "index.py", (0, 1_700_000_000))
    one = Function("one", place)
    assert code_info.read(one) == ("x = 1\n", 11, "2023-11-15 06:13:20")  # in China


def test_no_folder(tmp_path):
    """What cannot be read is none of it."""
    gone = Function("gone", tmp_path / "gone")
    assert code_info.read(gone) == (None, 0, "1970-01-01 08:00:00")


def test_a_handler_in_a_package(tmp_path):
    """The file of a handler in a package is found by either way to write it."""
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "index.py").write_text("x = 1\n")
    texts = [code_info.read(Function("one", tmp_path, handler=f"shop{dot}index.main")).entry_text for dot in "./"]
    assert texts == ["x = 1\n", "x = 1\n"]
