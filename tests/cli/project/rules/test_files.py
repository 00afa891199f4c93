"""`files`: sizes and compiled files."""

import pytest

from tencentserverless._cli.project.rules import files
from tencentserverless._cli.project.rules.files import check, compiled

ELF = b"\x7fELF\x02\x01\x01" + bytes(11) + b"\x3e\x00"
ARM = ELF[:18] + b"\xb7\x00"


@pytest.mark.parametrize(
    ("name", "head", "reason"),
    [
        ("a/_x.cp39-win_amd64.pyd", b"MZ", "Windows"),
        ("a/_x.cpython-39-darwin.so", b"\xcf\xfa\xed\xfe", "macOS"),
        ("a/_x.cpython-39-aarch64-linux-gnu.so", ARM, "another processor"),
        ("a/_x.cpython-310-x86_64-linux-gnu.so", ELF, "Python 3.10"),
        ("a/_x.cpython-37m-x86_64-linux-gnu.so", ELF, "Python 3.7"),
    ],
)
def test_compiled_for_something_else(name, head, reason):
    """The finding names the system or the Python that the file is for."""
    (found,) = compiled([(name, head)], (3, 9))
    assert (found.rule, found.file) == ("D22", name)
    assert found.reason.startswith(f"this file is for {reason},")


@pytest.mark.parametrize("name", ["a/_x.cpython-39-x86_64-linux-gnu.so", "a/_x.abi3.so", "lib/libx.so.1"])
def test_compiled_for_the_runtime(name):
    """Files for Linux on x86-64 and this Python, or for any Python, are right."""
    assert list(compiled([(name, ELF)], (3, 9))) == []


def test_too_large(tmp_path, monkeypatch):
    """A package above the limit is one finding about the folder, one below it is none."""
    (tmp_path / "data").write_bytes(bytes(3 * 1024 * 1024))
    package = {"data": tmp_path / "data"}
    assert list(check(package, "Big", (3, 9))) == []
    monkeypatch.setattr(files, "UNZIPPED_LIMIT_MB", 2)
    assert [(each.rule, each.file) for each in check(package, "Big", (3, 9))] == [("D21", "Big")]
